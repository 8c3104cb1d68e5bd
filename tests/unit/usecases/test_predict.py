"""An answer tells the version of the very model whose scores it holds, and where a large picture's faces are."""

from collections import deque

import cv2
import numpy as np

from fer.domain import EXPRESSIONS
from fer.usecases.predict import Recogniser, predict
from fer.vision.alignment import FaceAligner
from fer.vision.annotation import annotate
from fer.vision.arrays import ExpressionScores, FaceChips
from fer.vision.classifier import Classifier, LiteRTClassifier
from fer.vision.detection.haar import HaarDetector
from fer.vision.detection.yunet import YuNetDetector
from fer.vision.images import decode_image
from fer.vision.model_files import read_model_files
from tests.detector_models import NEEDS_YUNET
from tests.pictures import astronaut, encode
from tests.published import model_version
from tools.build import ROOT


class Switching:
    """Goes over to the next model as soon as one has answered."""

    def __init__(self, *models: Classifier) -> None:
        self._models = deque(models)

    @property
    def model_version(self) -> str:
        return self._models[0].model_version

    def classify(self, face_chips: FaceChips) -> ExpressionScores:
        scores = self._models[0].classify(face_chips)
        self._models.rotate(-1)
        return scores

    def pinned(self) -> Classifier:
        return self._models[0]


def test_scores_and_version_are_of_one_model_although_it_is_swapped_meanwhile() -> None:
    first, second = (
        LiteRTClassifier(read_model_files(model_version(version, labels=list(labels)).__getitem__))
        for version, labels in (("first", EXPRESSIONS), ("second", EXPRESSIONS[::-1]))
    )
    detector, aligner = HaarDetector(), FaceAligner(ROOT / "models" / "detector")
    image = encode(astronaut(), ".jpg")

    def answer(classifier: Classifier) -> tuple[str, tuple[float, ...]]:
        recogniser = Recogniser(detector=detector, aligner=aligner, classifier=classifier)
        outcome = predict(image, recogniser=recogniser, annotate="none", max_image_pixels=10**6)
        return outcome.model_version, outcome.predictions[0].scores

    assert answer(first)[1] != answer(second)[1]
    assert answer(Switching(first, second)) == answer(first)


@NEEDS_YUNET
def test_a_large_portrait_is_drawn_on_as_much_of_it_as_was_decoded() -> None:
    large = np.asarray(cv2.resize(astronaut()[:384], (4000, 3000), interpolation=cv2.INTER_LINEAR), np.uint8)
    detector_dir = ROOT / "models" / "detector"
    recogniser = Recogniser(
        detector=YuNetDetector(detector_dir),
        aligner=FaceAligner(detector_dir),
        classifier=LiteRTClassifier(read_model_files(model_version("first").__getitem__)),
    )
    outcome = predict(encode(large, ".jpg"), recogniser=recogniser, annotate="png", max_image_pixels=10**8)
    assert outcome.image_size_wh == (4000, 3000)
    assert outcome.processed_image is not None
    drawn = decode_image(outcome.processed_image)
    assert drawn.shape == (1500, 2000, 3)
    half = np.asarray(cv2.resize(large, (2000, 1500), interpolation=cv2.INTER_AREA), np.uint8)
    expected = annotate(large, outcome.predictions, max_pixels=3_000_000)
    assert (np.abs(drawn.astype(int) - expected) > 60).mean() < 0.002
    assert (np.abs(drawn.astype(int) - half) > 60).mean() > 0.005
