"""Many threads give what one thread gives, byte for byte."""

import struct
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from fer.domain import Face
from fer.vision.alignment import FaceAligner
from fer.vision.classifier import LiteRTClassifier
from fer.vision.detection.detector import open_detector
from fer.vision.model_files import load_model_files
from tests.detector_models import MODELS_DIR, NEEDS_YUNET
from tests.pictures import Picture, astronaut, two_faces

THREADS, ROUNDS = 8, 3


def pictures() -> list[Picture]:
    """Return one face, two faces, a small picture, a dark one and one without a face: different work per thread."""
    one = astronaut()
    small = np.asarray(cv2.resize(one, (160, 160), interpolation=cv2.INTER_AREA), np.uint8)
    quarter = np.ascontiguousarray(one[256:, 256:])
    return [one, two_faces(), small, (one // 3).astype(np.uint8), quarter, np.ascontiguousarray(one[:, ::-1])]


def packed(face: Face) -> bytes:
    points = [value for point in face.landmarks or () for value in point]
    return struct.pack(f"<{5 + len(points)}d", *face.box_xywh, face.detection_score, *points)


@pytest.mark.parametrize("name", [pytest.param("yunet", marks=NEEDS_YUNET), "mtcnn", "haar"])
def test_eight_threads_answer_as_one(name: str) -> None:
    detector = open_detector(name, models_dir=MODELS_DIR)
    aligner = FaceAligner(MODELS_DIR)
    classifier = LiteRTClassifier(load_model_files(MODELS_DIR.parent / "expression"))

    def answer(image_rgb: Picture) -> bytes:
        chips, faces = aligner.align_faces(image_rgb, detector.detect(image_rgb))
        return chips.tobytes() + b"".join(packed(face) for face in faces) + classifier.classify(chips).tobytes()

    expected = [answer(picture) for picture in pictures()]
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(answer, pictures() * ROUNDS))
    assert answers == expected * ROUNDS
    assert len(set(expected)) >= 5  # the pictures do differ; one may have no face
