"""MTCNN (Zhang, Zhang, Li & Qiao 2016) on OpenCV's dnn module, with the weights of the PyPI package ``mtcnn``."""

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from fer.domain import Face
from fer.vision.arrays import FloatArray, ImageRGB
from fer.vision.boxes import largest_first, suppress_xyxy
from fer.vision.crops import crop_square
from fer.vision.onet import INPUT_PX, ONet, net_input, open_net
from fer.vision.pool import Pool

# Below 40 px the pyramid's time doubles, and a face has fewer pixels than the chip.
SMALLEST_FACE_PX: Final = 40
# As for YuNet: the pyramid's first level decides the time, so large pictures are looked at smaller.
LONGEST_SIDE_PX: Final = 1280
PYRAMID_FACTOR: Final = 0.709
PROPOSAL_THRESHOLD, REFINE_THRESHOLD, OUTPUT_THRESHOLD = 0.6, 0.7, 0.8
_CELL_PX, _STRIDE_PX = 12, 2
_MOST_PROPOSALS: Final = 300
_REFINE_PX: Final = 24
# MTCNN's box to YuNet's for the same face, in sides of the box: the medians over 600 portraits.
_TO_YUNET: Final = (0.0, 0.0, 1.0, 1.0)


class MTCNNDetector:
    """The detector that needs no download: good on upright faces, poor on half hidden and rolled ones."""

    name = "mtcnn"

    def __init__(self, models_dir: Path) -> None:
        self._pnets: Pool[Any] = Pool(lambda: open_net(models_dir / "mtcnn_pnet.onnx"))
        self._rnets: Pool[Any] = Pool(lambda: open_net(models_dir / "mtcnn_rnet.onnx"))
        self._onet = ONet(models_dir)

    def detect(self, image_rgb: ImageRGB) -> list[Face]:
        """Find the faces of uint8 (H, W, 3), largest first."""
        scale = min(1.0, LONGEST_SIDE_PX / max(image_rgb.shape[:2]))
        image = image_rgb if scale == 1.0 else _resize(image_rgb, scale)
        boxes = self._refine(image, self._propose(image))
        if not len(boxes):
            return []
        boxes, landmarks, scores = self._output(image, boxes)
        kept = suppress_xyxy(boxes, scores, threshold=0.5, of_smaller=True)
        return largest_first(_face(boxes[i] / scale, landmarks[i] / scale, scores[i]) for i in kept)

    def _propose(self, image_rgb: ImageRGB) -> FloatArray:
        """PNet over a pyramid: (N, 4) boxes, best first."""
        boxes: list[FloatArray] = []
        scores: list[FloatArray] = []
        scale = _CELL_PX / SMALLEST_FACE_PX
        with self._pnets.lend() as net:
            while min(image_rgb.shape[:2]) * scale >= _CELL_PX:
                net.setInput(net_input(_resize(image_rgb, scale)[None]))
                offsets, probabilities = net.forward(["box", "probability"])
                level_boxes, level_scores = _cells(offsets[0], probabilities[0, 1], scale)
                kept = suppress_xyxy(level_boxes, level_scores, threshold=0.5, of_smaller=False)
                boxes.append(level_boxes[kept])
                scores.append(level_scores[kept])
                scale *= PYRAMID_FACTOR
        if not boxes:
            return np.empty((0, 4))
        all_boxes, all_scores = np.concatenate(boxes), np.concatenate(scores)
        kept = suppress_xyxy(all_boxes, all_scores, threshold=0.7, of_smaller=False)
        return all_boxes[kept[:_MOST_PROPOSALS]]

    def _refine(self, image_rgb: ImageRGB, boxes: FloatArray) -> FloatArray:
        """RNet on every proposal: (N, 4) boxes, best first."""
        if not len(boxes):
            return boxes
        squares = _squares(boxes)
        crops = _crops(image_rgb, squares, _REFINE_PX)
        with self._rnets.lend() as net:
            net.setInput(net_input(crops))
            offsets, probabilities = net.forward(["box", "probability"])
        scores = probabilities[:, 1].astype(np.float64)
        likely = scores > REFINE_THRESHOLD
        refined = _moved(squares, offsets)[likely]
        return refined[suppress_xyxy(refined, scores[likely], threshold=0.7, of_smaller=False)]

    def _output(self, image_rgb: ImageRGB, boxes: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """ONet on what is left: boxes (N, 4), landmarks (N, 5, 2) and scores (N,)."""
        squares = _squares(boxes)
        scores, offsets, landmarks = self._onet.run(_crops(image_rgb, squares, INPUT_PX))
        sides = (squares[:, 2:] - squares[:, :2])[:, None, :]
        points = squares[:, None, :2] + landmarks * sides
        likely = scores > OUTPUT_THRESHOLD
        return _moved(squares, offsets)[likely], points[likely], scores[likely]


def _resize(image_rgb: ImageRGB, scale: float) -> Any:
    size_wh = (max(1, round(image_rgb.shape[1] * scale)), max(1, round(image_rgb.shape[0] * scale)))
    return cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def _cells(offsets: Any, probabilities: Any, scale: float) -> tuple[FloatArray, FloatArray]:
    """PNet's maps (4, H, W) and (H, W) to boxes (N, 4) in the picture and their scores (N,)."""
    rows, columns = np.nonzero(probabilities > PROPOSAL_THRESHOLD)
    corner = np.column_stack([columns, rows]) * float(_STRIDE_PX)
    boxes = np.concatenate([corner, corner + _CELL_PX], axis=1) + offsets[:, rows, columns].T * _CELL_PX
    return boxes / scale, probabilities[rows, columns].astype(np.float64)


def _squares(boxes_xyxy: FloatArray) -> FloatArray:
    """The square about each box's centre with its longer side."""
    centres = (boxes_xyxy[:, :2] + boxes_xyxy[:, 2:]) / 2
    halves = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).max(axis=1, keepdims=True) / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _moved(squares_xyxy: FloatArray, offsets: Any) -> FloatArray:
    """Squares moved by the net's offsets, which are in sides."""
    sides = squares_xyxy[:, 2:] - squares_xyxy[:, :2]
    return squares_xyxy + offsets * np.concatenate([sides, sides], axis=1)


def _crops(image_rgb: ImageRGB, squares_xyxy: FloatArray, out_px: int) -> Any:
    """uint8 (N, out_px, out_px, 3) of every square."""
    crops = [
        crop_square(
            image_rgb,
            centre_xy=(float(x0 + x1) / 2, float(y0 + y1) / 2),
            side_px=max(1.0, float(x1 - x0)),
            roll_rad=0.0,
            out_px=out_px,
        )[0]
        for x0, y0, x1, y1 in squares_xyxy
    ]
    return np.stack(crops)


def _face(box_xyxy: FloatArray, landmarks: FloatArray, score: float) -> Face:
    x0, y0, x1, y1 = (float(value) for value in box_xyxy)
    width, height = max(1.0, x1 - x0), max(1.0, y1 - y0)
    dx, dy, sx, sy = _TO_YUNET
    return Face(
        box_xywh=(x0 + dx * width, y0 + dy * height, width * sx, height * sy),
        detection_score=min(float(score), 1.0),
        landmarks=tuple((float(x), float(y)) for x, y in landmarks),
    )
