"""OpenCV's Haar cascade (Viola and Jones, 2001), for comparison, and for use without any net's file."""

from pathlib import Path

import cv2
import cv2.data
import numpy as np

from fer.domain import Face
from fer.vision import framing
from fer.vision.arrays import ImageRGB
from fer.vision.detection.looks import SingleLook
from fer.vision.detection.pool import Pool
from fer.vision.images import to_grey
from fer.vision.resizing import fitted

MAX_SIDE_PX = 640
MIN_INPUT_SIDE_PX = 160
MIN_FACE_PX = 40
MIN_RETRY_SCORE = 0.9
# A cascade's certainty is the sum of its last stage over merged windows; half of its detections lie above this.
_MIDDLE_WEIGHT = 4.0


class HaarDetector(SingleLook):
    """Detector without landmarks that needs only OpenCV's own file."""

    name = "haar"
    min_retry_score = MIN_RETRY_SCORE

    def __init__(self) -> None:
        path = str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml")
        self._cascades = Pool(lambda: cv2.CascadeClassifier(path))

    def find_once(self, image_rgb: ImageRGB) -> list[Face]:
        """Look once, without a border and without turning; boxes in YuNet's framing."""
        small, back = fitted(image_rgb, max_side_px=MAX_SIDE_PX, min_side_px=MIN_INPUT_SIDE_PX)
        with self._cascades.lend() as cascade:
            boxes, _, weights = cascade.detectMultiScale3(
                to_grey(small),
                scaleFactor=1.1,
                minNeighbors=5,
                minSize=(MIN_FACE_PX, MIN_FACE_PX),
                outputRejectLevels=True,
            )
        found = zip(np.asarray(boxes).reshape(-1, 4).tolist(), np.ravel(np.asarray(weights)), strict=True)
        faces = [
            Face(box_xywh=(float(x), float(y), float(w), float(h)), detection_score=_score(float(weight)))
            for (x, y, w, h), weight in found
        ]
        return [back(framing.reframed(face, framing.HAAR)) for face in faces]


def _score(weight: float) -> float:
    """Map a cascade's unbounded weight to 0…1, so that the scores of all detectors are comparable."""
    return max(0.0, weight) / (max(0.0, weight) + _MIDDLE_WEIGHT)
