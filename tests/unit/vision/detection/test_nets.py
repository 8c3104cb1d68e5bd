"""ONNX Runtime gives what OpenCV's dnn module gives for mtcnn's nets, from any number of threads."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from fer.errors import CorruptData
from fer.vision.detection.nets import mtcnn_batch, open_net
from tests.detector_models import MODELS_DIR
from tests.pictures import Picture, astronaut

CASES = [
    pytest.param("mtcnn_pnet.onnx", ("box", "probability"), (97, 131), 1, id="pnet"),
    pytest.param("mtcnn_rnet.onnx", ("box", "probability"), (24, 24), 7, id="rnet"),
    pytest.param("mtcnn_onet.onnx", ("box", "landmarks", "probability"), (48, 48), 5, id="onet"),
]


def squares(size_hw: tuple[int, int], number: int) -> list[Picture]:
    height, width = size_hw
    cuts = [astronaut()[40 * i : 40 * i + 200, 30 * i : 30 * i + 200] for i in range(number)]
    return [np.asarray(cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA), np.uint8) for cut in cuts]


@pytest.mark.parametrize(("file", "outputs", "size_hw", "number"), CASES)
def test_answers_as_opencv_does(file: str, outputs: tuple[str, ...], size_hw: tuple[int, int], number: int) -> None:
    batch = mtcnn_batch(squares(size_hw, number))
    theirs = cv2.dnn.readNetFromONNX(str(MODELS_DIR / file))
    theirs.setInput(batch)
    actual = open_net(MODELS_DIR / file, outputs).run(batch)
    for ours, expected in zip(actual, theirs.forward(outputs), strict=True):
        assert ours.shape == expected.shape
        assert np.abs(ours - expected).max() < 1e-4


def test_threads_share_one_net() -> None:
    net = open_net(MODELS_DIR / "mtcnn_onet.onnx", ("landmarks",))
    batches = [mtcnn_batch([square]) for square in squares((48, 48), 8)]
    alone = [net.run(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(net.run, batches * 25))
    for index, answer in enumerate(together):
        assert np.array_equal(answer, alone[index % len(batches)])


def test_a_net_without_the_named_outputs_is_refused() -> None:
    with pytest.raises(CorruptData, match="lacks the outputs chin"):
        open_net(MODELS_DIR / "mtcnn_rnet.onnx", ("box", "chin"))
