"""The detector protocol, the choice of one, and the second looks when nothing was found."""

import logging
import math
from pathlib import Path
from typing import Final, Protocol, cast

import cv2
import numpy as np

from fer.domain import Face
from fer.vision import mtcnn, yunet
from fer.vision.arrays import FloatArray, ImageRGB
from fer.vision.boxes import largest_first, map_face
from fer.vision.haar import HaarDetector

LOGGER = logging.getLogger(__name__)

# Second looks are at small copies: a face that was missed for its size or its roll is rarely a small one.
_SECOND_LOOK_PX: Final = 400
# A tight portrait becomes a picture with a face of half its side.
_BORDER: Final = 0.5
# Turns in degrees, tried in groups; of a group the turn with the surest face counts. The first group is heads on
# one side, the second photos that lost their orientation.
_TURNS_DEG: Final = ((-35.0, 35.0), (90.0, -90.0, 180.0))
# Every further look is a further chance of a false face, so it must be surer of it.
_SECOND_LOOK_SCORE: Final = 0.8


class Detector(Protocol):
    """Finds faces; safe to call from any number of threads at once."""

    @property
    def name(self) -> str: ...

    def detect(self, image_rgb: ImageRGB) -> list[Face]:
        """Return the faces of uint8 (H, W, 3), largest first; the same list every time and on every thread."""
        ...


class PersistentDetector:
    """Looks again when ``detector`` finds nothing: with a replicated border, then with the picture turned."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.name = detector.name

    def detect(self, image_rgb: ImageRGB) -> list[Face]:
        """Find the faces of uint8 (H, W, 3), largest first, in the picture's own coordinates."""
        faces = self._detector.detect(image_rgb)
        if faces:
            return faces
        scale = min(1.0, _SECOND_LOOK_PX / max(image_rgb.shape[:2]))
        small = cast("ImageRGB", cv2.resize(image_rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        to_picture = np.diag([image_rgb.shape[1] / small.shape[1], image_rgb.shape[0] / small.shape[0], 1.0])
        return self._with_border(small, to_picture) or self._turned(small, to_picture)

    def _with_border(self, small: ImageRGB, to_picture: FloatArray) -> list[Face]:
        border_px = round(_BORDER * max(small.shape[:2]))
        bordered = cv2.copyMakeBorder(small, *(border_px,) * 4, cv2.BORDER_REPLICATE)
        matrix = to_picture @ np.array([[1.0, 0, -border_px], [0, 1, -border_px], [0, 0, 1]])
        faces = [map_face(face, matrix[:2], scale=matrix[0, 0]) for face in self._sure(cast("ImageRGB", bordered))]
        return largest_first(faces)

    def _turned(self, small: ImageRGB, to_picture: FloatArray) -> list[Face]:
        for group in _TURNS_DEG:
            looks: list[list[Face]] = []
            for degrees in group:
                turned, to_small = _turn(small, degrees)
                matrix = to_picture @ np.vstack([to_small, [0, 0, 1]])
                found = self._sure(turned)
                looks.append([map_face(face, matrix[:2], scale=to_picture[0, 0]) for face in found])
            surest = max(looks, key=lambda faces: max((face.detection_score for face in faces), default=0.0))
            if surest:
                return largest_first(surest)
        return []

    def _sure(self, image_rgb: ImageRGB) -> list[Face]:
        return [face for face in self._detector.detect(image_rgb) if face.detection_score >= _SECOND_LOOK_SCORE]


def open_detector(name: str, *, models_dir: Path) -> Detector:
    """Open ``auto``, ``yunet``, ``mtcnn`` or ``haar`` from ``models_dir`` (the detector files' directory).

    ``auto`` takes the first of yunet, mtcnn, haar whose files are there and logs one line about it. Raises
    ``ValueError`` for another name, ``NotFound`` where the named detector's file is missing and
    ``CorruptData`` where one is damaged.
    """
    # The functions answer several requests at once; OpenCV's own threads would only fight over the cores, and
    # threads started before the server forks would be missing in its worker.
    cv2.setNumThreads(1)
    if name == "auto":
        name = _best_available(models_dir)
    if name == "yunet":
        return PersistentDetector(yunet.YuNetDetector(models_dir))
    if name == "mtcnn":
        return PersistentDetector(mtcnn.MTCNNDetector(models_dir))
    if name == "haar":
        return PersistentDetector(HaarDetector())
    raise ValueError(f"expected a detector of auto, yunet, mtcnn, haar, got {name!r}")


def _best_available(models_dir: Path) -> str:
    if (models_dir / yunet.FILE_NAME).is_file():
        LOGGER.info("Detector: yunet.")
        return "yunet"
    if (models_dir / "mtcnn_pnet.onnx").is_file():
        LOGGER.info("Detector: mtcnn. `make models` with a network, or with FER_MODEL_MIRROR, gets yunet: better.")
        return "mtcnn"
    LOGGER.warning("Detector: haar, which misses one portrait in ten. `make models` gets a better one.")
    return "haar"


def _turn(image_rgb: ImageRGB, degrees: float) -> tuple[ImageRGB, FloatArray]:
    """The picture turned about its centre on a canvas that holds all of it, and the 2×3 matrix back."""
    height_px, width_px = image_rgb.shape[:2]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    size_wh = (
        math.ceil(width_px * abs(cos) + height_px * abs(sin)),
        math.ceil(width_px * abs(sin) + height_px * abs(cos)),
    )
    middle, turned_middle = np.array([width_px, height_px]) / 2, np.array(size_wh) / 2
    rotation = np.array([[cos, sin], [-sin, cos]])
    back = np.column_stack([rotation, middle - rotation @ turned_middle])
    turned = cv2.warpAffine(
        image_rgb, back, size_wh, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return cast("ImageRGB", turned), back
