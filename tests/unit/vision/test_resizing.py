"""Pictures made smaller, turned and cropped: a face that is found there comes back to where it is."""

import numpy as np
import pytest

from fer.domain import Face
from fer.vision.resizing import crop_around, fitted, halved, turned_by_quarters
from tests.pictures import Picture

GREY = 100


def with_spot(size_wh: tuple[int, int], box: tuple[int, int, int, int]) -> Picture:
    picture = np.full((size_wh[1], size_wh[0], 3), GREY, np.uint8)
    x, y, width, height = box
    picture[y : y + height, x : x + width] = 255
    return picture


def spot(picture: Picture) -> Face:
    """The white rectangle of a picture, as a face whose landmarks are its corners and its middle."""
    rows, columns = np.nonzero(picture[..., 0] > (GREY + 255) // 2)
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    corners = ((left, top), (right, top), ((left + right) / 2, (top + bottom) / 2), (left, bottom), (right, bottom))
    box = (float(left), float(top), float(right - left), float(bottom - top))
    return Face(box_xywh=box, detection_score=1, landmarks=tuple((float(x), float(y)) for x, y in corners))


@pytest.mark.parametrize("size_wh", [(700, 500), (1281, 961), (4000, 3000), (2999, 301), (301, 2999)], ids=str)
def test_a_picture_made_smaller_leads_back(size_wh: tuple[int, int]) -> None:
    box = (size_wh[0] // 2, size_wh[1] // 3, 96, 128)
    small, back = fitted(with_spot(size_wh, box), max_side_px=320)
    assert max(small.shape[:2]) == 320
    step_px = max(size_wh) / 320
    np.testing.assert_allclose(back(spot(small)).box_xywh, box, atol=1.5 * step_px)


def test_halves_average_four_pixels() -> None:
    picture = np.zeros((6, 9, 3), np.uint8)
    picture[0, 0] = 200
    small = halved(picture, min_side_px=4)
    assert small.shape == (3, 4, 3)
    assert small[0, 0].tolist() == [50, 50, 50]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 64, 3), (640, 1, 3)], ids=str)
def test_what_is_too_thin_is_not_halved(shape: tuple[int, int, int]) -> None:
    assert halved(np.zeros(shape, np.uint8), min_side_px=1).shape == shape


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_lead_back(quarters: int) -> None:
    picture = with_spot((70, 50), (40, 10, 12, 8))
    turned, back = turned_by_quarters(picture, quarters)
    assert np.array_equal(np.rot90(turned, -quarters), picture)
    face = back(spot(turned))
    assert face.box_xywh == pytest.approx((40, 10, 12, 8))
    assert face.landmarks is not None
    assert face.landmarks[2] == pytest.approx((46, 14))


@pytest.mark.parametrize("corner", [(0, 0), (85, 65), (40, 30)], ids=["corner", "far-corner", "middle"])
@pytest.mark.parametrize("side_px", [40.0, 60.0, 500.0])
def test_a_crop_leads_back(corner: tuple[int, int], side_px: float) -> None:
    picture = with_spot((100, 80), (*corner, 15, 15))
    crop, back = crop_around(picture, spot(picture), side_px=side_px, cells=160)
    assert crop.shape == (160, 160, 3)
    if side_px == 500:  # the whole height, moved so that it lies inside
        side_px = 80
    np.testing.assert_allclose(back(spot(crop)).box_xywh, (*corner, 15, 15), atol=1)
