"""An encoded picture in; every face, its expression scores and the annotated picture out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fer.domain import AnnotateFormat, Face, Prediction
from fer.usecases.champion import open_classifier
from fer.usecases.pixel_budget import budget
from fer.vision import annotation
from fer.vision.alignment import FaceAligner
from fer.vision.arrays import FaceChips, ImageRGB
from fer.vision.classifier import Classifier
from fer.vision.detection.detector import Detector, open_detector
from fer.vision.locating import Located, locate_faces, locate_in
from fer.vision.priors import PriorChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """The three parts of recognition; each is safe to call from any number of threads at once."""

    detector: Detector
    aligner: FaceAligner
    classifier: Classifier

    def pinned(self) -> "Recogniser":
        """Return the recogniser with its current model fixed, so that an answer's scores and version match."""
        return replace(self, classifier=self.classifier.pinned())

    def recognise(self, image_rgb: ImageRGB) -> list[Prediction]:
        """Return the prediction of every face in uint8 (H, W, 3), the largest first."""
        return self.recognise_located(locate_in(image_rgb, self.detector))

    def recognise_located(
        self, located: Located, *, lap: Callable[[str], object] = lambda _: None
    ) -> list[Prediction]:
        """Return the prediction of every face, in pixels of the whole picture; ``lap`` is told each stage's end."""
        face_chips, faces = self.aligner.align_faces(located.image_rgb, located.faces_in_image)
        lap("align_ms")
        predictions = self.classify(face_chips, [located.in_picture(face) for face in faces])
        lap("classify_ms")
        return predictions

    def classify(self, face_chips: FaceChips, faces: Sequence[Face]) -> list[Prediction]:
        """Return the prediction of each face from its chip, uint8 (N, 48, 48), in the same order."""
        scores = self.classifier.classify(face_chips)
        return [Prediction(face=face, scores=tuple(row.tolist())) for face, row in zip(faces, scores, strict=True)]


def open_recogniser(
    detector: str,
    *,
    models_dir: Path,
    detector_dir: Path | None = None,
    model_uri: str | None = None,
    model_refresh_s: float = 60,
    prior: PriorChoice = "default",
) -> Recogniser:
    """Open the named detector and the model that serves; ``models_dir`` has ``detector/`` and ``expression/``.

    ``detector_dir`` names another place for the detectors' files. The model is the champion of ``model_uri`` if
    given; ``prior`` is the population that its scores apply to. Raises as ``open_detector`` and
    ``open_classifier`` do.
    """
    detector_dir = detector_dir or models_dir / "detector"
    return Recogniser(
        detector=open_detector(detector, models_dir=detector_dir),
        aligner=FaceAligner(detector_dir),
        classifier=open_classifier(models_dir, model_uri=model_uri, refresh_s=model_refresh_s, prior=prior),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOutcome:
    """The predictions, largest face first, in pixels of the upright image of ``image_size_wh``.

    ``processed_image`` is the encoded annotated picture, or None if not requested; ``timings_ms`` has
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

    Waits while other requests hold too many pixels (see ``pixel_budget``). Raises InvalidInput, TooLarge or
    UnsupportedType for an image that cannot be read.
    """
    with budget.hold(image, max_pixels=max_image_pixels):
        return _predict(image, recogniser=recogniser.pinned(), annotate=annotate, max_image_pixels=max_image_pixels)


def _predict(
    image: bytes, *, recogniser: Recogniser, annotate: AnnotateFormat, max_image_pixels: int
) -> PredictOutcome:
    watch = _StopWatch()
    located = locate_faces(image, recogniser.detector, max_pixels=max_image_pixels, lap=watch.lap)
    predictions = recogniser.recognise_located(located, lap=watch.lap)
    processed = None
    if annotate != "none":
        # If part of the pixels was enough to find the faces, it is enough for the answer, of at most 4 megapixels.
        to_draw = [replace(each, face=located.in_image(each.face)) for each in predictions]
        drawn = annotation.annotate(located.image_rgb, to_draw)
        watch.lap("draw_ms")
        processed = annotation.encode_image(drawn, annotate)
        watch.lap("encode_ms")
    return PredictOutcome(
        predictions=predictions,
        image_size_wh=located.size_wh,
        processed_image=processed,
        model_version=recogniser.classifier.model_version,
        timings_ms=watch.laps_ms,
    )


class _StopWatch:
    """Times stages; the times of a stage that recurs add up."""

    def __init__(self) -> None:
        self.laps_ms: dict[str, float] = {}
        self._last_s = time.perf_counter()

    def lap(self, name: str) -> None:
        now_s = time.perf_counter()
        self.laps_ms[name] = round(self.laps_ms.get(name, 0.0) + (now_s - self._last_s) * 1000, 2)
        self._last_s = now_s
