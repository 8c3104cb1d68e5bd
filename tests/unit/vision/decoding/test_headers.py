"""What the first bytes say."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer.errors import InvalidInput
from fer.vision.decoding.headers import exif_orientation, read_header


def saved(mode: str, image_format: str, size_wh: tuple[int, int] = (40, 30)) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size_wh).save(file, image_format)
    return file.getvalue()


@pytest.mark.parametrize(
    ("mode", "image_format", "plain", "alpha"),
    [
        ("RGB", "JPEG", True, False),
        ("L", "JPEG", True, False),
        ("CMYK", "JPEG", False, False),
        ("RGB", "PNG", True, False),
        ("P", "PNG", True, False),
        ("RGBA", "PNG", True, True),
        ("LA", "PNG", False, False),
        ("RGB", "WEBP", True, False),
        ("RGBA", "WEBP", True, True),
    ],
)
def test_header_says_size_and_kind(mode: str, image_format: str, plain: bool, alpha: bool) -> None:
    header = read_header(saved(mode, image_format))
    assert (header.format, header.size_wh) == (image_format, (40, 30))
    assert (header.plain, header.plain and header.alpha) == (plain, alpha)


@pytest.mark.parametrize("image_format", ["GIF", "BMP", "AVIF"])
def test_other_formats_are_left_to_pillow(image_format: str) -> None:
    header = read_header(saved("RGB", image_format))
    assert (header.format, header.size_wh, header.plain) == (image_format, (40, 30), False)


def test_orientation_of_a_png_may_stand_behind_its_pixels() -> None:
    data = saved("RGB", "PNG")
    body = exif("<", 0x0112, 6)
    chunk = struct.pack(">I", len(body)) + b"eXIf" + body + struct.pack(">I", zlib.crc32(b"eXIf" + body))
    assert read_header(data[:-12] + chunk + data[-12:]).orientation == 6
    assert read_header(data[:-12] + chunk[:-1] + b"?" + data[-12:]).orientation == 1


def exif(order: str, tag: int, value: int) -> bytes:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, tag, 3, 1, value, 0, 0)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        pytest.param(exif("<", 0x0112, 6), 6, id="little-endian"),
        pytest.param(exif(">", 0x0112, 8), 8, id="big-endian"),
        pytest.param(b"Exif\0\0" + exif("<", 0x0112, 3), 3, id="with-prefix"),
        pytest.param(exif("<", 0x0112, 9), 1, id="out-of-range"),
        pytest.param(exif("<", 0x0110, 6), 1, id="another-tag"),
        pytest.param(exif("<", 0x0112, 6)[:12], 1, id="cut-off"),
        pytest.param(b"", 1, id="empty"),
        pytest.param(b"nonsense", 1, id="nonsense"),
    ],
)
def test_exif_orientation_is_read_or_upright(block: bytes, expected: int) -> None:
    assert exif_orientation(block) == expected


@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8 "]), st.binary(max_size=200))
def test_any_bytes_after_the_magic_are_a_header_or_invalid(magic: bytes, rest: bytes) -> None:
    try:
        header = read_header(magic + rest)
    except InvalidInput:
        return
    assert len(header.size_wh) == 2
