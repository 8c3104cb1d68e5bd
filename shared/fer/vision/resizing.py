"""Shrinks, pads, turns and crops pictures for a detector, and maps its faces back."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from fer.domain import Face
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import Matrix, inverted, moved, scaled, turned

FaceMap = Callable[[Face], Face]


def as_image(array: object) -> ImageRGB:
    """Narrow what OpenCV's stubs leave open: uint8 pictures stay uint8."""
    return np.asarray(array, dtype=np.uint8)


def fitted(image_rgb: ImageRGB, *, max_side_px: int, min_side_px: int = 1) -> tuple[ImageRGB, FaceMap]:
    """Scale so that the longer side lies between the limits; return it and the map of faces back."""
    height, width = image_rgb.shape[:2]
    longer = max(height, width)
    factor = min(max_side_px, max(longer, min_side_px)) / longer
    if factor == 1:
        return image_rgb, lambda face: face
    size_wh = (max(1, round(width * factor)), max(1, round(height * factor)))
    source = halved(image_rgb, min_side_px=max(size_wh))
    share = image_rgb.shape[1] // source.shape[1]
    back = (share * source.shape[1] / size_wh[0], share * source.shape[0] / size_wh[1])
    if source.shape[1::-1] == size_wh:
        return source, lambda face: scaled(face, back)
    # What is left of the way down is less than a half, for which two pixels each are enough and ten times as fast.
    return as_image(cv2.resize(source, size_wh, interpolation=cv2.INTER_LINEAR)), lambda face: scaled(face, back)


def halved(image_rgb: ImageRGB, *, min_side_px: int) -> ImageRGB:
    """Halve both sides for as long as the longer one keeps ``min_side_px``; an odd last row or column is left out.

    Averaging four pixels takes a tenth of the time of averaging over parts of pixels: of 12 megapixels on their way
    to 640×480 it spares 30 ms.
    """
    while max(image_rgb.shape[:2]) // 2 >= min_side_px and min(image_rgb.shape[:2]) >= 2:
        height, width = (side // 2 for side in image_rgb.shape[:2])
        even = image_rgb[: 2 * height, : 2 * width]
        image_rgb = as_image(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
    return image_rgb


def padded(image_rgb: ImageRGB, *, border_px: int) -> tuple[ImageRGB, FaceMap]:
    """Add a replicated border on every side; return it and the map of faces back."""
    sides = (border_px, border_px, border_px, border_px)
    image = as_image(cv2.copyMakeBorder(image_rgb, *sides, cv2.BORDER_REPLICATE))
    return image, lambda face: moved(face, (-border_px, -border_px))


def padded_to_multiple(image_rgb: ImageRGB, step_px: int) -> ImageRGB:
    """Add black below and to the right so that both sides are multiples of ``step_px``; coordinates stay."""
    height, width = image_rgb.shape[:2]
    below, right = -height % step_px, -width % step_px
    if not below and not right:
        return image_rgb
    return as_image(cv2.copyMakeBorder(image_rgb, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(0, 0, 0)))


def rotated(image_rgb: ImageRGB, *, clockwise_deg: float) -> tuple[ImageRGB, FaceMap]:
    """Turn the whole picture on a canvas that holds it; return it and the map of faces back."""
    height, width = image_rgb.shape[:2]
    angle = math.radians(clockwise_deg)
    cosine, sine = math.cos(angle), math.sin(angle)
    new_width = round(abs(width * cosine) + abs(height * sine))
    new_height = round(abs(width * sine) + abs(height * cosine))
    linear = np.array([[cosine, -sine], [sine, cosine]])
    # Pixel centres lie at half pixels in face coordinates and at whole ones in OpenCV's.
    shift = np.array([new_width / 2, new_height / 2]) - linear @ np.array([width / 2, height / 2])
    matrix: Matrix = np.column_stack([linear, shift])
    half = np.array([0.5, 0.5])
    matrix_cv = np.column_stack([linear, linear @ half + shift - half])
    image = cv2.warpAffine(
        image_rgb, matrix_cv, (new_width, new_height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    back = inverted(matrix)
    return as_image(image), lambda face: turned(face, back)


def turned_by_quarters(image_rgb: ImageRGB, quarters: int) -> tuple[ImageRGB, FaceMap]:
    """Turn counterclockwise by 1, 2 or 3 quarters, pixel by pixel; return it and the map of faces back."""
    height, width = image_rgb.shape[:2]
    back: Matrix = np.array(
        {
            1: [[0.0, -1.0, width], [1.0, 0.0, 0.0]],
            2: [[-1.0, 0.0, width], [0.0, -1.0, height]],
            3: [[0.0, 1.0, 0.0], [-1.0, 0.0, height]],
        }[quarters]
    )
    return np.ascontiguousarray(np.rot90(image_rgb, quarters)), lambda face: turned(face, back)


def crop_around(image_rgb: ImageRGB, face: Face, *, side_px: float, cells: int) -> tuple[ImageRGB, FaceMap]:
    """Return ``cells``² pixels that show a square of ``side_px`` around the face, and the map of faces back.

    At the picture's edge the square is moved inwards, and where it is larger than the picture, shrunk to it.
    """
    height, width = image_rgb.shape[:2]
    side = max(1, round(min(side_px, width, height)))
    x, y, face_width, face_height = face.box_xywh
    left = round(min(max(x + (face_width - side) / 2, 0), width - side))
    top = round(min(max(y + (face_height - side) / 2, 0), height - side))
    cut = image_rgb[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > cells else cv2.INTER_LINEAR
    crop_rgb = as_image(cv2.resize(cut, (cells, cells), interpolation=how))
    factor = side / cells
    return crop_rgb, lambda found: moved(scaled(found, (factor, factor)), (left, top))
