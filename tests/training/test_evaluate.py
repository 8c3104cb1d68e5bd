"""The report about the served model, with a classifier whose answers are known."""

import numpy as np
import pytest
from generated import make_faces

from training.data import FaceData
from training.evaluate import describe, evaluate, shifted


def _marked(faces: FaceData) -> FaceData:
    """Faces whose middle pixel holds the label."""
    images = faces.images.copy()
    images[:, 16:32, 16:32] = faces.labels[:, None, None]
    return FaceData(images=images, labels=faces.labels, usage=faces.usage, votes=faces.votes)


def _read_mark(chips: np.ndarray) -> np.ndarray:
    return (0.7 * np.eye(7)[chips[:, 24, 24] % 7] + 0.3 / 7).astype(np.float32)


def test_a_perfect_classifier_gets_a_perfect_report() -> None:
    report = evaluate(_read_mark, _marked(make_faces()))
    assert report["rows"] == report["ferplus_rows"] == 38
    assert report["fer2013_accuracy"] == report["ferplus_accuracy"] == report["macro_recall"] == 1
    assert report["expected_calibration_error"] == pytest.approx(1 - (0.7 + 0.3 / 7), abs=1e-6)
    assert report["shift_agreement"]["mean"] == 1
    assert len(report["shift_agreement"]) == 9
    assert np.array(report["confusion"]).trace() == 38
    assert "100.00%" in describe({"model_version": "x", "usage": "all", **report})


def test_without_votes_only_fer2013_is_reported() -> None:
    faces = _marked(make_faces())
    bare = FaceData(images=faces.images, labels=faces.labels, usage=faces.usage, votes=None)
    report = evaluate(_read_mark, bare)
    assert "ferplus_accuracy" not in report
    assert "macro recall" not in describe({"model_version": "x", "usage": "all", **report})


def test_a_shift_moves_the_picture_and_replicates_the_border() -> None:
    image = np.arange(48 * 48, dtype=np.int64).reshape(1, 48, 48)
    moved = shifted(image, 2, -1)
    assert moved[0, 10, 10] == image[0, 11, 8]
    assert moved[0, 10, 0] == image[0, 11, 0]
    assert moved[0, 47, 10] == image[0, 47, 8]
