"""Decodes pictures: upright, in sRGB, every pixel decoded, in bounded memory."""

import threading
from contextlib import nullcontext

import cv2
import numpy as np

from fer.errors import InvalidInput
from fer.vision.arrays import ImageGrey, ImageRGB
from fer.vision.decoding import pillow
from fer.vision.decoding.colours import on_white, to_srgb
from fer.vision.decoding.headers import Header, read_header
from fer.vision.decoding.limits import MAX_PIXELS, check_size

# Large pictures need a second copy while they are decoded: one at a time bounds the memory.
_ONE_AT_A_TIME = threading.Lock()
_LARGE_PIXELS = 4_000_000
# A portrait of this size is as good as a larger one: its face has 144 pixels and more, the classifier sees 48.
REDUCED_SIDE_PX = 1920
_REDUCED_FLAGS = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
}  # added to a flag for colours they only say how far


def decode_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> ImageRGB:
    """Decode an encoded picture to uint8 (H, W, 3) RGB: C-contiguous, upright, in sRGB, every pixel decoded.

    Reads JPEG, PNG, WebP, GIF, BMP and AVIF (docs/decisions/0016-formats.md); of animations, the first frame.
    Transparency becomes white, EXIF orientation is applied, and an embedded profile's colours are converted. Data
    after the picture's end is ignored. Sizes are checked before anything is decoded.

    Raises ``InvalidInput`` (empty, damaged, incomplete or too small), ``UnsupportedType`` (a format or pixel type
    that is not supported) or ``TooLarge``, and nothing else, whatever the bytes.
    """
    header = _checked_header(data, max_pixels)
    large = header.charged_pixels > _LARGE_PIXELS
    with _ONE_AT_A_TIME if large else nullcontext():
        image = _decode_plain(data, header) if header.plain else None
        if image is None:  # OpenCV refuses some files that browsers show, such as a PNG without its last chunk
            image = pillow.decode(data, header.format, size_wh=header.size_wh)
        image = to_srgb(image, header.icc_profile, grey=header.grey)  # lets go of the unconverted one
        return _upright(image, header.orientation)


def decode_reduced(data: bytes, *, max_pixels: int = MAX_PIXELS) -> tuple[ImageRGB, int] | None:
    """Decode a large JPEG at a half, a quarter or an eighth of its size, as small as ``REDUCED_SIDE_PX`` allows.

    Returns the picture, otherwise as ``decode_image`` returns it, and how many of the whole picture's pixels each of
    its pixels spans, in either direction; None for any other picture. Raises as ``decode_image`` does.
    """
    header = _checked_header(data, max_pixels)
    share = _reduction(header)
    if share == 1:
        return None
    with _ONE_AT_A_TIME:
        image = _decode_plain(data, header, share=share)
        if image is None:
            return None
        image = to_srgb(image, header.icc_profile, grey=header.grey)
        return _upright(image, header.orientation), share


def _checked_header(data: bytes, max_pixels: int) -> Header:
    header = read_header(data)
    check_size(header.size_wh, max_pixels=max_pixels, kind_max_pixels=header.max_pixels, kind=header.kind)
    return header


def _reduction(header: Header) -> int:
    """Return the share that libjpeg decodes: one that divides both sides, so that pixels span the same everywhere."""
    if header.format != "JPEG" or not header.plain or header.pixels <= _LARGE_PIXELS:
        return 1
    width, height = header.size_wh
    fits = (s for s in _REDUCED_FLAGS if width % s == height % s == 0 and max(width, height) // s >= REDUCED_SIDE_PX)
    return next(fits, 1)


def to_grey(image_rgb: ImageRGB) -> ImageGrey:
    """Convert uint8 (H, W, 3) RGB to uint8 (H, W) with the ITU-R BT.601 weights, red first."""
    return np.asarray(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _decode_plain(data: bytes, header: Header, *, share: int = 1) -> ImageRGB | None:
    """Decode with OpenCV, whose decoders for these formats fail if a row is missing; return None if they do."""
    flags = cv2.IMREAD_UNCHANGED if header.alpha else cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    if share > 1:
        flags |= _REDUCED_FLAGS[share]
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    if decoded is None:  # pyright: ignore[reportUnnecessaryComparison]  the stubs do not know
        return None
    image = np.asarray(decoded, dtype=np.uint8)
    if image.shape[1::-1] != (header.size_wh[0] // share, header.size_wh[1] // share):
        raise InvalidInput("The image is damaged: it has two sizes.")
    if not header.alpha:
        return image
    if image.shape[2] == 3:  # a WebP may announce transparency that it does not have
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    return on_white(image, red_first=False)


def _upright(image: ImageRGB, orientation: int) -> ImageRGB:
    """Undo an EXIF orientation: 2 to 4 mirror and turn by 180°, 5 to 8 also change the sides."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    return np.ascontiguousarray(image)
