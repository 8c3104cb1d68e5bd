"""MTCNN's ONet alone: is this square a face, and where are its landmarks?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer.vision.arrays import FloatArray, ImageRGB
from fer.vision.detection.nets import mtcnn_batch, open_net

ONET_FILE = "mtcnn_onet.onnx"
ONET_SIDE_PX = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class OnetAnswer:
    """``probability`` (N,), ``box_offsets`` (N, 4) as shares of the square, ``landmarks`` (N, 5, 2) in 0…1 of it."""

    probability: FloatArray
    box_offsets: FloatArray
    landmarks: FloatArray


class ONet:
    """Zhang et al.: Joint face detection and alignment using multitask cascaded CNNs, 2016; the third net."""

    def __init__(self, models_dir: Path) -> None:
        self._net = open_net(models_dir / ONET_FILE, ("box", "landmarks", "probability"))

    def look(self, squares_rgb: list[ImageRGB]) -> OnetAnswer:
        """Judge uint8 (48, 48, 3) squares."""
        box, landmarks, probability = (each.astype(np.float64) for each in self._net.run(mtcnn_batch(squares_rgb)))
        points = landmarks.reshape(-1, 2, 5).transpose(0, 2, 1)  # (N, xs then ys) -> (N, 5, 2)
        return OnetAnswer(probability=probability[:, 1], box_offsets=box, landmarks=points)
