"""One drawn picture in every format, mode and variant that is read, encoded with whatever can write it."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageDraw

from fer.vision.arrays import ImageRGB

SIZE_WH = (97, 61)
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column, first row, step of columns and of rows of each pass (PNG specification, 8.1)."""


def drawn(size_wh: tuple[int, int] = SIZE_WH) -> Image.Image:
    """Return a face of a kind on a slope of colours."""
    width, height = size_wh
    across, down = np.meshgrid(np.linspace(40, 250, width), np.linspace(30, 220, height))
    picture = Image.fromarray(np.dstack([across, down, 255 - across]).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width * 0.3, height * 0.2, width * 0.7, height * 0.9), fill=(225, 180, 150))
    for x in (0.4, 0.55):
        draw.ellipse((width * x, height * 0.4, width * (x + 0.06), height * 0.5), fill=(20, 20, 40))
    draw.arc((width * 0.4, height * 0.5, width * 0.6, height * 0.8), 20, 160, fill=(180, 20, 30), width=2)
    return picture


def saved(picture: Image.Image, image_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, image_format, **options)
    return file.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of_rows(
    rows: bytes, size_wh: tuple[int, int], *, colour: int, depth: int = 8, interlaced: bool = False
) -> bytes:
    """Return a PNG around filtered rows, which may be too few."""
    header = struct.pack(">IIBBBBB", *size_wh, depth, colour, 0, 0, interlaced)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def png_rows(pixels: ImageRGB, *, interlaced: bool = False) -> bytes:
    """Return the unfiltered rows of uint8 (H, W, bands), in seven passes where interlaced."""
    parts = [pixels[y::down, x::across] for x, y, across, down in ADAM7] if interlaced else [pixels]
    return b"".join(b"\0" + row.tobytes() for part in parts if part.size for row in part)


def display_p3() -> bytes:
    """Return a small profile with the primaries of Display P3 and the curve of sRGB."""
    untyped = cast("Any", ImageCms)
    profile = bytearray(untyped.ImageCmsProfile(untyped.createProfile("sRGB")).tobytes())
    primaries = {
        b"rXYZ": (0.51512, 0.2412, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.1571, 0.06657, 0.78407),
    }
    profile[24:36] = bytes(12)  # the time of its making
    (tags,) = struct.unpack_from(">I", profile, 128)
    for tag in range(tags):
        name, at, _ = struct.unpack_from(">4sII", profile, 132 + 12 * tag)
        if name in primaries:
            struct.pack_into(">iii", profile, at + 8, *(round(value * 65536) for value in primaries[name]))
    return bytes(profile)


def orientation_exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def _sixteen_bit(values: Any) -> bytes:
    return cv2.imencode(".png", np.asarray(values).astype(np.uint16) * 257)[1].tobytes()


def _alpha(picture: Image.Image) -> Image.Image:
    with_alpha = picture.convert("RGBA")
    with_alpha.putalpha(Image.linear_gradient("L").resize(picture.size))
    return with_alpha


def _jpegs(picture: Image.Image) -> Mapping[str, bytes]:
    turned = picture.rotate(90)
    return {
        "jpeg": saved(picture, "JPEG"),
        "jpeg 4:4:4": saved(picture, "JPEG", subsampling=0, quality=95),
        "jpeg 4:2:2": saved(picture, "JPEG", subsampling=1),
        "jpeg in RGB": saved(picture, "JPEG", keep_rgb=True),
        "jpeg progressive": saved(picture, "JPEG", progressive=True),
        "jpeg restarts": saved(picture, "JPEG", restart_marker_blocks=3),
        "jpeg grey": saved(picture.convert("L"), "JPEG"),
        "jpeg grey progressive": saved(picture.convert("L"), "JPEG", progressive=True),
        "jpeg CMYK": saved(picture.convert("CMYK"), "JPEG"),
        "jpeg CMYK progressive": saved(picture.convert("CMYK"), "JPEG", progressive=True),
        "jpeg P3, turned": saved(
            picture, "JPEG", icc_profile=display_p3(), exif=orientation_exif(6), comment=b"drawn"
        ),
        "jpeg MPO": saved(picture, "MPO", save_all=True, append_images=[turned]),
    }


def _pngs(picture: Image.Image) -> Mapping[str, bytes]:
    colours, size_wh = np.asarray(picture), picture.size
    transparent = bytes(range(0, 256, 16))
    return {
        "png": saved(picture, "PNG"),
        "png 1 bit": saved(picture.convert("1"), "PNG"),
        "png grey": saved(picture.convert("L"), "PNG"),
        "png grey, one transparent": saved(picture.convert("L"), "PNG", transparency=150),
        "png grey and alpha": saved(picture.convert("LA"), "PNG"),
        "png palette": saved(picture.quantize(100), "PNG"),
        "png palette of 4 bits": saved(picture.quantize(16), "PNG", bits=4),
        "png palette with alpha": saved(picture.quantize(16), "PNG", transparency=transparent),
        "png one transparent": saved(picture, "PNG", transparency=(225, 180, 150)),
        "png alpha": saved(_alpha(picture), "PNG"),
        "png P3, turned": saved(picture, "PNG", icc_profile=display_p3(), exif=orientation_exif(8)),
        "png 16 bit grey": _sixteen_bit(picture.convert("L")),
        "png 16 bit": _sixteen_bit(colours[..., ::-1]),
        "png 16 bit alpha": _sixteen_bit(np.asarray(_alpha(picture))[..., (2, 1, 0, 3)]),
        "png interlaced": png_of_rows(png_rows(colours, interlaced=True), size_wh, colour=2, interlaced=True),
        "png interlaced grey and alpha": png_of_rows(
            png_rows(np.asarray(picture.convert("LA")), interlaced=True), size_wh, colour=4, interlaced=True
        ),
        "png animated": saved(picture, "PNG", save_all=True, append_images=[picture.rotate(90)]),
    }


def _webps(picture: Image.Image) -> Mapping[str, bytes]:
    options = {"icc_profile": display_p3(), "exif": orientation_exif(3)}
    frames = {"save_all": True, "append_images": [picture.rotate(90)]}
    return {
        "webp": saved(picture, "WEBP"),
        "webp lossless": saved(picture, "WEBP", lossless=True),
        "webp alpha": saved(_alpha(picture), "WEBP"),
        "webp lossless alpha": saved(_alpha(picture), "WEBP", lossless=True),
        "webp P3, turned": saved(picture, "WEBP", **options),
        "webp animated": saved(picture, "WEBP", **frames),
        "webp animated, alpha": saved(
            _alpha(picture), "WEBP", save_all=True, append_images=[_alpha(picture.rotate(90))]
        ),
    }


def _gifs(picture: Image.Image) -> Mapping[str, bytes]:
    palette = picture.quantize(64)
    return {
        "gif": saved(palette, "GIF", interlace=0),
        "gif interlaced": saved(palette, "GIF", interlace=1),
        "gif grey": saved(picture.convert("L"), "GIF"),
        "gif 2 colours": saved(picture.convert("1"), "GIF"),
        "gif transparent": saved(palette, "GIF", transparency=3, comment=b"drawn" * 100),
        "gif animated": saved(palette, "GIF", save_all=True, append_images=[picture.rotate(9).quantize(64)], loop=0),
    }


def _bmps(picture: Image.Image) -> Mapping[str, bytes]:
    plain = saved(picture, "BMP")
    width, height = picture.size
    core = struct.pack("<IHHHH", 12, width, height, 1, 24)
    top_down = plain[:22] + struct.pack("<i", -height) + plain[26:]
    return {
        "bmp": plain,
        "bmp 1 bit": saved(picture.convert("1"), "BMP"),
        "bmp grey": saved(picture.convert("L"), "BMP"),
        "bmp palette": saved(picture.quantize(100), "BMP"),
        "bmp alpha": saved(_alpha(picture), "BMP"),
        "bmp of OS/2": b"BM" + struct.pack("<IHHI", 26 + len(plain) - 54, 0, 0, 26) + core + plain[54:],
        "bmp top down": top_down,
        "bmp 16 bit": _bmp_16_bit(picture),
        "bmp run-length encoded": _bmp_rle(picture.quantize(100)),
    }


def _bmp_header(size_wh: tuple[int, int], *, bits: int, compression: int, palette: bytes, pixels: bytes) -> bytes:
    offset = 54 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, *size_wh, 1, bits, compression, len(pixels), 0, 0, len(palette) // 4, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) + info + palette + pixels


def _bmp_16_bit(picture: Image.Image) -> bytes:
    red, green, blue = (np.asarray(picture)[::-1, :, band].astype(np.uint16) >> 3 for band in range(3))
    packed = (red << 10 | green << 5 | blue).astype("<u2")
    rows = np.pad(packed, ((0, 0), (0, packed.shape[1] % 2)))
    return _bmp_header(picture.size, bits=16, compression=0, palette=b"", pixels=rows.tobytes())


def _bmp_rle(picture: Image.Image) -> bytes:
    colours = np.pad(np.array(picture.getpalette("RGB"), np.uint8).reshape(-1, 3), ((0, 0), (0, 1)))
    palette = colours[:, (2, 1, 0, 3)].tobytes()
    rows = [b"".join(bytes([1, index]) for index in row) + b"\0\0" for row in np.asarray(picture)[::-1].tolist()]
    return _bmp_header(picture.size, bits=8, compression=1, palette=palette, pixels=b"".join(rows) + b"\0\1")


def _avifs(picture: Image.Image) -> Mapping[str, bytes]:
    options = {"speed": 10}
    return {
        "avif": saved(picture, "AVIF", **options),
        "avif 4:4:4": saved(picture, "AVIF", subsampling="4:4:4", quality=90, **options),
        "avif grey": saved(picture.convert("L"), "AVIF", **options),
        "avif alpha": saved(_alpha(picture), "AVIF", **options),
        "avif P3, turned": saved(picture, "AVIF", icc_profile=display_p3(), exif=orientation_exif(6), **options),
        "avif animated": _timeless(
            saved(picture, "AVIF", save_all=True, append_images=[picture.rotate(90)], **options)
        ),
    }


def _timeless(animation: bytes) -> bytes:
    """Without the time of its making, so that the same picture has the same bytes (ISO/IEC 14496-12, 8.2 to 8.4)."""
    data = bytearray(animation)
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.index(box) + 4
        times = 16 if data[at] == 1 else 8
        data[at + 4 : at + 4 + times] = bytes(times)
    return bytes(data)


@cache
def encoded_pictures(size_wh: tuple[int, int] = SIZE_WH) -> Mapping[str, bytes]:
    """``drawn(size_wh)`` in every variant; the first word of a name is the format."""
    picture = drawn(size_wh)
    makers: tuple[Callable[[Image.Image], Mapping[str, bytes]], ...] = (_jpegs, _pngs, _webps, _gifs, _bmps, _avifs)
    return {name: data for make in makers for name, data in make(picture).items()}
