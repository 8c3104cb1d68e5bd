"""Square crops, straight or rolled, of any size and reaching over the picture's edge if need be."""

import math
from typing import cast

import cv2
import numpy as np

from fer.domain import Point
from fer.vision.arrays import FloatArray, ImageRGB


def crop_square(
    image_rgb: ImageRGB, *, centre_xy: Point, side_px: float, roll_rad: float, out_px: int
) -> tuple[ImageRGB, FloatArray]:
    """Cut a square turned by ``roll_rad`` (clockwise on the screen), scaled to ``out_px``; edges are replicated.

    Returns uint8 (out_px, out_px, 3) and the affine 2×3 matrix from the crop's pixels to the picture's. Large
    squares are averaged while they shrink, so that the crop of a face does not flicker with a shift of a pixel.
    """
    region, (left, top) = _region(image_rgb, centre_xy, side_px, roll_rad)
    # Twice the wanted size is cut, then averaged by two: a shift by part of a pixel blurs less that way.
    cut_px = 2 * out_px
    shrink = min(1.0, cut_px / side_px)
    if shrink < 1.0:
        size_wh = (max(1, round(region.shape[1] * shrink)), max(1, round(region.shape[0] * shrink)))
        ratios = np.array([size_wh[0] / region.shape[1], size_wh[1] / region.shape[0]])
        region = cast("ImageRGB", cv2.resize(region, size_wh, interpolation=cv2.INTER_AREA))
    else:
        ratios = np.ones(2)
    to_picture = _crop_to_picture(centre_xy, side_px, roll_rad, cut_px)
    to_region = (to_picture - [[0, 0, left - 0.5], [0, 0, top - 0.5]]) * ratios[:, None] - [[0, 0, 0.5], [0, 0, 0.5]]
    cut = cv2.warpAffine(
        region,
        to_region,
        (cut_px, cut_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    crop = cv2.resize(cut, (out_px, out_px), interpolation=cv2.INTER_AREA)
    return cast("ImageRGB", crop), _crop_to_picture(centre_xy, side_px, roll_rad, out_px)


def _crop_to_picture(centre_xy: Point, side_px: float, roll_rad: float, out_px: int) -> FloatArray:
    """Pixel centres of the crop to pixel centres of the picture; ``centre_xy`` is a point between pixels."""
    step = side_px / out_px
    cos, sin = math.cos(roll_rad) * step, math.sin(roll_rad) * step
    middle = (out_px - 1) / 2
    return np.array(
        [
            [cos, -sin, centre_xy[0] - 0.5 - cos * middle + sin * middle],
            [sin, cos, centre_xy[1] - 0.5 - sin * middle - cos * middle],
        ]
    )


def _region(
    image_rgb: ImageRGB, centre_xy: Point, side_px: float, roll_rad: float
) -> tuple[ImageRGB, tuple[int, int]]:
    """The part of the picture that the turned square covers, and its top left; at least one pixel."""
    height_px, width_px = image_rgb.shape[:2]
    reach = side_px / 2 * (abs(math.cos(roll_rad)) + abs(math.sin(roll_rad))) + 2
    left = min(max(0, math.floor(centre_xy[0] - reach)), width_px - 1)
    top = min(max(0, math.floor(centre_xy[1] - reach)), height_px - 1)
    right = max(left + 1, min(width_px, math.ceil(centre_xy[0] + reach)))
    bottom = max(top + 1, min(height_px, math.ceil(centre_xy[1] + reach)))
    return image_rgb[top:bottom, left:right], (left, top)
