"""Encoded pictures in: any common format, upright, right colours, bounded memory."""

import io
import struct
import threading
import warnings
import zlib
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from fer.errors import InvalidInput, TooLarge, UnsupportedType
from fer.vision.arrays import ImageGrey, ImageRGB
from fer.vision.headers import Header, read_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

# The largest pictures that phones and cameras send by default have 24 megapixels (5712×4284, 6000×4000). Four
# threads that each hold one stay below 500 MB.
MAX_PIXELS = 24_500_000
# What OpenCV does not read needs up to four times the memory on the way.
MAX_ODD_PIXELS = 12_500_000
# Nobody's expression can be told from fewer.
MIN_SIDE_PX = 16
# Longer sides come from no camera; some encoders and OpenCV's remapping stop at 32,767.
MAX_SIDE_PX = 32_000

_DAMAGED = "The image is damaged or not complete."
_NOT_READ = "Images with this kind of pixels are not read. Send 8-bit colour or grey."
# What Pillow's parsers raise on hostile bytes, beside OSError.
_PARSER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError, EOFError,
    struct.error, zlib.error,
)  # fmt: skip

# Large and odd pictures need a second copy while they are decoded: one at a time bounds the memory. Pillow warns
# about odd files, and silencing a warning is process-wide, which is the other reason.
_ONE_AT_A_TIME = threading.Lock()
_LARGE_PIXELS = 4_000_000


def decode_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> ImageRGB:
    """Decode an encoded picture to uint8 (H, W, 3) RGB, upright (EXIF orientation applied).

    Reads JPEG, PNG, WebP, GIF, BMP, TIFF and PPM; of animations the first frame; what is transparent becomes
    white. Raises ``InvalidInput`` (empty, damaged, truncated or too small), ``UnsupportedType`` (a format or
    pixel type that is not read) and ``TooLarge`` (from the header, before anything is decoded).
    """
    header = read_header(data)
    if header.size_wh is not None:
        _check_size(header.size_wh, max_pixels)
    if not header.plain or header.size_wh is None:
        with _ONE_AT_A_TIME:
            return _decode_odd(data, header, min(max_pixels, MAX_ODD_PIXELS))
    if header.size_wh[0] * header.size_wh[1] > _LARGE_PIXELS:
        with _ONE_AT_A_TIME:
            return _decode_plain(data, header, header.size_wh)
    return _decode_plain(data, header, header.size_wh)


def to_grey(image_rgb: ImageRGB) -> ImageGrey:
    """Convert uint8 (H, W, 3) RGB to uint8 (H, W) with the ITU-R BT.601 weights, red first."""
    return np.asarray(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _check_size(size_wh: tuple[int, int], max_pixels: int) -> None:
    width, height = size_wh
    if width * height > max_pixels or max(size_wh) > MAX_SIDE_PX:
        raise TooLarge(f"The image has {width}×{height} pixels; at most {max_pixels} are read.")
    if min(size_wh) < MIN_SIDE_PX:
        raise InvalidInput(f"The image has {width}×{height} pixels; each side needs at least {MIN_SIDE_PX}.")


def _decode_plain(data: bytes, header: Header, size_wh: tuple[int, int]) -> ImageRGB:
    flags = cv2.IMREAD_UNCHANGED if header.alpha else cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise InvalidInput(_DAMAGED) from error
    if decoded is None or decoded.shape[1::-1] != size_wh:  # pyright: ignore[reportUnnecessaryComparison]
        raise InvalidInput(_DAMAGED)
    image = np.asarray(decoded, dtype=np.uint8)
    if header.alpha:
        image = _bgr_to_rgb(image) if image.shape[2] == 3 else _on_white(image, red_first=False)
    return _upright(image, header.orientation or 1)


def _bgr_to_rgb(image_bgr: ImageRGB) -> ImageRGB:
    return np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _on_white(image: ImageRGB, *, red_first: bool) -> ImageRGB:
    """Lay uint8 (H, W, 4) on white, a few rows at a time."""
    result = np.empty((*image.shape[:2], 3), np.uint8)
    rows = max(1, 1_000_000 // image.shape[1])
    for top in range(0, image.shape[0], rows):
        part = image[top : top + rows]
        colours = part[..., :3] if red_first else part[..., 2::-1]
        alpha = part[..., 3:]
        if alpha.min() == 255:
            result[top : top + rows] = colours
            continue
        mixed = colours.astype(np.uint16) * alpha + np.uint16(255) * (255 - alpha).astype(np.uint16)
        result[top : top + rows] = (mixed + np.uint16(127)) // np.uint16(255)
    return result


def _upright(image: ImageRGB, orientation: int) -> ImageRGB:
    """Undo an EXIF orientation: 2 to 4 mirror and turn by 180°, 5 to 8 also change the sides."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)


def _decode_odd(data: bytes, header: Header, max_pixels: int) -> ImageRGB:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # A plugin's own class, not Image.open: only the format that the magic bytes say is tried.
            with _plugin(header.format)(io.BytesIO(data)) as picture:
                _check_size(picture.size, max_pixels)
                picture.load()
                rgb = _rgb_of(picture)
                orientation = header.orientation or picture.getexif().get(0x0112, 1)
        except (InvalidInput, UnsupportedType):
            raise
        except _PARSER_ERRORS as error:
            raise InvalidInput(_DAMAGED) from error
    known = isinstance(orientation, int) and 1 <= orientation <= 8
    return _upright(rgb, orientation if known else 1)


def _plugin(name: str) -> "Callable[[io.BytesIO], Image.Image]":
    from PIL import (  # only odd pictures need Pillow
        BmpImagePlugin,
        GifImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        PpmImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    return {
        "JPEG": JpegImagePlugin.JpegImageFile,
        "PNG": PngImagePlugin.PngImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
        "PPM": PpmImagePlugin.PpmImageFile,
    }[name]


def _rgb_of(picture: "Image.Image") -> ImageRGB:
    if picture.mode == "LAB":
        return _rgb_of_lab(picture)
    if picture.mode.startswith("I;16"):
        high = (np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(high[:, :, None], 3, axis=2)
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        return _on_white(np.asarray(picture.convert("RGBA")), red_first=True)
    if picture.mode in ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr"):
        return np.array(picture.convert("RGB"))
    raise UnsupportedType(_NOT_READ)


def _rgb_of_lab(picture: "Image.Image") -> ImageRGB:
    from PIL import ImageCms

    profile = cast("Callable[[str], ImageCms.ImageCmsProfile]", vars(ImageCms)["createProfile"])  # untyped
    transform = ImageCms.buildTransform(profile("LAB"), profile("sRGB"), inMode="LAB", outMode="RGB")
    converted = ImageCms.applyTransform(picture, transform)
    if converted is None:
        raise UnsupportedType(_NOT_READ)
    return np.array(converted)
