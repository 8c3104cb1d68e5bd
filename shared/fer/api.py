"""Recognition from Python.

from fer import open_recogniser

recogniser = open_recogniser()
for face in recogniser.predict("photo.jpg"):
    print(face.expression, face.confidence)
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fer.domain import Prediction
from fer.errors import InvalidInput, TooLarge, Unavailable
from fer.settings import Settings
from fer.usecases.predict import Recogniser
from fer.usecases.predict import open_recogniser as open_parts
from fer.vision.arrays import FaceChips, ImageRGB
from fer.vision.detection.detector_files import with_yunet
from fer.vision.images import decode_image
from fer.vision.locating import Located, locate_faces, locate_in

# The largest picture that is read, of 24.5 megapixels in 16-bit colour with alpha, has 196 MB if it is not packed.
MAX_FILE_BYTES = 256 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024

Picture = bytes | str | os.PathLike[str] | ImageRGB

_log = logging.getLogger(__name__)


class PictureRecogniser:
    """Recognises expressions; safe to call from any number of threads."""

    def __init__(self, parts: Recogniser, *, max_image_pixels: int) -> None:
        self._parts = parts
        self._max_image_pixels = max_image_pixels

    @property
    def model_version(self) -> str:
        return self._parts.classifier.model_version

    @property
    def detector(self) -> str:
        """The name of the detector in use."""
        return self._parts.detector.name

    def predict(self, picture: Picture) -> list[Prediction]:
        """Return every face, the largest first, with its box, expression and scores.

        ``picture`` is a path, an encoded picture as bytes, or an array uint8 (H, W, 3) RGB. Boxes are in pixels of
        the upright picture (EXIF orientation applied). Raises ``OSError`` for a path that cannot be read and
        ``InvalidInput``, ``TooLarge`` or ``UnsupportedType`` for a picture that cannot.
        """
        return self._parts.pinned().recognise_located(self._located(picture))

    def face_chips(self, picture: Picture) -> FaceChips:
        """Return the faces as the classifier sees them, uint8 (N, 48, 48) grey, largest first; raises as above."""
        located = self._located(picture)
        return self._parts.aligner.align_faces(located.image_rgb, located.faces_in_image)[0]

    def read(self, picture: Picture) -> ImageRGB:
        """Return the picture as uint8 (H, W, 3) RGB, upright; raises as ``predict`` does."""
        if isinstance(picture, np.ndarray):
            if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
                raise InvalidInput(f"Expected uint8 (H, W, 3) RGB, got {picture.dtype} {picture.shape}.")
            return picture
        return decode_image(_data(picture), max_pixels=self._max_image_pixels)

    def _located(self, picture: Picture) -> Located:
        detector = self._parts.detector
        if isinstance(picture, np.ndarray):
            return locate_in(self.read(picture), detector)
        return locate_faces(_data(picture), detector, max_pixels=self._max_image_pixels)


def _data(picture: bytes | str | os.PathLike[str]) -> bytes:
    """Return the encoded picture; a file or a device without an end is not read to it."""
    if isinstance(picture, bytes):
        return picture
    pieces: list[bytes] = []
    left_bytes = MAX_FILE_BYTES
    with Path(picture).open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            left_bytes -= len(piece)
            if left_bytes < 0:
                raise TooLarge(f"The file is larger than {MAX_FILE_BYTES} bytes.")
            pieces.append(piece)
    return b"".join(pieces)


def open_recogniser(
    *,
    detector: str | None = None,
    settings: Settings | None = None,
    cache_dir: Path | None = None,
    tell: Callable[[str], object] = _log.warning,
) -> PictureRecogniser:
    """Open the detector and the model that the settings name; the package includes a model.

    ``detector`` is ``auto``, ``yunet``, ``mtcnn`` or ``haar``; by default the settings decide, and they come from the
    environment. If YuNet's file is missing, it is downloaded into ``cache_dir`` (by default the user's cache) and
    ``tell`` is called with a message. If the download fails, ``auto`` does without it and ``yunet`` raises
    ``Unavailable``.
    """
    settings = settings or Settings.from_env()
    detector = detector or settings.detector
    detector_dir = settings.models_dir / "detector"
    if detector in ("auto", "yunet"):
        try:
            detector_dir = with_yunet(
                detector_dir, cache_dir or _user_cache(), mirror=settings.model_mirror, tell=tell
            )
        except Unavailable as error:
            if detector == "yunet":
                raise
            tell(f"{error.message} Using another detector, which finds fewer faces.")
    parts = open_parts(
        detector,
        models_dir=settings.models_dir,
        detector_dir=detector_dir,
        model_uri=settings.model_uri,
        model_refresh_s=settings.model_refresh_s,
        prior=settings.prior,
    )
    return PictureRecogniser(parts, max_image_pixels=settings.max_image_pixels)


def _user_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("facial-expression-functions", appauthor=False) / "detector"
