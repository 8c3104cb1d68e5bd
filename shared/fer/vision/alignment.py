"""From a face in a picture to the chip that the classifier sees: 48×48, grey, framed as in FER2013."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from fer.domain import CHIP_SIDE_PX, Face, Point
from fer.errors import NotFound
from fer.vision.arrays import FaceChip, FaceChips, FloatArray, ImageRGB
from fer.vision.crops import crop_square
from fer.vision.images import to_grey
from fer.vision.onet import INPUT_PX, ONet

# The square that best predicts FER2013's framing from a YuNet box (docs/decisions/0005-alignment.md).
SIDE_PER_BOX: Final = 1.09
# FER2013 is not aligned itself (|roll| median 4.6°), so small rolls are left as the model has seen them.
ROLL_THRESHOLD_DEG: Final = 12.0
# The detector's own landmarks hardly follow small rolls, but tell a face that lies on its side.
_TRUST_DETECTOR_DEG: Final = 20.0
# Mean landmarks in FER2013's 48×48 images, found by ONet.
_MEAN_LANDMARKS: Final = np.array(
    [(15.28, 18.00), (32.72, 18.00), (24.00, 28.47), (16.72, 37.49), (31.28, 37.49)], np.float64
)


class FaceAligner:
    """Cuts face chips; opens MTCNN's ONet from ``models_dir`` for the landmarks where its file is there.

    Without ONet the detector's own landmarks are used, and a face without any is cut straight.
    """

    def __init__(self, models_dir: Path, *, roll_threshold_deg: float = ROLL_THRESHOLD_DEG) -> None:
        self._roll_threshold_rad = math.radians(roll_threshold_deg)
        try:
            self._onet = ONet(models_dir)
        except NotFound:
            self._onet = None

    def align_face(self, image_rgb: ImageRGB, face: Face) -> FaceChip:
        """Return the uint8 (48, 48) grey chip of a face as the detector gave it."""
        return self._align(image_rgb, face)[0]

    def align_faces(self, image_rgb: ImageRGB, faces: Sequence[Face]) -> tuple[FaceChips, list[Face]]:
        """Return the chips uint8 (N, 48, 48) and the faces with landmarks that follow the roll.

        Each chip is byte for byte what ``align_face`` gives for that face alone.
        """
        aligned = [self._align(image_rgb, face) for face in faces]
        chips = np.empty((len(aligned), CHIP_SIDE_PX, CHIP_SIDE_PX), np.uint8)
        for index, (chip, _) in enumerate(aligned):
            chips[index] = chip
        return chips, [face for _, face in aligned]

    def _align(self, image_rgb: ImageRGB, face: Face) -> tuple[FaceChip, Face]:
        landmarks = self._landmarks(image_rgb, face)
        roll_rad = 0.0 if landmarks is None else roll_of(landmarks)
        if abs(roll_rad) < self._roll_threshold_rad:
            roll_rad = 0.0
        x, y, w, h = face.box_xywh
        chip_rgb, _ = crop_square(
            image_rgb,
            centre_xy=(x + w / 2, y + h / 2),
            side_px=SIDE_PER_BOX * math.sqrt(w * h),
            roll_rad=roll_rad,
            out_px=CHIP_SIDE_PX,
        )
        points = None if landmarks is None else tuple((float(px), float(py)) for px, py in landmarks)
        return to_grey(chip_rgb), Face(box_xywh=face.box_xywh, detection_score=face.detection_score, landmarks=points)

    def _landmarks(self, image_rgb: ImageRGB, face: Face) -> FloatArray | None:
        """(5, 2) in the picture's pixels: ONet's, from a second look with the face turned upright."""
        given = None if face.landmarks is None else np.array(face.landmarks, np.float64)
        if self._onet is None:
            return given
        roll_rad = 0.0 if given is None else roll_of(given)
        if abs(roll_rad) < math.radians(_TRUST_DETECTOR_DEG):
            roll_rad = 0.0
        found = given
        for _ in range(2):
            found = _look(self._onet, image_rgb, face, roll_rad)
            roll_rad = roll_of(found)
        return found


def roll_of(landmarks: FloatArray) -> float:
    """The roll in radians, clockwise on the screen, that best turns the mean face onto (5, 2) landmarks.

    The rotation of the least-squares similarity between the two (Umeyama 1991), for two dimensions.
    """
    mean = _MEAN_LANDMARKS - _MEAN_LANDMARKS.mean(axis=0)
    face = landmarks - landmarks.mean(axis=0)
    cross = float((mean[:, 0] * face[:, 1] - mean[:, 1] * face[:, 0]).sum())
    return math.atan2(cross, float((mean * face).sum()))


def _look(onet: ONet, image_rgb: ImageRGB, face: Face, roll_rad: float) -> FloatArray:
    x, y, w, h = face.box_xywh
    centre_xy: Point = (x + w / 2, y + h / 2)
    crop, to_picture = crop_square(
        image_rgb, centre_xy=centre_xy, side_px=max(w, h), roll_rad=roll_rad, out_px=INPUT_PX
    )
    _, _, landmarks = onet.run(crop[None])
    in_crop = landmarks[0] * INPUT_PX
    return np.column_stack([in_crop, np.ones(5)]) @ to_picture.T
