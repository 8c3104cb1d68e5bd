"""OpenCV's Haar cascade for frontal faces (Viola & Jones 2001): comes with OpenCV 4, for comparison only."""

from pathlib import Path
from typing import Any

import cv2

from fer.domain import Face
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import largest_first
from fer.vision.images import to_grey
from fer.vision.pool import Pool

_CASCADE = "haarcascade_frontalface_default.xml"
# The side of the longest edge; a cascade's time grows with the number of pixels.
_SIDE_PX = 640
# The cascade's square begins below the hairline and is wider than the face: to YuNet's framing, measured on
# portraits, as shifts and sizes in sides of the square.
_TO_FACE = (0.13, -0.02, 0.74, 1.0)


class HaarDetector:
    """Misses one portrait in ten and nearly every rolled face; gives no landmarks and no real score."""

    name = "haar"

    def __init__(self) -> None:
        data_dir = Path(cv2.__file__).parent / "data"
        self._pool: Pool[Any] = Pool(lambda: cv2.CascadeClassifier(str(data_dir / _CASCADE)))

    def detect(self, image_rgb: ImageRGB) -> list[Face]:
        """Find the faces of uint8 (H, W, 3), largest first."""
        scale = min(1.0, _SIDE_PX / max(image_rgb.shape[:2]))
        grey = to_grey(image_rgb)
        if scale < 1.0:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        with self._pool.lend() as cascade:
            found = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5, minSize=(30, 30))
        return largest_first(_face([float(value) / scale for value in square]) for square in found)


def _face(square_xywh: list[float]) -> Face:
    x, y, side, _ = square_xywh
    dx, dy, width, height = (part * side for part in _TO_FACE)
    return Face(box_xywh=(x + dx, y + dy, width, height), detection_score=1.0)
