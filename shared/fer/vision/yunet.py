"""YuNet through OpenCV (Wu, Peng and Yu: YuNet, a tiny millisecond-level face detector, 2023)."""

from pathlib import Path

import cv2
import numpy as np

from fer.domain import Face
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import merge_faces
from fer.vision.pool import Pool
from fer.vision.resizing import as_image, fitted, padded_to
from fer.vision.retries import find_with_retries

YUNET_FILE = "face_detection_yunet_2023mar.onnx"

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
# Below 33 px, OpenCV's YuNet can return scores of 1 with boxes of 1e32.
MIN_PADDED_SIDE_PX = 64
_NMS_IOU = 0.3
_TOP_K = 1000


class YuNetDetector:
    """Detector with five landmarks; ``models_dir`` holds ``face_detection_yunet_2023mar.onnx``."""

    name = "yunet"
    min_retry_score = MIN_RETRY_SCORE

    def __init__(self, models_dir: Path) -> None:
        path = str(models_dir / YUNET_FILE)
        size_wh = (FIRST_SIDE_PX, FIRST_SIDE_PX)
        self._nets = Pool(lambda: cv2.FaceDetectorYN.create(path, "", size_wh, MIN_SCORE, _NMS_IOU, _TOP_K))

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
        small_bgr = as_image(cv2.cvtColor(padded_to(small, min_side_px=MIN_PADDED_SIDE_PX), cv2.COLOR_RGB2BGR))
        with self._nets.lend() as net:
            net.setInputSize((small_bgr.shape[1], small_bgr.shape[0]))
            found = net.detect(small_bgr)[1]
        if found is None:  # pyright: ignore[reportUnnecessaryComparison]  # the stubs do not know
            return []
        rows = np.asarray(found, dtype=np.float64)  # (N, 15): box, five landmarks, score
        return [back(_face(row)) for row in rows if _is_sound(row, small)]


def _is_sound(row: np.ndarray[tuple[int, ...], np.dtype[np.float64]], image_rgb: ImageRGB) -> bool:
    limit = 4 * max(MIN_PADDED_SIDE_PX, *image_rgb.shape[:2])
    return bool(np.isfinite(row).all() and (np.abs(row[:14]) < limit).all() and (row[2:4] > 1).all())


def _face(row: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Face:
    x, y, width, height = row[:4].tolist()
    points = row[4:14].reshape(5, 2).tolist()
    return Face(
        box_xywh=(x, y, width, height),
        detection_score=min(1.0, float(row[14])),
        landmarks=tuple((px, py) for px, py in points),
    )
