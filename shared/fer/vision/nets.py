"""mtcnn's nets through OpenCV's dnn module."""

from pathlib import Path

import cv2
import numpy as np

from fer.vision.arrays import FloatArray, ImageRGB
from fer.vision.pool import Pool


class NetPool:
    """One ONNX net of ``tools/mtcnn_onnx.py``: float32 (N, 3, H, W) in, the named outputs out."""

    def __init__(self, path: Path, outputs: tuple[str, ...]) -> None:
        self._outputs = outputs
        self._nets = Pool(lambda: cv2.dnn.readNetFromONNX(str(path)))

    def run(self, images_rgb: list[ImageRGB]) -> list[FloatArray]:
        """Return one float64 array per output for equally large uint8 pictures."""
        batch = np.stack(images_rgb).transpose(0, 3, 1, 2)  # (N, H, W, 3) -> (N, 3, H, W)
        blob = (np.ascontiguousarray(batch, dtype=np.float32) - np.float32(127.5)) / np.float32(128)
        with self._nets.lend() as net:
            net.setInput(blob)
            results = net.forward(self._outputs)
        return [np.array(result, dtype=np.float64) for result in results]
