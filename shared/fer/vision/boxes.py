"""Geometry of boxes: overlap, non-maximum suppression, order, and the way back from a turned picture."""

from collections.abc import Iterable, Sequence

import numpy as np

from fer.domain import BoxXYWH, Face
from fer.vision.arrays import FloatArray


def xywh_to_xyxy(boxes_xywh: FloatArray) -> FloatArray:
    """(N, 4) of x, y, w, h to left, top, right, bottom."""
    return np.concatenate([boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]], axis=1)


def xyxy_to_xywh(boxes_xyxy: FloatArray) -> FloatArray:
    """(N, 4) of left, top, right, bottom to x, y, w, h."""
    return np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)


def iou(a_xywh: BoxXYWH, b_xywh: BoxXYWH) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    overlap = _intersection_px(a_xywh, b_xywh)
    return overlap / (a_xywh[2] * a_xywh[3] + b_xywh[2] * b_xywh[3] - overlap)


def non_maximum_suppression(faces: Sequence[Face], *, iou_threshold: float) -> list[Face]:
    """Of faces that overlap by more than ``iou_threshold``, keep the one with the highest score."""
    kept: list[Face] = []
    for face in sorted(faces, key=_best_first):
        if all(iou(face.box_xywh, other.box_xywh) <= iou_threshold for other in kept):
            kept.append(face)
    return kept


def suppress_xyxy(boxes_xyxy: FloatArray, scores: FloatArray, *, threshold: float, of_smaller: bool) -> list[int]:
    """Indices that survive non-maximum suppression, best first.

    The overlap is measured against the union, or with ``of_smaller`` against the smaller of the two boxes.
    """
    areas = np.prod(np.maximum(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 0), axis=1)
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        top_left = np.maximum(boxes_xyxy[best, :2], boxes_xyxy[rest, :2])
        bottom_right = np.minimum(boxes_xyxy[best, 2:], boxes_xyxy[rest, 2:])
        overlap = np.prod(np.maximum(bottom_right - top_left, 0), axis=1)
        base = np.minimum(areas[best], areas[rest]) if of_smaller else areas[best] + areas[rest] - overlap
        order = rest[overlap <= threshold * base]
    return kept


def largest_first(faces: Iterable[Face]) -> list[Face]:
    """Sorted by area, then score, then place, so that the same faces always come in the same order."""
    return sorted(faces, key=lambda face: (-face.area_px, -face.detection_score, face.box_xywh))


def map_face(face: Face, matrix: FloatArray, *, scale: float = 1.0) -> Face:
    """The face in the coordinates that the affine 2×3 ``matrix`` maps to.

    The box keeps its shape, times ``scale``, about its mapped centre: a box has no roll, its landmarks do.
    """
    x, y, w, h = face.box_xywh
    centre = matrix @ np.array([x + w / 2, y + h / 2, 1.0])
    width, height = w * scale, h * scale
    landmarks = face.landmarks
    if landmarks is not None:
        mapped = np.column_stack([np.array(landmarks), np.ones(len(landmarks))]) @ matrix.T
        landmarks = tuple((float(px), float(py)) for px, py in mapped)
    return Face(
        box_xywh=(float(centre[0] - width / 2), float(centre[1] - height / 2), width, height),
        detection_score=face.detection_score,
        landmarks=landmarks,
    )


def _best_first(face: Face) -> tuple[float, float, BoxXYWH]:
    return (-face.detection_score, -face.area_px, face.box_xywh)


def _intersection_px(a_xywh: BoxXYWH, b_xywh: BoxXYWH) -> float:
    width = min(a_xywh[0] + a_xywh[2], b_xywh[0] + b_xywh[2]) - max(a_xywh[0], b_xywh[0])
    height = min(a_xywh[1] + a_xywh[3], b_xywh[1] + b_xywh[3]) - max(a_xywh[1], b_xywh[1])
    return max(0.0, width) * max(0.0, height)
