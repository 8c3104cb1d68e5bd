"""What is read, with which colours, and what is refused, and how."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from fer.errors import InvalidInput, TooLarge, UnsupportedType
from fer.vision.images import decode_image, to_grey
from tests.pictures import Picture, astronaut, png_bomb

PHOTO = astronaut()


def saved(picture: Image.Image, image_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, image_format, **options)
    return file.getvalue()


def photo() -> Image.Image:
    return Image.fromarray(PHOTO)


def half_transparent() -> tuple[Image.Image, Picture]:
    """Return the photo with a transparent left part, and what it looks like on white."""
    alpha = np.full(PHOTO.shape[:2], 255, np.uint8)
    alpha[:, :100] = 0
    expected = PHOTO.copy()
    expected[:, :100] = 255
    return Image.fromarray(np.dstack([PHOTO, alpha])), expected


def grey_photo() -> Picture:
    return np.asarray(photo().convert("L").convert("RGB"))


def sixteen_bit(values: Picture, extension: str) -> bytes:
    return cv2.imencode(extension, values.astype(np.uint16) * 257)[1].tobytes()


def difference(image: Picture, expected: Picture) -> float:
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert image.shape == expected.shape
    return float(np.abs(image.astype(int) - expected).mean())


@pytest.mark.parametrize(
    ("data", "tolerance"),
    [
        pytest.param(saved(photo(), "JPEG", quality=95), 2.5, id="jpeg"),
        pytest.param(saved(photo(), "JPEG", quality=95, progressive=True), 2.5, id="progressive-jpeg"),
        pytest.param(saved(photo(), "MPO", save_all=True, append_images=[photo().rotate(90)]), 4, id="mpo"),
        pytest.param(saved(photo(), "PNG"), 0, id="png"),
        pytest.param(saved(photo(), "WEBP", lossless=True), 0, id="webp-lossless"),
        pytest.param(saved(photo(), "WEBP"), 4, id="webp"),
        pytest.param(saved(photo(), "BMP"), 0, id="bmp"),
        pytest.param(saved(photo(), "AVIF", quality=90), 4, id="avif"),
        pytest.param(saved(photo(), "GIF"), 4, id="gif"),
        pytest.param(saved(photo().quantize(256), "PNG"), 8, id="palette-png"),
        pytest.param(saved(photo().convert("CMYK"), "JPEG", quality=95), 2.5, id="cmyk-jpeg-adobe-inverted"),
        pytest.param(sixteen_bit(PHOTO[..., ::-1], ".png"), 0, id="16-bit-png"),
    ],
)
def test_colours_are_right(data: bytes, tolerance: float) -> None:
    assert difference(decode_image(data), PHOTO) <= tolerance


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(saved(photo().convert("L"), "PNG"), id="grey-png"),
        pytest.param(saved(photo().convert("LA"), "PNG"), id="grey-and-alpha-png"),
        pytest.param(sixteen_bit(grey_photo()[..., 0], ".png"), id="16-bit-png"),
    ],
)
def test_grey_becomes_equal_channels(data: bytes) -> None:
    assert difference(decode_image(data), grey_photo()) == 0


def test_one_bit_picture_is_black_and_white() -> None:
    picture = photo().convert("1")
    assert difference(decode_image(saved(picture, "PNG")), np.asarray(picture.convert("RGB"))) == 0


@pytest.mark.parametrize(
    ("image_format", "options", "tolerance"),
    [("PNG", {}, 0), ("WEBP", {"lossless": True}, 0), ("AVIF", {"quality": 100}, 3), ("GIF", {}, 5)],
)
def test_transparent_parts_become_white(image_format: str, options: dict[str, Any], tolerance: float) -> None:
    picture, expected = half_transparent()
    assert difference(decode_image(saved(picture, image_format, **options)), expected) <= tolerance


def test_transparent_palette_entry_becomes_white() -> None:
    picture, expected = half_transparent()
    assert difference(decode_image(saved(picture.quantize(64), "PNG")), expected) <= 6


def test_half_transparent_colour_is_mixed_with_white() -> None:
    picture = Image.new("RGBA", (32, 32), (255, 0, 0, 128))
    assert decode_image(saved(picture, "PNG"))[5, 5].tolist() == [255, 127, 127]


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(image_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = photo().crop((0, 0, 400, 512))
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}, "AVIF": {"quality": 100, "speed": 10}}.get(
        image_format, {}
    )
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(saved(upright, "PNG", exif=exif))))
    data = saved(upright, image_format, exif=exif, **options)
    assert difference(decode_image(data), np.asarray(expected)) < ({"JPEG": 3, "AVIF": 3}.get(image_format, 0.01))


@pytest.mark.parametrize("image_format", ["PNG", "GIF", "WEBP", "AVIF"])
def test_first_frame_of_an_animation_is_read(image_format: str) -> None:
    options = {"lossless": True} if image_format == "WEBP" else {}
    data = saved(photo(), image_format, save_all=True, append_images=[photo().rotate(90)], **options)
    assert difference(decode_image(data), PHOTO) < 4


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"])
@pytest.mark.parametrize("kept", [0.0001, 0.01, 0.5, 0.99])
def test_truncated_picture_is_invalid(image_format: str, kept: float) -> None:
    data = saved(photo(), image_format)
    with pytest.raises(InvalidInput):
        decode_image(data[: int(len(data) * kept)])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello world", id="text"),
        pytest.param(bytes(1000), id="zeros"),
        pytest.param(b"GIF89a", id="only-magic-gif"),
        pytest.param(b"BM" + b"x" * 60, id="only-magic-bmp"),
        pytest.param(b"\0\0\0\x1cftypavif" + bytes(50), id="only-magic-avif"),
        pytest.param(b"\xff\xd8\xff" + b"\xe0" * 50, id="only-magic-jpeg"),
        pytest.param(saved(Image.new("RGB", (1, 1)), "PNG"), id="too-small"),
        pytest.param(saved(photo(), "PNG")[:5000] + b"\0" + saved(photo(), "PNG")[5001:], id="flipped-byte-png"),
    ],
)
def test_what_is_no_picture_is_invalid(data: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_image(data)
    assert not isinstance(caught.value, UnsupportedType | TooLarge)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG", id="svg"),
        pytest.param(b'\xef\xbb\xbf\n<?xml version="1.0"?><!-- drawn --><svg/>', "SVG", id="svg-with-prologue"),
        pytest.param(b"<!DOCTYPE html><html></html>", "HTML", id="html"),
        pytest.param(b"%PDF-1.7", "PDF", id="pdf"),
        pytest.param(b"\0\0\0\x18ftypheic" + bytes(40), "HEIC", id="heic"),
        pytest.param(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic" + bytes(40), "HEIC", id="heic-by-its-second-brand"),
        pytest.param(b"\0\0\0\x18ftypisom" + bytes(40), "MP4 video", id="mp4"),
        pytest.param(b"\0\0\0\x14ftypqt  " + bytes(40), "QuickTime video", id="quicktime"),
        pytest.param(b"\0\0\1\0\1\0", r"icon \(ICO\)", id="ico"),
        pytest.param(saved(photo(), "TGA"), r"Targa \(TGA\)", id="targa"),
        pytest.param(b"\0\0\2\0\1\0" + bytes(40), r"cursor \(CUR\)", id="cursor"),
        pytest.param(saved(photo(), "TIFF"), "TIFF", id="tiff"),
        pytest.param(b"MM\0*" + bytes(40), "TIFF", id="big-endian-tiff"),
        pytest.param(saved(photo(), "PPM"), "PPM", id="ppm"),
        pytest.param(saved(photo(), "JPEG2000"), "JPEG 2000", id="jpeg-2000"),
        pytest.param(saved(photo(), "JPEG2000", no_jp2=True), "JPEG 2000", id="jpeg-2000-codestream"),
        pytest.param(b"\xff\x0a" + bytes(40), "JPEG XL", id="jpeg-xl"),
        pytest.param(b"8BPS" + bytes(40), "Photoshop", id="psd"),
    ],
)
def test_unread_format_is_called_by_its_name(data: bytes, name: str) -> None:
    with pytest.raises(
        UnsupportedType, match=f"^{name} files are not supported. Send a JPEG, PNG, WebP, GIF, BMP or AVIF"
    ):
        decode_image(data)


@pytest.mark.parametrize("side_px", [5000, 10000, 20000])
def test_decompression_bomb_is_refused_from_its_header(side_px: int) -> None:
    with pytest.raises(TooLarge):
        decode_image(png_bomb(side_px))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            saved(photo(), "BMP")[:18] + struct.pack("<ii", 60000, 60000) + saved(photo(), "BMP")[26:], id="bmp"
        ),
        pytest.param(saved(Image.new("L", (4000, 4000)), "AVIF", speed=10), id="avif"),
        pytest.param(saved(Image.new("L", (5000, 5000)), "GIF"), id="gif"),
        pytest.param(saved(Image.new("L", (40000, 20)), "PNG"), id="long-and-thin"),
    ],
)
def test_large_size_is_refused_from_the_header_in_every_format(data: bytes) -> None:
    with pytest.raises(TooLarge):
        decode_image(data)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(png_bomb(5_000), r"5000×5000 pixels, 25,000,000 in all; at most 24,500,000", id="pixels"),
        pytest.param(saved(Image.new("L", (40_000, 20)), "PNG"), r"40000×20 pixels; a side .* 32,000", id="side"),
        pytest.param(saved(Image.new("L", (15, 400)), "PNG"), r"15×400 pixels; each side .* 16", id="small"),
        pytest.param(saved(Image.new("CMYK", (3600, 3600)), "JPEG"), r"\(CMYK JPEG\) at most 12,500,000", id="cmyk"),
        pytest.param(saved(Image.new("LA", (3600, 3600)), "PNG"), r"transparency\) at most 12,500,000", id="alpha"),
        pytest.param(saved(Image.new("L", (3600, 3600)), "GIF"), r"\(GIF\) at most 12,500,000", id="gif"),
        pytest.param(saved(Image.new("L", (5000, 5000)), "GIF"), r"\(GIF\) at most 12,500,000", id="larger gif"),
        pytest.param(
            saved(
                Image.new("1", (3600, 3600)), "PNG", save_all=True, append_images=[Image.new("1", (3600, 3600), 1)]
            ),
            r"\(animated PNG\) at most 12,500,000",
            id="animation",
        ),
    ],
)
def test_an_error_names_the_limit(data: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        decode_image(data)


def test_pixel_limit_is_a_parameter() -> None:
    with pytest.raises(TooLarge, match="262,143"):
        decode_image(saved(photo(), "PNG"), max_pixels=512 * 512 - 1)
    assert decode_image(saved(photo(), "PNG"), max_pixels=512 * 512).shape == (512, 512, 3)


def png_with(kind: bytes, body: bytes, picture: Image.Image) -> bytes:
    data = saved(picture, "PNG")
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize("mode", ["RGB", "LA"])
@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
def test_bomb_in_a_png_chunk_is_not_unpacked(mode: str, kind: bytes) -> None:
    data = png_with(kind, b"a\0\0" + zlib.compress(bytes(100_000_000), 9), photo().convert(mode))
    if mode == "RGB":  # the chunk is left out; Pillow, which reads the other, refuses the file
        assert decode_image(data).shape == (512, 512, 3)
        return
    with pytest.raises(InvalidInput):
        decode_image(data)


def test_jpeg_of_hundreds_of_scans_is_invalid() -> None:
    data = saved(photo(), "JPEG", progressive=True)
    scans = data.rfind(b"\xff\xda")
    with pytest.raises(InvalidInput):
        decode_image(data[:scans] + data[scans:-2] * 100 + b"\xff\xd9")


def test_messages_name_no_library() -> None:
    bad = [b"\xff\xd8\xff\xe0", b"GIF89a", b"BM x", saved(photo(), "PNG")[:900], saved(photo(), "GIF")[:900]]
    for data in bad:
        with pytest.raises(InvalidInput) as caught:
            decode_image(data)
        assert not any(word in caught.value.message.lower() for word in ("pil", "cv2", "opencv", "python", "<"))


def test_to_grey_weighs_red_as_red() -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert to_grey(pixels).tolist() == [[76, 150, 29]]
