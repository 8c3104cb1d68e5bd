"""Geometry of boxes and faces. ``box_xyxy`` is used only here."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from fer.domain import BoxXYWH, Face
from fer.vision.arrays import FloatArray

Matrix = FloatArray
"""(2, 3) affine map of points: ``[[a, b, tx], [c, d, ty]]``."""

# Two detections of one face overlap far more than two neighbours do.
SAME_FACE_IOU = 0.4


def xywh_to_xyxy(boxes_xywh: FloatArray) -> FloatArray:
    """Convert (N, 4) x, y, w, h to x1, y1, x2, y2."""
    boxes = np.asarray(boxes_xywh, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def xyxy_to_xywh(boxes_xyxy: FloatArray) -> FloatArray:
    """Convert (N, 4) x1, y1, x2, y2 to x, y, w, h."""
    boxes = np.asarray(boxes_xyxy, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def overlaps(box_xyxy: FloatArray, boxes_xyxy: FloatArray, *, of_smaller: bool = False) -> FloatArray:
    """Return (N,) intersection over union of one box with each of (N, 4), or over the smaller box's area."""
    low = np.maximum(box_xyxy[:2], boxes_xyxy[:, :2])
    high = np.minimum(box_xyxy[2:], boxes_xyxy[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = float(np.prod(box_xyxy[2:] - box_xyxy[:2]))
    areas = np.prod(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], axis=1)
    whole = np.minimum(area, areas) if of_smaller else area + areas - common
    return common / np.maximum(whole, 1e-9)


def iou(box_xywh: BoxXYWH, other_xywh: BoxXYWH) -> float:
    """Return the intersection over union of two boxes, 0 to 1."""
    pair = xywh_to_xyxy(np.array([box_xywh, other_xywh]))
    return float(overlaps(pair[0], pair[1:])[0])


def keep_best(
    boxes_xyxy: FloatArray, scores: FloatArray, *, max_overlap: float, of_smaller: bool = False
) -> list[int]:
    """Suppress non-maxima: return the indices to keep, best score first, equal scores in input order."""
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = int(order[0]), order[1:]
        kept.append(best)
        order = rest[overlaps(boxes_xyxy[best], boxes_xyxy[rest], of_smaller=of_smaller) <= max_overlap]
    return kept


def merge_faces(faces: Sequence[Face], *, max_overlap: float = SAME_FACE_IOU) -> list[Face]:
    """Drop the less certain of any two faces that overlap more than ``max_overlap``."""
    if len(faces) < 2:
        return list(faces)
    boxes = xywh_to_xyxy(np.array([face.box_xywh for face in faces]))
    scores = np.array([face.detection_score for face in faces])
    return [faces[index] for index in keep_best(boxes, scores, max_overlap=max_overlap)]


def largest_first(faces: Iterable[Face]) -> list[Face]:
    """Sort by area, then score, then position, so that equal pictures give equal lists."""
    return sorted(faces, key=lambda face: (-face.area_px, -face.detection_score, face.box_xywh))


def scaled(face: Face, factor_xy: tuple[float, float]) -> Face:
    """Return the face in a picture whose axes are stretched by ``factor_xy``."""
    factor_x, factor_y = factor_xy
    x, y, width, height = face.box_xywh
    landmarks = face.landmarks and tuple((px * factor_x, py * factor_y) for px, py in face.landmarks)
    box = (x * factor_x, y * factor_y, width * factor_x, height * factor_y)
    return replace(face, box_xywh=box, landmarks=landmarks)


def moved(face: Face, offset_xy: tuple[float, float]) -> Face:
    """Return the face shifted by ``offset_xy`` pixels."""
    offset_x, offset_y = offset_xy
    x, y, width, height = face.box_xywh
    landmarks = face.landmarks and tuple((px + offset_x, py + offset_y) for px, py in face.landmarks)
    return replace(face, box_xywh=(x + offset_x, y + offset_y, width, height), landmarks=landmarks)


def map_points(matrix: Matrix, points: FloatArray) -> FloatArray:
    """Apply an affine map to (N, 2) points."""
    return np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]


def inverted(matrix: Matrix) -> Matrix:
    """Return the affine map that undoes ``matrix``."""
    linear = np.linalg.inv(matrix[:, :2]).astype(np.float64)
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def turned(face: Face, matrix: Matrix) -> Face:
    """Return the face after a rotation: centre and landmarks turn with it, the box keeps its sides.

    Beyond 45° from upright the box's sides change places, so that a face lying on its side has a box lying on its
    side.
    """
    x, y, width, height = face.box_xywh
    ((centre_x, centre_y),) = map_points(matrix, np.array([[x + width / 2, y + height / 2]]))
    if abs(matrix[0, 1]) > abs(matrix[0, 0]) + 1e-9:
        width, height = height, width
    landmarks = face.landmarks and tuple(
        (float(px), float(py)) for px, py in map_points(matrix, np.array(face.landmarks))
    )
    box = (float(centre_x) - width / 2, float(centre_y) - height / 2, width, height)
    return replace(face, box_xywh=box, landmarks=landmarks)


def centre_inside(face: Face, size_wh: tuple[int, int]) -> bool:
    """Return whether the box's centre lies in a picture of that size."""
    x, y, width, height = face.box_xywh
    return 0 <= x + width / 2 <= size_wh[0] and 0 <= y + height / 2 <= size_wh[1]


def roll_deg(landmarks: Sequence[tuple[float, float]]) -> float:
    """Return the angle of the line through the eyes, positive clockwise, in (-180, 180]."""
    (right_x, right_y), (left_x, left_y) = landmarks[0], landmarks[1]
    return math.degrees(math.atan2(left_y - right_y, left_x - right_x))
