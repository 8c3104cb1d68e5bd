"""MTCNN (Zhang et al., 2016) with the weights of the PyPI package ``mtcnn``, on ONNX Runtime."""

from pathlib import Path

import cv2
import numpy as np

from fer.domain import Face
from fer.vision import framing
from fer.vision.arrays import FloatArray, ImageRGB
from fer.vision.boxes import keep_best
from fer.vision.detection.looks import SingleLook
from fer.vision.detection.nets import mtcnn_batch, open_net
from fer.vision.detection.onet import ONET_FILE, ONET_SIDE_PX, ONet
from fer.vision.resizing import as_image, fitted

PNET_FILE = "mtcnn_pnet.onnx"
RNET_FILE = "mtcnn_rnet.onnx"
MTCNN_FILES = (PNET_FILE, RNET_FILE, ONET_FILE)

# PNet uses 12-pixel windows; from 40 px on, a face has enough pixels for its expression too, and the pyramid
# costs a quarter of what it does with the package's 20.
MIN_FACE_PX = 40
PYRAMID_STEP = 0.709
MAX_SIDE_PX = 1280
MIN_INPUT_SIDE_PX = 160
MIN_SCORES = (0.6, 0.7, 0.8)
# ONet is nearly as certain of textures that it mistakes for faces: 0.95 drops one in four of them, and loses faces.
MIN_RETRY_SCORE = 0.8
_CELL_PX, _STRIDE_PX = 12, 2
_RNET_SIDE_PX = 24
# Textures can give thousands of proposals; keeping the best few hundred bounds time and memory.
_MAX_PROPOSALS = 400


class MTCNNDetector(SingleLook):
    """Detector with five landmarks; ``models_dir`` holds its three files."""

    name = "mtcnn"
    min_retry_score = MIN_RETRY_SCORE

    def __init__(self, models_dir: Path) -> None:
        self._pnet = open_net(models_dir / PNET_FILE, ("box", "probability"))
        self._rnet = open_net(models_dir / RNET_FILE, ("box", "probability"))
        self._onet = ONet(models_dir)

    def find_once(self, image_rgb: ImageRGB) -> list[Face]:
        """Look once, without a border and without turning; boxes in YuNet's framing."""
        small, back = fitted(image_rgb, max_side_px=MAX_SIDE_PX, min_side_px=MIN_INPUT_SIDE_PX)
        squares = self._refine(small, self._propose(small))
        return [back(framing.reframed(face, framing.MTCNN)) for face in self._judge(small, squares)]

    def _propose(self, image_rgb: ImageRGB) -> FloatArray:
        """Return squares (N, 4) xyxy that may be faces."""
        height, width = image_rgb.shape[:2]
        scale = _CELL_PX / MIN_FACE_PX
        levels: list[FloatArray] = [np.zeros((0, 5))]
        while min(height, width) * scale >= _CELL_PX:
            size_wh = (round(width * scale), round(height * scale))
            level = as_image(cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_AREA))
            offsets, probability = self._pnet.run(mtcnn_batch([level]))
            found = _windows(offsets[0], probability[0, 1], scale)
            levels.append(found[keep_best(found[:, :4], found[:, 4], max_overlap=0.5)])
            scale *= PYRAMID_STEP
        found = np.concatenate(levels)
        kept = keep_best(found[:, :4], found[:, 4], max_overlap=0.7)
        return _squared(found[kept[:_MAX_PROPOSALS], :4])

    def _refine(self, image_rgb: ImageRGB, squares: FloatArray) -> FloatArray:
        if not len(squares):
            return squares
        cuts = [_cut(image_rgb, square, _RNET_SIDE_PX) for square in squares]
        offsets, probability = (each.astype(np.float64) for each in self._rnet.run(mtcnn_batch(cuts)))
        sure = probability[:, 1] > MIN_SCORES[1]
        boxes, scores = _shifted(squares, offsets)[sure], probability[sure, 1]
        return _squared(boxes[keep_best(boxes, scores, max_overlap=0.7)])

    def _judge(self, image_rgb: ImageRGB, squares: FloatArray) -> list[Face]:
        if not len(squares):
            return []
        answer = self._onet.look([_cut(image_rgb, square, ONET_SIDE_PX) for square in squares])
        sides = (squares[:, 2:] - squares[:, :2])[:, None]
        landmarks = squares[:, None, :2] + answer.landmarks * sides  # (N, 5, 2)
        boxes = _shifted(squares, answer.box_offsets)
        sound = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] - boxes[:, :2] > 1).all(axis=1)
        sure = np.flatnonzero(sound & (answer.probability > MIN_SCORES[2]))
        kept = keep_best(boxes[sure], answer.probability[sure], max_overlap=0.7, of_smaller=True)
        return [_face(boxes[i], landmarks[i], float(answer.probability[i])) for i in sure[kept]]


def _windows(offsets: FloatArray, probability: FloatArray, scale: float) -> FloatArray:
    """Return (N, 5) xyxy and score, in the picture's pixels, of PNet's cells above its threshold."""
    rows, columns = np.nonzero(probability > MIN_SCORES[0])
    corner = np.stack([columns, rows], axis=1) * float(_STRIDE_PX)
    cells = np.concatenate([corner, corner + _CELL_PX], axis=1) + offsets[:, rows, columns].T * _CELL_PX
    scores = probability[rows, columns]
    best = np.argsort(-scores, kind="stable")[:_MAX_PROPOSALS]
    return np.column_stack([cells / scale, scores])[best]


def _shifted(squares: FloatArray, offsets: FloatArray) -> FloatArray:
    sides = squares[:, 2:] - squares[:, :2]
    return squares + offsets * np.concatenate([sides, sides], axis=1)


def _squared(boxes: FloatArray) -> FloatArray:
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def _cut(image_rgb: ImageRGB, square: FloatArray, side_px: int) -> ImageRGB:
    """Return the square, black outside the picture, scaled to ``side_px``."""
    x1, y1, x2, y2 = (round(float(value)) for value in square)
    x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
    height, width = image_rgb.shape[:2]
    inner = image_rgb[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
    if not inner.size:
        return np.zeros((side_px, side_px, 3), np.uint8)
    if x1 < 0 or y1 < 0 or x2 > width or y2 > height:
        edges = (max(0, -y1), max(0, y2 - height), max(0, -x1), max(0, x2 - width))
        inner = cv2.copyMakeBorder(inner, *edges, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    how = cv2.INTER_AREA if x2 - x1 > side_px else cv2.INTER_LINEAR
    return as_image(cv2.resize(inner, (side_px, side_px), interpolation=how))


def _face(box: FloatArray, landmarks: FloatArray, score: float) -> Face:
    x1, y1, x2, y2 = box.tolist()
    return Face(
        box_xywh=(x1, y1, x2 - x1, y2 - y1),
        detection_score=score,
        landmarks=tuple((float(x), float(y)) for x, y in landmarks),
    )
