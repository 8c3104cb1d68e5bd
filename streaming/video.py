"""Recognises the faces in the frames of one video."""

from dataclasses import dataclass

from fer.errors import UnsupportedType
from fer.usecases.predict import Recogniser
from fer.vision.arrays import ImageRGB
from fer.vision.decoding.headers import read_header
from fer.vision.detection.retries import LooksOverTime
from fer.vision.images import decode_image
from streaming.protocol import TrackedFace
from streaming.smoothing import Smoother
from streaming.tracking import Tracker

FORMATS = ("JPEG", "WEBP")
MAX_FRAME_PIXELS = 1280 * 1280
# The largest faces only: a crowd must not hold up other videos.
MAX_FACES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The faces of a frame, largest first, in pixels of the upright picture of ``image_size_wh``."""

    faces: list[TrackedFace]
    image_size_wh: tuple[int, int]
    model_version: str


class Video:
    """Recognises the frames of one video in order and remembers the faces.

    Use it from one thread at a time.
    """

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        detector = recogniser.detector
        self._looks = LooksOverTime(detector.find_once, min_retry_score=detector.min_retry_score)
        self._tracker = Tracker()
        self._smoothers: dict[int, Smoother] = {}
        self._classifier = recogniser.classifier.pinned()

    @property
    def model_version(self) -> str:
        """The version of the model that saw the last frame."""
        return self._classifier.model_version

    @property
    def tracks(self) -> int:
        """How many faces the video has shown so far."""
        return self._tracker.seen

    def look(self, frame: bytes, *, arrived_s: float) -> Seen:
        """Recognise every face of an encoded frame.

        Raises InvalidInput, TooLarge or UnsupportedType for one that cannot be read, and otherwise ignores that
        frame.
        """
        frame_rgb = _decoded(frame)
        detected = self._looks.find(frame_rgb)[:MAX_FACES]
        face_chips, faces = self._recogniser.aligner.align_faces(frame_rgb, detected)
        recogniser = self._recogniser.pinned()
        predictions = recogniser.classify(face_chips, faces)
        if recogniser.classifier is not self._classifier:  # never smooth the scores of two models into one
            self._classifier, self._smoothers = recogniser.classifier, {}
        numbers = self._tracker.update(faces, now_s=arrived_s)
        kept = self._tracker.numbers
        self._smoothers = {number: smoother for number, smoother in self._smoothers.items() if number in kept} | {
            number: Smoother() for number in numbers if number not in self._smoothers
        }
        seen = [
            TrackedFace(
                track=number,
                face=prediction.face,
                smoothed=self._smoothers[number].update(prediction.scores, now_s=arrived_s),
            )
            for number, prediction in zip(numbers, predictions, strict=True)
        ]
        image_size_wh = (frame_rgb.shape[1], frame_rgb.shape[0])
        return Seen(faces=seen, image_size_wh=image_size_wh, model_version=self.model_version)


def _decoded(frame: bytes) -> ImageRGB:
    if read_header(frame).format not in FORMATS:
        raise UnsupportedType("Send each frame as JPEG or WebP.")
    return decode_image(frame, max_pixels=MAX_FRAME_PIXELS)
