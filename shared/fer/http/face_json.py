"""A face as JSON, as HTTP and WebSocket answers show it."""

from typing import Any

from fer.domain import EXPRESSIONS, Prediction, box_inside


def face_json(prediction: Prediction, *, image_size_wh: tuple[int, int]) -> dict[str, Any]:
    """Return one element of the contract's ``faces``: the box in whole pixels and inside the image."""
    face = prediction.face
    return {
        "box": list(box_inside(face.box_xywh, image_size_wh)),
        "expression": prediction.expression,
        "confidence": round(prediction.confidence, 6),
        "scores": {name: round(score, 6) for name, score in zip(EXPRESSIONS, prediction.scores, strict=True)},
        "landmarks": face.landmarks and [[round(x, 1), round(y, 1)] for x, y in face.landmarks],
        "detection_score": round(face.detection_score, 4),
    }
