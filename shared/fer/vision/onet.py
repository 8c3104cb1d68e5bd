"""MTCNN's output net, ONet (Zhang et al. 2016), which refines a face and finds its five landmarks."""

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from fer.errors import CorruptData, NotFound
from fer.vision.arrays import FloatArray, FloatImage
from fer.vision.pool import Pool

FILE_NAME: Final = "mtcnn_onet.onnx"
INPUT_PX: Final = 48


def net_input(crops_rgb: np.ndarray[Any, np.dtype[np.uint8]]) -> FloatImage:
    """uint8 (N, H, W, 3) to what MTCNN's nets take: float32 (N, 3, H, W), about -1 to 1."""
    scaled = (crops_rgb.astype(np.float32) - np.float32(127.5)) / np.float32(128)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def open_net(path: Path) -> Any:
    """Open an ONNX file with OpenCV's dnn module. Raises NotFound or CorruptData."""
    if not path.is_file():
        raise NotFound(f"{path} is missing; `make models` makes it.")
    try:
        return cv2.dnn.readNetFromONNX(str(path))
    except cv2.error as error:
        raise CorruptData(f"{path} is not a net.") from error


class ONet:
    """ONet on crops of 48×48 pixels; safe to call from any number of threads at once."""

    def __init__(self, models_dir: Path) -> None:
        self._pool: Pool[Any] = Pool(lambda: open_net(models_dir / FILE_NAME))

    def run(self, crops_rgb: np.ndarray[Any, np.dtype[np.uint8]]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """For uint8 (N, 48, 48, 3): probabilities (N,), box offsets (N, 4), landmarks (N, 5, 2).

        Offsets and landmarks are in sides of the crop, from its top left; the offsets of left, top, right,
        bottom. Crops do not share a batch, so a face's numbers do not depend on the others.
        """
        probabilities, offsets, landmarks = np.empty(len(crops_rgb)), np.empty((len(crops_rgb), 4)), []
        with self._pool.lend() as net:
            for index, crop in enumerate(crops_rgb):
                net.setInput(net_input(crop[None]))
                probability, box, points = net.forward(["probability", "box", "landmarks"])
                probabilities[index], offsets[index] = probability[0, 1], box[0]
                landmarks.append(points[0].reshape(2, 5).T)  # five x, then five y
        return probabilities, offsets, np.array(landmarks, np.float64).reshape(-1, 5, 2)
