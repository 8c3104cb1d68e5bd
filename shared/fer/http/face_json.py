"""A face as every answer of the contract shows it, over HTTP and over a WebSocket."""

from typing import Any

from fer.domain import EXPRESSIONS, BoxXYWH, Prediction


def face_json(prediction: Prediction, *, image_size_wh: tuple[int, int]) -> dict[str, Any]:
    """One element of the contract's ``faces``: the box in whole pixels and inside the image."""
    face = prediction.face
    return {
        "box": _box_inside(face.box_xywh, image_size_wh),
        "expression": prediction.expression,
        "confidence": round(prediction.confidence, 6),
        "scores": {name: round(score, 6) for name, score in zip(EXPRESSIONS, prediction.scores, strict=True)},
        "landmarks": face.landmarks and [[round(x, 1), round(y, 1)] for x, y in face.landmarks],
        "detection_score": round(face.detection_score, 4),
    }


def _box_inside(box_xywh: BoxXYWH, image_size_wh: tuple[int, int]) -> list[int]:
    x, y, w, h = box_xywh
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = min(image_size_wh[0], round(x + w)), min(image_size_wh[1], round(y + h))
    return [left, top, max(1, right - left), max(1, bottom - top)]
