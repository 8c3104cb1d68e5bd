"""A picture is read to where it ends: every pixel of it, and nothing behind."""

import os
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fer.errors import InvalidInput, TooLarge, UnsupportedType
from fer.vision.decoding.jpeg import MAX_SCANS
from fer.vision.images import decode_image
from tests.pictures import Picture
from tools.drawn_pictures import SIZE_WH, drawn, encoded_pictures, png_of_rows, png_rows, saved
from tools.fuzz_pictures import run_twice

WIDTH, HEIGHT = SIZE_WH
COLOURS = np.asarray(drawn())
GREY_ALPHA = np.asarray(drawn().convert("LA"))
PICTURES = encoded_pictures()
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + random.Random(1).randbytes(6_000_000)


@pytest.mark.parametrize("name", PICTURES)
def test_what_follows_the_picture_does_not_matter(name: str) -> None:
    expected = decode_image(PICTURES[name])
    for more in (b"\0", b"\r\n--boundary--\r\n", VIDEO[:50_000], PICTURES["png"]):
        assert (decode_image(PICTURES[name] + more) == expected).all()


@pytest.mark.parametrize("name", ["jpeg", "jpeg progressive", "jpeg CMYK"])
def test_motion_photo_is_a_photo(name: str) -> None:
    assert VIDEO.count(b"\xff\xda") > MAX_SCANS  # which must not be taken for scans
    assert (decode_image(PICTURES[name] + VIDEO) == decode_image(PICTURES[name])).all()


@pytest.mark.parametrize("name", [name for name in PICTURES if name.startswith("jpeg")])
@pytest.mark.parametrize("between", [b"\0", b"\xff", b"\xff" * 100, b"junk", b"\xff\0"], ids=repr)
def test_what_stands_between_jpeg_markers_is_skipped(name: str, between: bytes) -> None:
    data = PICTURES[name]
    at = 4 + int.from_bytes(data[4:6])
    assert (decode_image(data[:at] + between + data[at:]) == decode_image(data)).all()


def test_png_without_its_last_chunk_is_read() -> None:
    for name in ("png", "png grey and alpha", "png palette with alpha"):
        assert (decode_image(PICTURES[name][:-12]) == decode_image(PICTURES[name])).all()


def test_gif_without_its_last_byte_is_read() -> None:
    assert (decode_image(PICTURES["gif"][:-1]) == decode_image(PICTURES["gif"])).all()


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("height", [HEIGHT, HEIGHT - 1])
@pytest.mark.parametrize(("pixels", "colour"), [(COLOURS, 2), (GREY_ALPHA, 4)], ids=["plain", "odd"])
def test_png_whose_rows_end_early_is_not_complete(
    pixels: Picture, colour: int, height: int, interlaced: bool
) -> None:
    pixels = pixels[:height]
    rows = png_rows(pixels, interlaced=interlaced)
    row = 1 + (WIDTH // 2 if interlaced else WIDTH) * pixels.shape[2]
    size_wh = (WIDTH, height)
    assert decode_image(png_of_rows(rows, size_wh, colour=colour, interlaced=interlaced)).shape == (height, WIDTH, 3)
    for missing in (1, row, 5 * row, len(rows) // 2, len(rows) - 1):
        with pytest.raises(InvalidInput):
            decode_image(png_of_rows(rows[:-missing], size_wh, colour=colour, interlaced=interlaced))


@pytest.mark.parametrize("level", [0, 1, 2, 255])
@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1"])
def test_flat_png_is_complete_whatever_its_colour(mode: str, level: int) -> None:
    ink = level if mode in "LP1" else (level,) * len(mode)
    options = {"transparency": 7} if mode in "LP" else {}
    assert decode_image(saved(Image.new(mode, (20, 21), ink), "PNG", **options)).shape == (21, 20, 3)


def test_gif_whose_code_ends_early_is_not_complete() -> None:
    grey = saved(Image.new("L", (40, 40)), "GIF")
    at = grey.index(b",\0\0\0\0") + 10
    ended = grey[:at] + b"\x08\x02\x00\x03\0;"  # clear, end
    with pytest.raises(InvalidInput):
        decode_image(ended)


def frame_of(size: int, canvas: int = 16) -> bytes:
    """Return a GIF of 35 bytes whose canvas is small and whose frame is not."""
    screen = b"GIF89a" + struct.pack("<HHBBB", canvas, canvas, 0x80, 0, 0) + bytes(6)
    return screen + b"," + struct.pack("<HHHHB", 0, 0, size, size, 0) + b"\x02\x02D\x01\0;"


@pytest.mark.parametrize("side_px", [4_000, 10_000, 65_535])
def test_frame_larger_than_the_canvas_is_too_large(side_px: int) -> None:
    with pytest.raises(TooLarge):
        decode_image(frame_of(side_px))


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC9, 0xCF])
def test_jpeg_that_no_browser_shows_is_named(marker: int) -> None:
    data = PICTURES["jpeg"]
    at = data.index(b"\xff\xc0")
    with pytest.raises(UnsupportedType, match="baseline"):
        decode_image(data[: at + 1] + bytes([marker]) + data[at + 2 :])


def test_twelve_bit_jpeg_is_named() -> None:
    data = PICTURES["jpeg"]
    at = data.index(b"\xff\xc0")
    with pytest.raises(UnsupportedType, match="12 bits"):
        decode_image(data[:at] + b"\xff\xc1" + data[at + 2 : at + 4] + b"\x0c" + data[at + 5 :])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(PICTURES["jpeg"][:2] + b"\xff\xe5\0\2" * 1_000_000 + PICTURES["jpeg"][2:], id="jpeg"),
        pytest.param(PICTURES["jpeg CMYK"][:2] + b"x" * 1_000_000 + PICTURES["jpeg CMYK"][2:], id="jpeg-cmyk"),
        pytest.param(
            PICTURES["png"][:33] + (bytes(4) + b"teXt" + bytes(4)) * 300_000 + PICTURES["png"][33:], id="png"
        ),
        pytest.param(
            PICTURES["gif"][:13] + bytes(768) + b"!\xfe" + (b"\xff" + bytes(255)) * 20_000 + b"\0", id="gif-comment"
        ),
    ],
)
def test_a_file_in_countless_pieces_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode_image(data)


def png_in_pieces(size: int) -> bytes:
    data = PICTURES["png grey and alpha"]
    at = data.index(b"IDAT") - 4
    length = int.from_bytes(data[at : at + 4])
    packed = data[at + 8 : at + 8 + length]
    chunks = [packed[start : start + size] for start in range(0, length, size)]
    framed = [
        len(part).to_bytes(4) + b"IDAT" + part + zlib.crc32(b"IDAT" + part).to_bytes(4) for part in [*chunks, b""]
    ]
    return data[:at] + b"".join(framed) + data[at + 12 + length :]


def test_png_in_many_chunks_is_read() -> None:
    assert (decode_image(png_in_pieces(1)) == decode_image(PICTURES["png grey and alpha"])).all()


def test_damaged_pictures_show_nothing_of_the_memory() -> None:
    problems, counts = run_twice(0, 11 * len(PICTURES), seed=2)
    assert problems == []
    assert counts["decoded"] > 100
    assert counts["invalid_input"] > 100


def test_the_fuzzer_sees_memory_that_no_decoder_wrote() -> None:
    problems, _ = run_twice(0, 30, seed=2, decoder=f"{__name__}:leaky")
    assert any("depends on uninitialised memory" in problem for problem in problems)


def test_the_fuzzer_sees_faults_and_crashes() -> None:
    problems, _ = run_twice(0, 20, seed=2, decoder=f"{__name__}:faulty")
    assert any("fault ZeroDivisionError" in problem for problem in problems)
    assert problems[-1] == "6: a process ended"  # at the first BMP


def leaky(data: bytes) -> Picture:
    image = decode_image(data)
    return np.empty_like(image)


def faulty(data: bytes) -> Picture:
    if data.startswith(b"BM"):
        os._exit(1)
    raise ZeroDivisionError
