"""The PNG writer, against two independent readers."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from fer.vision.images import decode_image
from fer.vision.png import encode_png
from tests.pictures import astronaut, encode, two_faces

Picture = NDArray[np.uint8]
SIZES = [(1, 1), (1, 7), (7, 1), (2, 3), (17, 31), (640, 480)]


def read_with_pillow(data: bytes) -> Picture:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return np.asarray(picture)


def read_with_opencv(data: bytes, *, grey: bool) -> Picture:
    flags = cv2.IMREAD_UNCHANGED if grey else cv2.IMREAD_COLOR_RGB
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), flags), np.uint8)


def noise(width: int, height: int, *, grey: bool) -> Picture:
    shape = (height, width) if grey else (height, width, 3)
    return np.random.default_rng(width * height).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("grey", [False, True], ids=["rgb", "grey"])
@pytest.mark.parametrize("size_wh", SIZES)
def test_two_readers_get_back_every_pixel(size_wh: tuple[int, int], grey: bool) -> None:
    image = noise(*size_wh, grey=grey)
    data = encode_png(image)
    for again in (read_with_pillow(data), read_with_opencv(data, grey=grey)):
        assert again.dtype == np.uint8
        assert np.array_equal(again, image)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 90), st.integers(1, 90), st.sampled_from([1, 3]), st.integers(0, 2**32 - 1), st.integers(1, 256)
)
def test_any_picture_comes_back(width: int, height: int, channels: int, seed: int, levels: int) -> None:
    image = np.random.default_rng(seed).integers(0, levels, (height, width, channels), np.uint8)
    image = image[..., 0] if channels == 1 else image
    assert np.array_equal(read_with_pillow(encode_png(image)), image)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(astronaut()[::2, ::3], id="every-other-pixel"),
        pytest.param(astronaut()[:, ::-1], id="mirrored"),
        pytest.param(astronaut().transpose(1, 0, 2), id="transposed"),
        pytest.param(astronaut()[..., ::-1], id="blue-first"),
        pytest.param(astronaut()[..., 1], id="one-channel"),
    ],
)
def test_pictures_that_do_not_lie_in_one_piece_come_back(image: Picture) -> None:
    assert np.array_equal(read_with_pillow(encode_png(image)), image)


def test_every_chunk_has_its_checksum_and_nothing_follows() -> None:
    data, at, kinds = encode_png(astronaut()), 8, list[bytes]()
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", data, at + 8 + length)[0]
        kinds.append(kind)
        at += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]
    assert at == len(data)


def test_our_own_decoder_takes_it_as_plain() -> None:
    assert np.array_equal(decode_image(encode_png(astronaut())), astronaut())


@pytest.mark.parametrize("image", [astronaut(), two_faces()], ids=["astronaut", "two-faces"])
def test_it_is_at_most_a_tenth_larger_than_opencv_makes_it(image: Picture) -> None:
    assert len(encode_png(image)) <= 1.1 * len(encode(image, ".png"))


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert encode_png(astronaut()) == encode_png(astronaut().copy())


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(np.zeros((0, 5, 3), np.uint8), id="no-rows"),
        pytest.param(np.zeros((5, 0), np.uint8), id="no-columns"),
        pytest.param(np.zeros((5, 5, 4), np.uint8), id="four-channels"),
        pytest.param(np.zeros((5, 5, 3), np.float32), id="floats"),
        pytest.param(np.zeros(5, np.uint8), id="a-row"),
    ],
)
def test_what_is_no_picture_is_refused(image: Picture) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        encode_png(image)
