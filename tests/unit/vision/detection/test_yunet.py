"""YuNet on ONNX Runtime finds what OpenCV's own YuNet finds, whatever the picture's size."""

from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer.errors import CorruptData
from fer.vision.boxes import iou
from fer.vision.detection.detector_files import YUNET_FILE
from fer.vision.detection.yunet import MIN_SCORE, YuNetDetector
from fer.vision.detection.yunet_graph import any_size
from tests.detector_models import MODELS_DIR, NEEDS_YUNET
from tests.pictures import Picture, astronaut, two_faces

pytestmark = NEEDS_YUNET
SIZES_WH = (
    *((64, 64), (96, 160), (160, 120), (161, 97), (224, 224), (319, 241), (320, 240), (333, 500), (400, 300)),
    *((480, 640), (511, 513), (512, 512), (600, 65), (639, 479), (640, 360), (640, 480), (640, 640)),
)


def crowd() -> Picture:
    """Five by four portraits: uint8 (640, 640, 3)."""
    portrait = np.asarray(cv2.resize(astronaut()[:256, 96:320], (128, 160), interpolation=cv2.INTER_AREA), np.uint8)
    return np.tile(portrait, (4, 5, 1))


PICTURES = {
    "one-face": astronaut(),
    "two-faces": two_faces(),
    "crowd": crowd(),
    "noise": np.random.default_rng(5).integers(0, 256, (480, 640, 3), np.uint8),
}


@pytest.mark.parametrize("size_wh", SIZES_WH, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("picture", PICTURES)
def test_finds_the_same_faces_as_opencv(picture: str, size_wh: tuple[int, int]) -> None:
    image = np.asarray(cv2.resize(PICTURES[picture], size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    theirs = cv2.FaceDetectorYN.create(str(MODELS_DIR / YUNET_FILE), "", size_wh, MIN_SCORE, 0.3, 1000)
    rows = theirs.detect(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8))[1]
    expected = np.empty((0, 15)) if rows is None else rows  # pyright: ignore[reportUnnecessaryComparison]
    actual = YuNetDetector(MODELS_DIR).look(image)

    assert len(actual) == len(expected)
    for face in actual:
        row = max(expected, key=lambda each: iou(face.box_xywh, tuple(each[:4].tolist())))
        assert face.box_xywh == pytest.approx(tuple(row[:4]), abs=1)
        assert face.landmarks is not None
        assert np.ravel(face.landmarks) == pytest.approx(row[4:14], abs=1)
        assert face.detection_score == pytest.approx(float(row[14]), abs=0.01)


@pytest.mark.parametrize("picture", ["one-face", "two-faces", "crowd"])
def test_these_pictures_have_faces_to_compare(picture: str) -> None:
    assert YuNetDetector(MODELS_DIR).look(PICTURES[picture])


@pytest.mark.parametrize("length", [1, 100, 1_000, 200_000])
def test_a_file_cut_short_is_refused(length: int, tmp_path: Path) -> None:
    (tmp_path / YUNET_FILE).write_bytes((MODELS_DIR / YUNET_FILE).read_bytes()[:length])
    with pytest.raises(CorruptData):
        YuNetDetector(tmp_path)


def test_another_net_is_refused(tmp_path: Path) -> None:
    (tmp_path / YUNET_FILE).write_bytes((MODELS_DIR / "mtcnn_onet.onnx").read_bytes())
    with pytest.raises(CorruptData):
        YuNetDetector(tmp_path)


def test_the_graph_keeps_every_weight() -> None:
    model = (MODELS_DIR / YUNET_FILE).read_bytes()
    changed = any_size(model)
    assert 0 < len(model) - len(changed) < 15_000  # the stated shapes are gone, and nothing else


def test_the_graph_states_rank_and_channels_but_no_sides() -> None:
    runtime: Any = import_module("onnxruntime")  # it is untyped
    session = runtime.InferenceSession(any_size((MODELS_DIR / YUNET_FILE).read_bytes()))
    assert [each.shape for each in session.get_inputs()] == [[1, "height", "width", 3]]
