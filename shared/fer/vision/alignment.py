"""Cuts the chip that the classifier sees from a face in a picture.

The chip is framed like FER2013: a square around the centre of the (YuNet) box with a side of
1.09 · sqrt(width · height), which matches that data set's own crops best; the border is replicated. It is turned
upright if the face is rolled beyond a threshold (docs/decisions/0005-alignment.md).
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from fer.domain import CHIP_SIDE_PX, Face, Point
from fer.vision.arrays import FaceChip, FaceChips, FloatArray, ImageRGB
from fer.vision.boxes import map_points, roll_deg
from fer.vision.detection.onet import ONET_FILE, ONET_SIDE_PX, ONet
from fer.vision.images import to_grey
from fer.vision.resizing import as_image

FRAMING_FACTOR = 1.09

# FER2013's own faces are rolled (median 4.6°, p90 16°), so the model copes with slight roll: turning makes no
# difference at 15° and helps at 30°. Measured in docs/decisions/0005-alignment.md.
MIN_ROLL_DEG = 20.0
# The detectors' own landmarks understate the roll; where they say it is large, they are only ONet's starting point.
_START_ROLL_DEG = 20.0
# Where a look from upright says less, a second one says less than 20° too: it differs by 2° (p95) and 4° at most.
_STRAIGHT_DEG = 10.0
_MIN_ONET_PROBABILITY = 0.5

_log = logging.getLogger(__name__)


def square_to_image(centre: Point, side_px: float, clockwise_deg: float, cells: int) -> FloatArray:
    """Return the (2, 3) map from points of a ``cells``-wide square to points of the image."""
    angle, step = math.radians(clockwise_deg), side_px / cells
    linear = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) * step
    middle = np.array([cells / 2, cells / 2])
    return np.column_stack([linear, np.array(centre) - linear @ middle])


def cut_square(image_rgb: ImageRGB, square: FloatArray, cells: int) -> ImageRGB:
    """Sample a ``cells``-wide square, mapped by ``square_to_image``, averaging where it shrinks.

    Pixel centres lie at half pixels. Only the part of the picture under the square is touched.
    """
    step = math.hypot(square[0, 0], square[1, 0])
    finer = min(64, max(1, math.ceil(step - 1e-6)))
    fine = square.copy()
    fine[:, :2] /= finer
    corners = map_points(square, np.array([[0, 0], [cells, 0], [0, cells], [cells, cells]], dtype=np.float64))
    height, width = image_rgb.shape[:2]
    left, top = (int(value) for value in np.clip(np.floor(corners.min(axis=0)) - 2, 0, (width - 1, height - 1)))
    right, bottom = (int(v) for v in np.clip(np.ceil(corners.max(axis=0)) + 2, (left + 1, top + 1), (width, height)))
    fine[:, 2] -= (left, top)
    half = np.array([0.5, 0.5])
    fine[:, 2] += fine[:, :2] @ half - half  # OpenCV measures from pixel centres
    cut = cv2.warpAffine(
        image_rgb[top:bottom, left:right],
        fine,
        (cells * finer, cells * finer),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return as_image(cut if finer == 1 else cv2.resize(cut, (cells, cells), interpolation=cv2.INTER_AREA))


def framing_square(face: Face, *, clockwise_deg: float) -> FloatArray:
    """Return the map from points of the 48×48 chip to points of the image."""
    width, height = face.box_xywh[2:]
    side_px = FRAMING_FACTOR * math.sqrt(width * height)
    return square_to_image(_centre(face), side_px, clockwise_deg, CHIP_SIDE_PX)


def align_face(image_rgb: ImageRGB, face: Face, *, clockwise_deg: float = 0.0) -> FaceChip:
    """Return the uint8 (48, 48) grey chip of a face that is rolled by ``clockwise_deg``."""
    return to_grey(cut_square(image_rgb, framing_square(face, clockwise_deg=clockwise_deg), CHIP_SIDE_PX))


class FaceAligner:
    """Cuts face chips; uses ONet if its file is in ``models_dir``, else the detector's landmarks."""

    def __init__(self, models_dir: Path, *, min_roll_deg: float = MIN_ROLL_DEG) -> None:
        self._min_roll_deg = min_roll_deg
        self._onet: ONet | None = None
        if not (models_dir / ONET_FILE).is_file():
            _log.info("face alignment: without %s; 'make models' prepares it", ONET_FILE)
            return
        self._onet = ONet(models_dir)

    def align_face(self, image_rgb: ImageRGB, face: Face) -> FaceChip:
        """Return the uint8 (48, 48) grey chip of a face as the detector gave it."""
        return self._chip(image_rgb, self.with_landmarks(image_rgb, face))

    def align_faces(self, image_rgb: ImageRGB, faces: Sequence[Face]) -> tuple[FaceChips, list[Face]]:
        """Return the chips uint8 (N, 48, 48) and the faces with landmarks that follow the roll.

        Each chip is byte for byte what ``align_face`` gives for that face alone.
        """
        located = [self.with_landmarks(image_rgb, face) for face in faces]
        chips = [self._chip(image_rgb, face) for face in located]
        empty = np.zeros((0, CHIP_SIDE_PX, CHIP_SIDE_PX), np.uint8)
        return (np.stack(chips) if chips else empty), located

    def with_landmarks(self, image_rgb: ImageRGB, face: Face) -> Face:
        """Return the face with ONet's landmarks: a first look gives the roll, a second sees a rolled face upright.

        The face is unchanged if there is no ONet, or if ONet does not see a face.
        """
        if self._onet is None:
            return face
        start = roll_deg(face.landmarks) if face.landmarks else 0.0
        turn = start if abs(start) > _START_ROLL_DEG else 0.0
        landmarks: tuple[Point, ...] | None = None
        for _ in range(2):
            square = square_to_image(_centre(face), face.box_xywh[3], turn, ONET_SIDE_PX)
            answer = self._onet.look([cut_square(image_rgb, square, ONET_SIDE_PX)])
            if answer.probability[0] < _MIN_ONET_PROBABILITY or not np.isfinite(answer.landmarks).all():
                break
            points = map_points(square, answer.landmarks[0] * ONET_SIDE_PX)
            landmarks = tuple((float(x), float(y)) for x, y in points)
            seen_from, turn = turn, roll_deg(landmarks)
            if seen_from == 0 and abs(turn) <= _STRAIGHT_DEG:
                break
        return face if landmarks is None else replace(face, landmarks=landmarks)

    def _chip(self, image_rgb: ImageRGB, face: Face) -> FaceChip:
        roll = roll_deg(face.landmarks) if face.landmarks else 0.0
        # A photo that lost its orientation gives the very chip of the upright one, which small roll leaves alone.
        quarter_deg = 90.0 * round(roll / 90)
        near = abs(roll - quarter_deg) <= self._min_roll_deg
        return align_face(image_rgb, face, clockwise_deg=quarter_deg if near else roll)


def _centre(face: Face) -> Point:
    x, y, width, height = face.box_xywh
    return (x + width / 2, y + height / 2)
