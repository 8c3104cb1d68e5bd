"""Shrinks, pads and turns pictures for a detector, and maps its faces back."""

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
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    back = (width / size_wh[0], height / size_wh[1])
    return as_image(cv2.resize(image_rgb, size_wh, interpolation=how)), lambda face: scaled(face, back)


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
