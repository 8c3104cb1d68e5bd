"""Does a face stand upright? In a photo that lost its orientation, detectors find it as it lies, and misread it."""

import math

import numpy as np

from fer.domain import Face
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import largest_first
from fer.vision.detection.retries import FindOnce
from fer.vision.resizing import crop_around

# Of upright faces one in ten is less sure than this or has eyes or a mouth elsewhere; of those on their heads, 98 of
# 100; of those that lie, all. Shares of the box's height (bench/orientation.py).
SURE_SCORE = 0.9
EYES_Y = (0.28, 0.44)
MOUTH_Y = (0.68, 0.82)
# A crop in which the face has half the side is judged as surely as the whole picture, and costs a tenth of it.
CROP_SIDE_PX = 160
CROP_FACE_PX = 80


def is_surely_upright(face: Face) -> bool:
    """Say whether score and landmarks leave no doubt; without landmarks nothing can be said, and none is raised."""
    if face.landmarks is None:
        return True
    _, top, _, height = face.box_xywh
    right_eye, left_eye, _, right_mouth, left_mouth = ((y - top) / height for _, y in face.landmarks)
    return (
        face.detection_score >= SURE_SCORE
        and EYES_Y[0] <= (right_eye + left_eye) / 2 <= EYES_Y[1]
        and MOUTH_Y[0] <= (right_mouth + left_mouth) / 2 <= MOUTH_Y[1]
    )


def quarters_to_upright(find_once: FindOnce, image_rgb: ImageRGB, faces: list[Face], *, min_score: float) -> int:
    """Return by how many quarters, counterclockwise, the picture is to be turned for its largest face to stand.

    Only where that face raises a doubt, its surroundings are looked at in the other three poses. A pose must reach
    ``min_score`` and be surer than the one in which the face was found.
    """
    if not faces or is_surely_upright(largest_first(faces)[0]):
        return 0
    face = largest_first(faces)[0]
    side_px = CROP_SIDE_PX / CROP_FACE_PX * math.sqrt(face.area_px)
    crop_rgb, _ = crop_around(image_rgb, face, side_px=side_px, cells=CROP_SIDE_PX)
    scores = [_surest(find_once, crop_rgb, quarters) for quarters in (1, 2, 3)]
    if max(scores) < min_score or max(scores) <= _surest(find_once, crop_rgb, 0):
        return 0
    return 1 + int(np.argmax(scores))


def _surest(find_once: FindOnce, crop_rgb: ImageRGB, quarters: int) -> float:
    found = find_once(np.ascontiguousarray(np.rot90(crop_rgb, quarters)))
    return max((face.detection_score for face in found), default=0.0)
