"""Finds the parts of a large picture that may show a small face: those with detail of its size.

A face 24 pixels wide is full of edges a few pixels apart. Where a picture is smooth at that scale (sky, walls, all
that is out of focus, every part of an enlarged picture) there is none, and the detector need not look.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.vision.arrays import FloatArray, ImageGrey, ImageRGB
from fer.vision.images import to_grey
from fer.vision.resizing import as_image

# Larger pictures are made smaller. In 12 megapixels, faces of 40 pixels need every one of them: at 2560, one in three
# gives no hint.
MAX_SIDE_PX = 4000
# Mean difference, in grey levels, from the picture at half its size, over a window as wide as such a face. Of
# 40-pixel faces in 12 megapixels 99 % exceed 10, and blurred (sigma 1.5) 8.
MIN_DETAIL = 5.0
# If the time does not allow for all parts with this much detail, the minimum is raised in these steps.
_RAISE, _MOST_DETAIL = 1.15, 100.0
_CELL_PX, _WINDOW_CELLS = 4, 3
# A picture with less contrast than this (standard deviation in grey levels), such as one taken in the dark, has less
# detail everywhere.
_FULL_CONTRAST, _LEAST_CONTRAST = 40.0, 8.0
# So that a face in a window is completely inside the part.
_MARGIN_CELLS = 4
_MIN_CELLS = 8
# The net's sides are multiples of this. Of a part that is a few pixels larger, these are left out of its margins.
_NET_STEP_PX, _TRIM_PX = 32, 8
# A net processes four parts of 1280×720 faster than the whole, whose layers do not fit into a core's cache.
_MAX_AREA_CELLS = 5000
# A rectangle as full as this is not worth dividing.
_FULL = 0.7
# Two halves replace a whole if that saves at least this share of its area.
_WORTH_SAVING = 0.2

Rectangle = tuple[int, int, int, int]
"""Left, top, right, bottom."""


def survey_side_px(longer_px: int) -> int:
    """Return the longer side at which a picture is surveyed for small faces."""
    return min(longer_px, MAX_SIDE_PX)


def places_with_detail(small_rgb: ImageRGB, size_wh: tuple[int, int], *, max_area_px: int) -> list[Rectangle]:
    """Return the parts, in pixels of the picture of ``size_wh``, in which small faces may be.

    ``small_rgb`` is that picture halved to 640…1279 pixels, in which such a face is 9 to 19 pixels wide. If there
    are more than ``max_area_px`` pixels, only the places with the most detail are kept.
    """
    if min(small_rgb.shape[:2]) < _CELL_PX:
        return []
    longer_px = max(size_wh)
    side_px = survey_side_px(longer_px)
    detail = _detail(small_rgb)
    step = _CELL_PX * longer_px / max(small_rgb.shape[:2])
    least = MIN_DETAIL
    cell_area_px = (step * side_px / longer_px) ** 2
    wanted = detail >= MIN_DETAIL
    while _grown(wanted) * cell_area_px > max_area_px and least < _MOST_DETAIL:
        least *= _RAISE
        wanted = detail >= least
    return [_scaled(place, step, size_wh) for place in _covering(wanted)]


def _detail(image_rgb: ImageRGB) -> FloatArray:
    """Return one figure for each cell, the mean over the window around it, as if the picture had full contrast."""
    grey = to_grey(image_rgb)
    height, width = (side // _CELL_PX * _CELL_PX for side in grey.shape)
    # Scaled, not cut: cut to whole cells, three 40-pixel faces of 552 in 12 megapixels are lost.
    grey = as_image(grey if grey.shape == (height, width) else cv2.resize(grey, (width, height)))
    coarse = cv2.resize(grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    differences = cv2.absdiff(grey, as_image(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)))
    cells = cv2.resize(differences, (width // _CELL_PX, height // _CELL_PX), interpolation=cv2.INTER_AREA)
    windows = np.asarray(cv2.blur(as_image(cells).astype(np.float32), (_WINDOW_CELLS, _WINDOW_CELLS)), np.float64)
    contrast = min(_FULL_CONTRAST, max(_LEAST_CONTRAST, float(cv2.meanStdDev(grey)[1][0, 0])))
    return windows * (_FULL_CONTRAST / contrast)


def _covering(wanted: NDArray[np.bool_], left: int = 0, top: int = 0) -> list[Rectangle]:
    """Return rectangles of cells that contain every wanted cell with a margin, and few others."""
    columns, rows = np.flatnonzero(wanted.any(axis=0)), np.flatnonzero(wanted.any(axis=1))
    if not len(columns):
        return []
    tight = wanted[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    left, top = left + int(columns[0]), top + int(rows[0])
    height, width = tight.shape
    whole = (left - _MARGIN_CELLS, top - _MARGIN_CELLS, left + width + _MARGIN_CELLS, top + height + _MARGIN_CELLS)
    fits = _area(whole) <= _MAX_AREA_CELLS
    if max(height, width) <= _MIN_CELLS or (fits and (float(tight.mean()) >= _FULL or _fills(tight, _area(whole)))):
        return [whole]
    if width >= height:
        middle = width // 2
        parts = _covering(tight[:, :middle], left, top) + _covering(tight[:, middle:], left + middle, top)
    else:
        middle = height // 2
        parts = _covering(tight[:middle], left, top) + _covering(tight[middle:], left, top + middle)
    worth_it = sum(map(_area, parts)) <= (1 - _WORTH_SAVING) * _area(whole)
    return parts if worth_it or not fits else [whole]


def _fills(tight: NDArray[np.bool_], area: int) -> bool:
    """Return whether no parts, whose margins all contain what the cells' own do, can be worth it."""
    height, width = tight.shape
    around = np.zeros((height + 2 * _MARGIN_CELLS, width + 2 * _MARGIN_CELLS), np.bool_)
    around[_MARGIN_CELLS:-_MARGIN_CELLS, _MARGIN_CELLS:-_MARGIN_CELLS] = tight
    return float(np.count_nonzero(_with_margins(around))) > (1 - _WORTH_SAVING) * area


def _with_margins(wanted: NDArray[np.bool_]) -> ImageGrey:
    around = np.ones((2 * _MARGIN_CELLS + 1, 2 * _MARGIN_CELLS + 1), np.uint8)
    return as_image(cv2.dilate(wanted.astype(np.uint8), around))


def _grown(wanted: NDArray[np.bool_]) -> float:
    """Return the number of wanted cells with their margins, and a quarter of what rectangles contain besides."""
    return 1.25 * float(np.count_nonzero(_with_margins(wanted)))


def _area(place: Rectangle) -> int:
    left, top, right, bottom = place
    return (right - left) * (bottom - top)


def _scaled(place: Rectangle, step: float, size_wh: tuple[int, int]) -> Rectangle:
    left, top, right, bottom = (round(cells * step) for cells in place)
    left, right = _trimmed(left, right, size_wh[0])
    top, bottom = _trimmed(top, bottom, size_wh[1])
    return left, top, right, bottom


def _trimmed(start: int, end: int, side_px: int) -> tuple[int, int]:
    """Leave out what is outside the picture, and a little of the margins where that spares the net a whole step."""
    start, end = max(0, start), min(side_px, end)
    excess, inner = (end - start) % _NET_STEP_PX, (start > 0) + (end < side_px)
    if inner and excess <= _TRIM_PX:
        before = excess // inner if start > 0 else 0
        start, end = start + before, end - (excess - before if end < side_px else 0)
    return start, end
