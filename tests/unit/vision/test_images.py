"""What is read, with which colours, and what is refused, and how."""

import io
import struct
import zlib
from typing import Any, cast

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from fer.errors import InvalidInput, TooLarge, UnsupportedType
from fer.vision.images import MAX_ODD_PIXELS, decode_image, to_grey
from tests.pictures import Picture, astronaut, png_bomb

PHOTO = astronaut()


def saved(picture: Image.Image, image_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, image_format, **options)
    return file.getvalue()


def photo() -> Image.Image:
    return Image.fromarray(PHOTO)


def half_transparent() -> tuple[Image.Image, Picture]:
    """The photo with a transparent left part, and what it looks like on white."""
    alpha = np.full(PHOTO.shape[:2], 255, np.uint8)
    alpha[:, :100] = 0
    expected = PHOTO.copy()
    expected[:, :100] = 255
    return Image.fromarray(np.dstack([PHOTO, alpha])), expected


def grey_photo() -> Picture:
    return np.asarray(photo().convert("L").convert("RGB"))


def lab_photo() -> Image.Image:
    cms = cast("Any", ImageCms)
    transform = cms.buildTransform(cms.createProfile("sRGB"), cms.createProfile("LAB"), "RGB", "LAB")
    return cms.applyTransform(photo(), transform)


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
        pytest.param(saved(photo(), "TIFF"), 0, id="tiff"),
        pytest.param(saved(photo(), "TIFF", compression="tiff_lzw"), 0, id="tiff-lzw"),
        pytest.param(saved(photo(), "PPM"), 0, id="ppm"),
        pytest.param(saved(photo(), "GIF"), 4, id="gif"),
        pytest.param(saved(photo().quantize(256), "PNG"), 8, id="palette-png"),
        pytest.param(saved(photo().convert("CMYK"), "JPEG", quality=95), 2.5, id="cmyk-jpeg-adobe-inverted"),
        pytest.param(saved(photo().convert("CMYK"), "TIFF"), 1, id="cmyk-tiff"),
        pytest.param(saved(lab_photo(), "TIFF"), 1.5, id="lab-tiff"),
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
        pytest.param(sixteen_bit(grey_photo()[..., 0], ".tiff"), id="16-bit-tiff"),
    ],
)
def test_grey_becomes_equal_channels(data: bytes) -> None:
    assert difference(decode_image(data), grey_photo()) == 0


def test_one_bit_picture_is_black_and_white() -> None:
    picture = photo().convert("1")
    assert difference(decode_image(saved(picture, "PNG")), np.asarray(picture.convert("RGB"))) == 0


@pytest.mark.parametrize(
    ("image_format", "options", "tolerance"),
    [("PNG", {}, 0), ("WEBP", {"lossless": True}, 0), ("TIFF", {}, 0), ("GIF", {}, 5)],
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


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(image_format: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = photo().crop((0, 0, 400, 512))
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(image_format, {})
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(saved(upright, "PNG", exif=exif))))
    data = saved(upright, image_format, exif=exif, **options)
    assert difference(decode_image(data), np.asarray(expected)) < (3 if image_format == "JPEG" else 0.01)


@pytest.mark.parametrize("image_format", ["PNG", "GIF", "WEBP", "TIFF"])
def test_first_frame_of_an_animation_is_read(image_format: str) -> None:
    options = {"lossless": True} if image_format == "WEBP" else {}
    data = saved(photo(), image_format, save_all=True, append_images=[photo().rotate(90)], **options)
    assert difference(decode_image(data), PHOTO) < 4


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
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
        pytest.param(b"II*\0" + b"\xff" * 50, id="only-magic-tiff"),
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
    "data",
    [
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', id="svg"),
        pytest.param(b'\n<?xml version="1.0"?><svg/>', id="svg-with-prologue"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param(b"\0\0\0\x18ftypheic" + bytes(40), id="heic"),
        pytest.param(b"\0\0\1\0\1\0", id="ico"),
        pytest.param(saved(Image.fromarray(PHOTO[..., 0].astype(np.float32)), "TIFF"), id="float-tiff"),
        pytest.param(saved(Image.fromarray(PHOTO[..., 0].astype(np.int32)), "TIFF"), id="32-bit-tiff"),
    ],
)
def test_unread_format_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedType):
        decode_image(data)


def bmp_that_claims(side_px: int) -> bytes:
    data = saved(photo(), "BMP")
    return data[:18] + struct.pack("<ii", side_px, side_px) + data[26:]


@pytest.mark.parametrize("side_px", [5000, 10000, 20000])
def test_decompression_bomb_is_refused_from_its_header(side_px: int) -> None:
    with pytest.raises(TooLarge):
        decode_image(png_bomb(side_px))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"P6 60000 60000 255\n", id="ppm"),
        pytest.param(
            saved(photo(), "BMP")[:18] + struct.pack("<ii", 60000, 60000) + saved(photo(), "BMP")[26:], id="bmp"
        ),
        pytest.param(saved(Image.new("1", (9000, 9000)), "TIFF", compression="group4"), id="tiff"),
        pytest.param(saved(Image.new("L", (5000, 5000)), "GIF"), id="gif"),
        pytest.param(saved(Image.new("L", (40000, 20)), "PNG"), id="long-and-thin"),
    ],
)
def test_large_size_is_refused_from_the_header_in_every_format(data: bytes) -> None:
    with pytest.raises(TooLarge):
        decode_image(data)


def test_odd_pictures_have_a_lower_limit() -> None:
    side_px = int(MAX_ODD_PIXELS**0.5) + 10
    with pytest.raises(TooLarge):
        decode_image(saved(Image.new("LA", (side_px, side_px)), "PNG"))


def test_pixel_limit_is_a_parameter() -> None:
    with pytest.raises(TooLarge, match="262143"):
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
    if mode == "RGB":  # OpenCV leaves the chunk out, Pillow refuses the file
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
    bad = [b"\xff\xd8\xff\xe0", b"GIF89a", b"P6 x", saved(photo(), "PNG")[:900], saved(photo(), "TIFF")[:900]]
    for data in bad:
        with pytest.raises(InvalidInput) as caught:
            decode_image(data)
        assert not any(word in caught.value.message.lower() for word in ("pil", "cv2", "opencv", "python", "<"))


def test_to_grey_weighs_red_as_red() -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert to_grey(pixels).tolist() == [[76, 150, 29]]
