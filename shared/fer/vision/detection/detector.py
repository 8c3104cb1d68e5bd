"""The detector protocol and the choice of one."""

import logging
from pathlib import Path
from typing import Protocol

import cv2

from fer.domain import DETECTORS, Face
from fer.errors import NotFound
from fer.vision.arrays import ImageRGB
from fer.vision.detection.detector_files import YUNET_FILE
from fer.vision.detection.haar import HaarDetector
from fer.vision.detection.looks import Sight
from fer.vision.detection.mtcnn import MTCNN_FILES, MTCNNDetector
from fer.vision.detection.yunet import YuNetDetector

_FILES = {"yunet": (YUNET_FILE,), "mtcnn": MTCNN_FILES, "haar": ()}

_log = logging.getLogger(__name__)


class Detector(Protocol):
    """Finds faces; safe to call from any number of threads."""

    @property
    def name(self) -> str: ...

    @property
    def min_retry_score(self) -> float:
        """The lowest score of a face that only a second look found (see ``retries``)."""
        ...

    def detect(self, image_rgb: ImageRGB, sight: Sight | None = None) -> list[Face]:
        """Return the faces of uint8 (H, W, 3), largest first; the same list every time and on every thread.

        ``sight`` is what ``first_look`` gave for this picture, if it was asked already.
        """
        ...

    def first_look(self, image_rgb: ImageRGB) -> Sight:
        """Look at the whole picture, made small."""
        ...

    def find_once(self, image_rgb: ImageRGB) -> list[Face]:
        """Look once, without the second looks of ``detect``; in no particular order."""
        ...


def open_detector(name: str, *, models_dir: Path) -> Detector:
    """Open ``auto``, ``yunet``, ``mtcnn`` or ``haar`` from ``models_dir`` (the detector files' directory).

    ``auto`` takes the first of yunet, mtcnn, haar whose files are present and logs which.
    Raises ``ValueError`` for any other name, ``NotFound`` if a file of the named detector is missing and
    ``CorruptData`` if one cannot be read.
    """
    if name not in DETECTORS:
        raise ValueError(f"detector must be one of {', '.join(DETECTORS)}, got {name!r}")
    # The functions answer several requests at once: OpenCV's own threads would only compete for the cores, and
    # those started before a server forks would be missing in its workers.
    cv2.setNumThreads(1)
    if name == "auto":
        name = next(each for each in _FILES if not _missing(each, models_dir))
        better = "" if name == "yunet" else "; 'make models' downloads yunet, which finds more faces"
        _log.info("face detector: %s%s", name, better)
    missing = _missing(name, models_dir)
    if missing:
        raise NotFound(f"The {name} detector needs {', '.join(missing)}; 'make models' prepares it.")
    return _open(name, models_dir)


def _missing(name: str, models_dir: Path) -> list[str]:
    return [file for file in _FILES[name] if not (models_dir / file).is_file()]


def _open(name: str, models_dir: Path) -> Detector:
    if name == "yunet":
        return YuNetDetector(models_dir)
    if name == "mtcnn":
        return MTCNNDetector(models_dir)
    return HaarDetector()
