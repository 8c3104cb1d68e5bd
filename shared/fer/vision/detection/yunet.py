"""YuNet (Wu, Peng and Yu: YuNet, a tiny millisecond-level face detector, 2023) on ONNX Runtime."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from fer.domain import Face
from fer.vision.arrays import FloatArray, FloatImage, ImageRGB
from fer.vision.boxes import keep_best, merge_faces, moved, scaled, xywh_to_xyxy
from fer.vision.detection import closer
from fer.vision.detection.detector_files import YUNET_FILE
from fer.vision.detection.looks import Sight, find_faces, mapped
from fer.vision.detection.nets import Net
from fer.vision.detection.survey import places_with_detail, survey_side_px
from fer.vision.detection.yunet_graph import any_size
from fer.vision.resizing import as_image, fitted, halved, padded_to_multiple

# OpenCV's own default of 0.9 misses half of the small faces.
MIN_SCORE = 0.6
# 0.7 finds hardly more turned faces and doubles what retries find in face-free pictures; 0.9 loses one in twenty.
MIN_RETRY_SCORE = 0.8
# Of faces from 24 network pixels on, 96 % give at least such a response, of those from 48 on a full one. Boxes of
# faces are higher than wide, which many of the other weak responses are not.
WEAK_SCORE = 0.02
WEAK_FACE_PX = 24
SMALL_HINT_PX = 64
HINT_FORMS = (0.68, 0.95)
# Recall falls for faces above 400 network pixels, so large pictures are always made smaller...
FIRST_SIDE_PX = 640
# ...and frames of a video looked at once more at this size when the first look found nothing or only small faces.
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

    def detect(self, image_rgb: ImageRGB, sight: Sight | None = None) -> list[Face]:
        """Return the faces of uint8 (H, W, 3), largest first."""
        return find_faces(self, image_rgb, sight)

    def first_look(self, image_rgb: ImageRGB) -> Sight:
        """Look at the whole picture, made small."""
        small = halved(image_rgb, min_side_px=FIRST_SIDE_PX)
        share = image_rgb.shape[1] // small.shape[1]
        fed, back = fitted(small, max_side_px=FIRST_SIDE_PX, min_side_px=MIN_INPUT_SIDE_PX)
        seen = mapped(self._sight(fed), lambda face: scaled(back(face), (share, share)))
        return replace(seen, small_rgb=small)

    def look_closer(self, image_rgb: ImageRGB, sight: Sight) -> list[Face]:
        """Return the faces of ``sight`` and the small ones: of a large picture first where it has detail."""
        faces, hints = sight.faces, sight.hints
        size_wh = (image_rgb.shape[1], image_rgb.shape[0])
        effort = closer.effort_for(faces, size_wh)
        if max(size_wh) > FIRST_SIDE_PX and sight.small_rgb is not None:
            places = places_with_detail(sight.small_rgb, size_wh, max_area_px=effort.max_area_px)
            sights = [self._sight_of(image_rgb, place) for place in places]
            seen = (face for each in sights for face in each.faces + each.hints)
            hints = sorted(seen, key=lambda face: -face.detection_score)
        return closer.look_closer(self.look, image_rgb, faces, hints, effort=effort)

    def find_once(self, image_rgb: ImageRGB) -> list[Face]:
        """Look at the whole picture once, or twice where it is large and shows only small faces: for live video."""
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
        """Return the faces of the picture as it is, the most certain first."""
        return _faces(self._rows(image_rgb, MIN_SCORE))

    def _sight_of(self, image_rgb: ImageRGB, place: tuple[int, int, int, int]) -> Sight:
        left, top, right, bottom = place
        share = survey_side_px(max(image_rgb.shape[:2])) / max(image_rgb.shape[:2])
        side_px = round(share * max(right - left, bottom - top))
        part, back = fitted(image_rgb[top:bottom, left:right], max_side_px=side_px)
        return mapped(self._sight(part), lambda face: moved(back(face), (left, top)))

    def _sight(self, image_rgb: ImageRGB) -> Sight:
        rows = self._rows(image_rgb, WEAK_SCORE)
        sure = rows[:, 14] >= MIN_SCORE
        return Sight(faces=_faces(rows[sure]), hints=_hints(rows[~sure]))

    def _rows(self, image_rgb: ImageRGB, min_score: float) -> FloatArray:
        """Return what ``decode`` gives, the most certain first, without impossible boxes."""
        fed_bgr = padded_to_multiple(as_image(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR)), _STRIDES_PX[-1])
        rows = decode(self._net.run(fed_bgr[None]), width_px=fed_bgr.shape[1], min_score=min_score)
        if not len(rows):
            return rows
        sound = _sound(rows, limit_px=4 * max(fed_bgr.shape[:2]))
        return sound[np.argsort(-sound[:, 14], kind="stable")[:_TOP_K]]


def _faces(rows: FloatArray) -> list[Face]:
    if not len(rows):
        return []
    return [_face(rows[i]) for i in keep_best(xywh_to_xyxy(rows[:, :4]), rows[:, 14], max_overlap=_NMS_IOU)]


def _hints(rows: FloatArray) -> list[Face]:
    """Return the weak responses that may be small faces, by size, score and form."""
    if not len(rows):
        return []
    sizes, forms = np.sqrt(rows[:, 2] * rows[:, 3]), rows[:, 2] / rows[:, 3]
    enough = rows[:, 14] >= WEAK_SCORE * np.maximum(1, sizes / WEAK_FACE_PX) ** 2.5
    rows = rows[enough & (sizes < SMALL_HINT_PX) & (forms > HINT_FORMS[0]) & (forms < HINT_FORMS[1])]
    kept = keep_best(xywh_to_xyxy(rows[:, :4]), rows[:, 14], max_overlap=_NMS_IOU)
    return [
        Face(box_xywh=(x, y, w, h), detection_score=s) for x, y, w, h, s in rows[kept][:, [0, 1, 2, 3, 14]].tolist()
    ]


def decode(outputs: list[FloatImage], *, width_px: int, min_score: float) -> FloatArray:
    """Return (N, 15) rows of box x, y, w, h, five landmarks and score, from the net's twelve outputs.

    For each stride, a cell's certainty is the root of class times objectness; its box and its landmarks are offsets
    from the cell's corner, and the box's sides logarithms, in units of the stride.
    """
    levels = [np.empty((0, 15))]
    for level, stride in enumerate(_STRIDES_PX):
        kind, is_object, boxes, points = (output[0] for output in outputs[4 * level : 4 * level + 4])
        certainty = kind[:, 0] * is_object[:, 0]
        cells = np.flatnonzero(certainty >= min_score**2)
        if not len(cells):  # what follows would take as long as the net takes for a small crop
            continue
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
    """Leave out what cannot be a face, such as the infinite box that a meaningless picture may give."""
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
