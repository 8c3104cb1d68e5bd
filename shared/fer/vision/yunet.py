"""YuNet through OpenCV's FaceDetectorYN (Wu, Peng & Yu 2023, "YuNet: a tiny millisecond-level face detector")."""

from pathlib import Path
from typing import Any, Final, cast

import cv2
import numpy as np

from fer.domain import Face
from fer.errors import CorruptData, NotFound
from fer.vision.arrays import FloatImage, ImageRGB
from fer.vision.boxes import largest_first, non_maximum_suppression
from fer.vision.pool import Pool

FILE_NAME: Final = "face_detection_yunet_2023mar.onnx"

# At the library's own 0.9 half of the smaller faces are missed; at 0.6 there is one false face in seven pictures.
SCORE_THRESHOLD: Final = 0.6
NMS_IOU: Final = 0.3
# Recall falls again for faces above 400 network pixels, so the first pass is always small.
FIRST_SIDE_PX: Final = 640
SECOND_SIDE_PX: Final = 1280
# A face below this side in the first pass means that there may be others too small for it.
SMALL_FACE_PX: Final = 64
# With a side of 32 px or less OpenCV 4.14 can answer with infinite boxes and a score of 1.
SMALLEST_SIDE_PX: Final = 64


class YuNetDetector:
    """The default detector: fast, sees faces that are half hidden, dark or rolled up to about 30°."""

    name = "yunet"

    def __init__(self, models_dir: Path) -> None:
        path = models_dir / FILE_NAME
        if not path.is_file():
            raise NotFound(f"{path} is missing; `make models` fetches it.")
        self._pool: Pool[Any] = Pool(lambda: _open(path))

    def detect(self, image_rgb: ImageRGB) -> list[Face]:
        """Find the faces of uint8 (H, W, 3), largest first; large pictures are looked at twice."""
        longest_px = max(image_rgb.shape[:2])
        faces = self._look(image_rgb, side_px=min(FIRST_SIDE_PX, longest_px))
        scale = min(1.0, FIRST_SIDE_PX / longest_px)
        if longest_px > FIRST_SIDE_PX and _all_small(faces, scale):
            faces += self._look(image_rgb, side_px=min(SECOND_SIDE_PX, longest_px))
        return largest_first(non_maximum_suppression(faces, iou_threshold=NMS_IOU))

    def _look(self, image_rgb: ImageRGB, *, side_px: int) -> list[Face]:
        height_px, width_px = image_rgb.shape[:2]
        scale = side_px / max(height_px, width_px)
        size_wh = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
        small = image_rgb
        if size_wh != (width_px, height_px):
            small = cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_AREA)
        padded = cv2.copyMakeBorder(
            cv2.cvtColor(small, cv2.COLOR_RGB2BGR),
            0,
            max(0, SMALLEST_SIDE_PX - size_wh[1]),
            0,
            max(0, SMALLEST_SIDE_PX - size_wh[0]),
            cv2.BORDER_REPLICATE,
        )
        with self._pool.lend() as detector:
            detector.setInputSize((padded.shape[1], padded.shape[0]))
            found = cast("FloatImage | None", detector.detect(padded)[1])
        ratios = np.array([width_px / size_wh[0], height_px / size_wh[1]])
        return [] if found is None else [face for row in found if (face := _face(row, ratios)) is not None]


def _open(path: Path) -> Any:
    try:
        return cv2.FaceDetectorYN.create(str(path), "", (320, 320), SCORE_THRESHOLD, NMS_IOU, 5000)
    except cv2.error as error:
        raise CorruptData(f"{path} is not YuNet's model.") from error


def _face(row: FloatImage, ratios: FloatImage) -> Face | None:
    """One row of 15 numbers: box, five landmarks, score; None where it is not a box at all."""
    values = row.astype(np.float64)
    if not np.isfinite(values).all() or np.abs(values[:14]).max() > 1e5 or min(values[2:4]) < 1:
        return None
    box = (values[:4].reshape(2, 2) * ratios).ravel()
    landmarks = values[4:14].reshape(5, 2) * ratios
    return Face(
        box_xywh=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        detection_score=float(min(values[14], 1.0)),
        landmarks=tuple((float(x), float(y)) for x, y in landmarks),
    )


def _all_small(faces: list[Face], scale: float) -> bool:
    return all(max(face.box_xywh[2:]) * scale < SMALL_FACE_PX for face in faces)
