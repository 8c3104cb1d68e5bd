"""YuNet (Wu, Peng and Yu: YuNet, a tiny millisecond-level face detector, 2023) on ONNX Runtime."""

from pathlib import Path

import cv2
import numpy as np

from fer.domain import Face
from fer.vision.arrays import FloatArray, FloatImage, ImageRGB
from fer.vision.boxes import keep_best, merge_faces, xywh_to_xyxy
from fer.vision.detection.detector_files import YUNET_FILE
from fer.vision.detection.nets import Net
from fer.vision.detection.retries import find_with_retries
from fer.vision.detection.yunet_graph import any_size
from fer.vision.resizing import as_image, fitted, padded_to_multiple

# OpenCV's own default of 0.9 misses half of the small faces.
MIN_SCORE = 0.6
# 0.7 finds hardly more turned faces and doubles what retries find in face-free pictures; 0.9 loses one in twenty.
MIN_RETRY_SCORE = 0.8
# Recall falls for faces above 400 network pixels, so large pictures are always made smaller...
FIRST_SIDE_PX = 640
# ...and looked at once more at this size when the first look found nothing or only small faces.
SECOND_SIDE_PX = 1280
SMALL_FACE_PX = 64
# Faces are found reliably from about 96 network pixels on: thumbnails are enlarged.
MIN_INPUT_SIDE_PX = 160
_STRIDES_PX = (8, 16, 32)
_NMS_IOU = 0.3
_TOP_K = 1000
_HEADS = ("cls", "obj", "bbox", "kps")


class YuNetDetector:
    """Detector with five landmarks; ``models_dir`` holds ``face_detection_yunet_2023mar.onnx``."""

    name = "yunet"
    min_retry_score = MIN_RETRY_SCORE

    def __init__(self, models_dir: Path) -> None:
        outputs = [f"{head}_{stride}" for stride in _STRIDES_PX for head in _HEADS]
        self._net = Net(any_size((models_dir / YUNET_FILE).read_bytes()), name=YUNET_FILE, outputs=outputs)

    def detect(self, image_rgb: ImageRGB) -> list[Face]:
        """Return the faces of uint8 (H, W, 3), largest first."""
        return find_with_retries(self.find_once, image_rgb, min_retry_score=self.min_retry_score)

    def find_once(self, image_rgb: ImageRGB) -> list[Face]:
        faces = self._find_at(image_rgb, FIRST_SIDE_PX)
        longer = max(image_rgb.shape[:2])
        if longer <= FIRST_SIDE_PX:
            return faces
        largest = max((max(face.box_xywh[2:]) for face in faces), default=0.0) * FIRST_SIDE_PX / longer
        if largest >= SMALL_FACE_PX:
            return faces
        return merge_faces(faces + self._find_at(image_rgb, SECOND_SIDE_PX))

    def _find_at(self, image_rgb: ImageRGB, max_side_px: int) -> list[Face]:
        small, back = fitted(image_rgb, max_side_px=max_side_px, min_side_px=MIN_INPUT_SIDE_PX)
        return [back(face) for face in self.look(small)]

    def look(self, image_rgb: ImageRGB) -> list[Face]:
        """Return the faces of the picture as it is, surest first."""
        fed_bgr = padded_to_multiple(as_image(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)), _STRIDES_PX[-1])
        rows = decode(self._net.run(fed_bgr[None]), width_px=fed_bgr.shape[1], min_score=MIN_SCORE)
        sound = _sound(rows, limit_px=4 * max(fed_bgr.shape[:2]))
        best = sound[np.argsort(-sound[:, 14], kind="stable")[:_TOP_K]]
        return [_face(best[i]) for i in keep_best(xywh_to_xyxy(best[:, :4]), best[:, 14], max_overlap=_NMS_IOU)]


def decode(outputs: list[FloatImage], *, width_px: int, min_score: float) -> FloatArray:
    """Return (N, 15) rows of box x, y, w, h, five landmarks and score, from the net's twelve outputs.

    For each stride, a cell's certainty is the root of class times objectness; its box and its landmarks are offsets
    from the cell's corner, and the box's sides logarithms, in units of the stride.
    """
    levels: list[FloatArray] = []
    for level, stride in enumerate(_STRIDES_PX):
        kind, is_object, boxes, points = (output[0] for output in outputs[4 * level : 4 * level + 4])
        certainty = kind[:, 0] * is_object[:, 0]
        cells = np.flatnonzero(certainty >= min_score**2)
        rows = np.empty((len(cells), 15))
        corner = np.stack([cells % (width_px // stride), cells // (width_px // stride)], axis=1)
        with np.errstate(over="ignore"):
            sides = np.exp(boxes[cells, 2:].astype(np.float64))
        rows[:, :2] = corner + boxes[cells, :2] - sides / 2
        rows[:, 2:4] = sides
        rows[:, 4:14] = np.tile(corner, 5) + points[cells]
        rows[:, :14] *= stride
        rows[:, 14] = np.sqrt(certainty[cells])
        levels.append(rows)
    return np.concatenate(levels)


def _sound(rows: FloatArray, *, limit_px: float) -> FloatArray:
    """Leave out what cannot be a face, such as the box without end that a picture without sense may give."""
    near = np.isfinite(rows).all(axis=1) & (np.abs(rows[:, :14]).max(axis=1) < limit_px)
    return rows[near & (rows[:, 2:4].min(axis=1) > 1)]


def _face(row: FloatArray) -> Face:
    x, y, width, height = row[:4].tolist()
    points = row[4:14].reshape(5, 2).tolist()
    return Face(
        box_xywh=(x, y, width, height),
        detection_score=min(1.0, float(row[14])),
        landmarks=tuple((px, py) for px, py in points),
    )
