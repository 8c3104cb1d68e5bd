"""MTCNN's committed nets take and give what ``fer.vision.detection.nets`` expects."""

import cv2
import numpy as np
import pytest

from tests.detector_models import MODELS_DIR


@pytest.mark.parametrize(
    ("name", "shape", "outputs"),
    [
        ("mtcnn_pnet.onnx", (1, 3, 12, 12), {"box": (1, 4, 1, 1), "probability": (1, 2, 1, 1)}),
        ("mtcnn_pnet.onnx", (1, 3, 40, 31), {"box": (1, 4, 15, 11), "probability": (1, 2, 15, 11)}),
        ("mtcnn_rnet.onnx", (5, 3, 24, 24), {"box": (5, 4), "probability": (5, 2)}),
        ("mtcnn_onet.onnx", (2, 3, 48, 48), {"box": (2, 4), "landmarks": (2, 10), "probability": (2, 2)}),
    ],
    ids=["pnet-cell", "pnet-map", "rnet", "onet"],
)
def test_a_converted_net_answers_in_the_expected_shapes(
    name: str, shape: tuple[int, ...], outputs: dict[str, tuple[int, ...]]
) -> None:
    net = cv2.dnn.readNetFromONNX(str(MODELS_DIR / name))
    net.setInput(np.zeros(shape, np.float32))
    answers = dict(zip(outputs, net.forward(list(outputs)), strict=True))
    assert {key: np.asarray(value).shape for key, value in answers.items()} == outputs
    assert np.allclose(np.asarray(answers["probability"]).sum(axis=1), 1, atol=1e-5)
