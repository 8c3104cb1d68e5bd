"""The report about the served model, with a classifier whose answers are known."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.generated import make_faces
from training.data.fer2013 import FaceData
from training.evaluation.evaluate import describe, evaluate, shifted
from training.evaluation.evaluate_photos import evaluate_photos, read_labels, rolled


def _marked(faces: FaceData) -> FaceData:
    """Return faces whose middle pixel holds the label."""
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


def _picture(folder: Path, name: str, level: int) -> None:
    Image.new("RGB", (20, 10), (level, level, level)).save(folder / name)


def _by_brightness(picture: bytes) -> tuple[np.ndarray | None, float]:
    level = np.asarray(Image.open(io.BytesIO(picture)))[5, 10, 0]
    return (None, 1.0) if level == 255 else (np.eye(7)[level], 1.0)


def test_photos_without_a_face_count_as_wrong(tmp_path: Path) -> None:
    for name, level in (("a.png", 3), ("b.png", 255), ("c.png", 6), ("d.png", 3)):
        _picture(tmp_path, name, level)
    (tmp_path / "labels.csv").write_text(
        "file,expression\na.png,happy\nb.png,happy\nc.png,neutral\nd.png,neutral\n", encoding="utf-8"
    )
    labels = read_labels(tmp_path / "labels.csv")
    report = evaluate_photos(_by_brightness, tmp_path, labels, 0)
    assert report["face_found"] == 0.75
    assert report["accuracy"] == 0.5
    assert report["recall"] == {"happy": 0.5, "neutral": 0.5}
    assert report["macro_recall"] == 0.5


def test_an_unknown_expression_in_the_photo_labels_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,expression\na.png,bored\n", encoding="utf-8")
    with pytest.raises(ValueError, match="bored"):
        read_labels(tmp_path / "labels.csv")


def test_a_rolled_picture_keeps_all_of_itself(tmp_path: Path) -> None:
    _picture(tmp_path, "a.png", 9)
    turned = Image.open(io.BytesIO(rolled((tmp_path / "a.png").read_bytes(), 90)))
    assert turned.size == (10, 20)
    assert np.asarray(turned).max() == np.asarray(turned).min() == 9
