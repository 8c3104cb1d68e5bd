"""An encoded picture in; every face, its expression scores and the annotated picture out."""

import time
from dataclasses import dataclass

from fer.domain import AnnotateFormat, Prediction
from fer.usecases.pixel_budget import budget
from fer.vision import annotation
from fer.vision.alignment import FaceAligner
from fer.vision.classifier import Classifier
from fer.vision.detector import Detector
from fer.vision.images import decode_image


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """The three parts of recognition; each is safe to call from any number of threads at once."""

    detector: Detector
    aligner: FaceAligner
    classifier: Classifier


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOutcome:
    """The predictions, largest face first, in pixels of the upright image of ``image_size_wh``.

    ``processed_image`` is the encoded annotated picture, None where none was asked for; ``timings_ms`` has
    the duration of each stage.
    """

    predictions: list[Prediction]
    image_size_wh: tuple[int, int]
    processed_image: bytes | None
    model_version: str
    timings_ms: dict[str, float]


def predict(
    image: bytes, *, recogniser: Recogniser, annotate: AnnotateFormat, max_image_pixels: int
) -> PredictOutcome:
    """Recognise the expression of every face in an encoded image.

    Waits while other requests hold too many pixels (see ``turns``). Raises InvalidInput, TooLarge or
    UnsupportedType for an image that cannot be read.
    """
    with budget.hold(image, max_pixels=max_image_pixels):
        return _predict(image, recogniser=recogniser, annotate=annotate, max_image_pixels=max_image_pixels)


def _predict(
    image: bytes, *, recogniser: Recogniser, annotate: AnnotateFormat, max_image_pixels: int
) -> PredictOutcome:
    watch = _StopWatch()
    image_rgb = decode_image(image, max_pixels=max_image_pixels)
    watch.lap("decode_ms")
    detected = recogniser.detector.detect(image_rgb)
    watch.lap("detect_ms")
    face_chips, faces = recogniser.aligner.align_faces(image_rgb, detected)
    watch.lap("align_ms")
    scores = recogniser.classifier.classify(face_chips)
    predictions = [Prediction(face=face, scores=tuple(row.tolist())) for face, row in zip(faces, scores, strict=True)]
    watch.lap("classify_ms")
    processed = None
    if annotate != "none":
        processed = annotation.encode_image(annotation.annotate(image_rgb, predictions), annotate)
        watch.lap("annotate_ms")
    height_px, width_px = image_rgb.shape[:2]
    return PredictOutcome(
        predictions=predictions,
        image_size_wh=(width_px, height_px),
        processed_image=processed,
        model_version=recogniser.classifier.model_version,
        timings_ms=watch.laps_ms,
    )


class _StopWatch:
    def __init__(self) -> None:
        self.laps_ms: dict[str, float] = {}
        self._last_s = time.perf_counter()

    def lap(self, name: str) -> None:
        now_s = time.perf_counter()
        self.laps_ms[name] = round((now_s - self._last_s) * 1000, 2)
        self._last_s = now_s
