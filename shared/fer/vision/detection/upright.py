"""Finds out whether a face is upright: in a photo that lost its orientation, detectors find a face but misread it."""

import math

import numpy as np

from fer.domain import Face
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import largest_first, roll_deg
from fer.vision.detection.retries import FindOnce
from fer.vision.resizing import crop_around

# Of upright faces one in fifteen is less certain than this or has its eyes or mouth elsewhere (in shares of the box's
# height); of those on their heads 98 of 100, of those that lie all.
SURE_SCORE = 0.89
EYES_Y = (0.28, 0.44)
MOUTH_Y = (0.68, 0.82)
# Hardly any face on its side is found with more than this.
LYING_SCORE = 0.88
# A crop of twice the face's side is judged as reliably as the whole picture, at a tenth of the cost.
CROP_SIDE_PX = 160
CROP_FACE_PX = 80


def is_surely_upright(face: Face) -> bool:
    """Return whether score and landmarks leave no doubt; without landmarks there is never a doubt."""
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
    """Return by how many quarters, counterclockwise, to turn the picture so that its largest face is upright.

    A face that was found turned says so itself. Only if one found upright leaves a doubt is its surrounding area
    tried in other poses, of which one must reach ``min_score`` and be more certain than the upright one.
    """
    face = next(iter(largest_first(faces)), None)
    if face is None or is_surely_upright(face):
        return 0
    quarters = round(roll_deg(face.landmarks) / 90) % 4 if face.landmarks else 0
    if quarters:
        return quarters
    side_px = CROP_SIDE_PX / CROP_FACE_PX * math.sqrt(face.area_px)
    crop_rgb, _ = crop_around(image_rgb, face, side_px=side_px, cells=CROP_SIDE_PX)
    poses = (1, 2, 3) if face.detection_score < LYING_SCORE else (2,)
    scores = {quarters: _surest(find_once, crop_rgb, quarters) for quarters in poses}
    best = max(poses, key=lambda quarters: scores[quarters])
    if scores[best] < min_score or scores[best] <= face.detection_score:
        return 0
    return best if scores[best] > _surest(find_once, crop_rgb, 0) else 0


def _surest(find_once: FindOnce, crop_rgb: ImageRGB, quarters: int) -> float:
    found = find_once(np.ascontiguousarray(np.rot90(crop_rgb, quarters)))
    return max((face.detection_score for face in found), default=0.0)
