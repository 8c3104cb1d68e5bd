"""Boxes and labels on any picture, and the encoders."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer.domain import Face, Prediction
from fer.vision.annotation import ImageFormat, annotate, encode_image
from fer.vision.images import decode_image
from fer.vision.labels import COLOURS, INK
from tests.pictures import Picture, astronaut

GOLDEN = Path(__file__).parent / "data" / "annotated.png"
PHOTO = astronaut()
HAPPY = COLOURS["happy"]


def a_prediction(box: tuple[float, float, float, float]) -> Prediction:
    scores = (0.005, 0.005, 0.0, 0.98, 0.01, 0.0, 0.0)
    return Prediction(face=Face(box_xywh=box, detection_score=0.9), scores=scores)


ON_PHOTO = a_prediction((178, 63, 90, 113))


def test_annotated_photo_looks_as_it_should(tmp_path: Path) -> None:
    small = np.asarray(cv2.resize(PHOTO, (256, 256), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    actual = annotate(small, [a_prediction((89, 31, 45, 57)), a_prediction((10, 200, 20, 25))])
    expected = decode_image(GOLDEN.read_bytes())
    difference = np.abs(actual.astype(int) - expected)
    if difference.mean() > 0.5:  # letters may be drawn a shade differently by another Pillow
        for name, image in (("actual", actual), ("difference", difference.astype(np.uint8))):
            (tmp_path / f"{name}.png").write_bytes(encode_image(image, "png"))
        pytest.fail(f"mean difference {difference.mean():.2f}; see {tmp_path} and {GOLDEN}")


def test_the_input_is_not_modified() -> None:
    before = PHOTO.copy()
    annotate(PHOTO, [ON_PHOTO])
    assert (before == PHOTO).all()


def test_without_faces_the_picture_stays() -> None:
    image = annotate(PHOTO, [])
    assert (image == PHOTO).all()
    assert image is not PHOTO


def test_picture_above_the_limit_is_scaled_down_with_its_boxes() -> None:
    image = annotate(PHOTO, [ON_PHOTO], max_pixels=256 * 256)
    assert image.shape == (256, 256, 3)
    changed = np.argwhere(np.abs(image.astype(int) - annotate(PHOTO, [], max_pixels=256 * 256)).max(axis=2) > 60)
    assert changed[:, 1].max() < 200
    assert changed[:, 0].max() == pytest.approx((63 + 113) / 2, abs=3)


@pytest.mark.parametrize("max_pixels", [200_000, 100_000, 65_536, 30_000], ids=lambda pixels: f"{pixels}-pixels")
def test_a_smaller_picture_is_the_average_of_the_larger_one(max_pixels: int) -> None:
    image = annotate(PHOTO, [], max_pixels=max_pixels)
    expected = cv2.resize(PHOTO, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_AREA)
    assert image.shape[0] * image.shape[1] <= max_pixels
    assert np.abs(image.astype(int) - expected).mean() < 2.5
    assert abs(image.mean() - expected.mean()) < 0.2  # nothing is shifted or darkened


@settings(max_examples=40, deadline=None)
@given(
    st.integers(16, 3000),
    st.integers(16, 600),
    st.tuples(st.floats(-0.5, 1), st.floats(-0.5, 1), st.floats(0.001, 2), st.floats(0.001, 2)),
)
def test_any_picture_with_any_box_can_be_annotated(
    width: int, height: int, part: tuple[float, float, float, float]
) -> None:
    box = (part[0] * width, part[1] * height, part[2] * width, part[3] * height)
    image = annotate(np.full((height, width, 3), 128, np.uint8), [a_prediction(box)])
    assert image.shape == (height, width, 3)
    if box[0] < width and box[1] < height and box[0] + box[2] > 0 and box[1] + box[3] > 0:
        assert (image != 128).any()


@pytest.mark.parametrize("ground", [0, 40, 128, 215, 255])
@pytest.mark.parametrize("size_wh", [(64, 64), (200, 150), (640, 480), (2400, 1600)])
def test_box_and_label_stand_out_on_any_ground(ground: int, size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    box = (width * 0.3, height * 0.4, width * 0.4, height * 0.4)
    image = annotate(np.full((height, width, 3), ground, np.uint8), [a_prediction(box)])
    across = image[int(height * 0.65)]  # through the middle of the box, below the label
    for colour in (HAPPY, INK):  # a dark line beside a bright one: one of the two is far from any ground
        assert (across == colour).all(axis=1).any()


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((5, 0, 60, 60), id="at-the-top"),
        pytest.param((0, 0, 200, 150), id="whole-picture"),
        pytest.param((170, 120, 60, 60), id="over-the-corner"),
        pytest.param((-30, -30, 60, 60), id="over-the-origin"),
    ],
)
def test_label_stays_inside(box: tuple[float, float, float, float]) -> None:
    inner = np.full((150, 200, 3), 128, np.uint8)
    plate = (annotate(inner, [a_prediction(box)]) == HAPPY).all(axis=2)
    assert (plate.sum(axis=1) > 40).sum() > 6  # the plate is there, for it has more full rows than lines have


def test_each_expression_has_its_colour() -> None:
    scores = (0.9, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0)
    angry = Prediction(face=ON_PHOTO.face, scores=scores)
    assert (annotate(PHOTO, [angry]) == COLOURS["angry"]).all(axis=2).sum() > 500


@pytest.mark.parametrize(("image_format", "magic"), [("png", b"\x89PNG"), ("jpeg", b"\xff\xd8"), ("webp", b"RIFF")])
@pytest.mark.parametrize("size_wh", [(16, 16), (640, 480), (3, 20000)])
def test_encoded_picture_can_be_read_again(image_format: ImageFormat, magic: bytes, size_wh: tuple[int, int]) -> None:
    image: Picture = np.full((size_wh[1], size_wh[0], 3), (200, 100, 50), np.uint8)
    data = encode_image(image, image_format)
    assert data.startswith(magic)
    if min(size_wh) >= 16:
        again = decode_image(data)
        assert again.shape == image.shape
        assert np.abs(again.astype(int) - image).max() <= 6
