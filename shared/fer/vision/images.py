"""Pictures in: an encoded picture becomes upright RGB pixels, or an error that says what is wrong with it.

Pillow reads the header and decides: formats and pixel types that are not read are refused, and so is a picture
with too many pixels, before anything is decoded. Plain 8-bit JPEG, PNG and WebP then take OpenCV's decoders,
which are faster; everything else (palette, CMYK, LAB, 16 bit, GIF, …) Pillow's, which know the colours.
"""

import io
import warnings
from typing import Any, Final, cast

import cv2
import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from fer.errors import InvalidInput, TooLarge, UnsupportedType
from fer.vision.arrays import ImageGrey, ImageRGB

MAX_PIXELS: Final = 25_000_000
MIN_SIDE_PX: Final = 2
FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""What is read, by Pillow's names; its many other formats stay closed."""

_FAST: Final = {("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "L"), ("WEBP", "RGB")}
_ORIENTATION_TAG: Final = 0x0112
_TRANSPOSE: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DAMAGED: Final = "The picture is damaged or not complete."


def decode_image(data: bytes, *, max_pixels: int = MAX_PIXELS) -> ImageRGB:
    """Decode an encoded picture to uint8 (H, W, 3) RGB, upright (EXIF orientation applied).

    Of an animation the first frame counts; transparency is laid on white. Raises ``InvalidInput`` (empty,
    damaged, truncated or too small), ``UnsupportedType`` (a format or pixel type that is not read) and
    ``TooLarge`` (from the header, before anything is decoded).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata and of bombs; both are handled here
        image = _open(data)
        width_px, height_px = image.size
        if width_px * height_px > max_pixels:
            raise TooLarge(f"The picture has more than {max_pixels} pixels.")
        if min(width_px, height_px) < MIN_SIDE_PX:
            raise InvalidInput(f"The picture must be at least {MIN_SIDE_PX} pixels wide and high.")
        try:
            orientation = image.getexif().get(_ORIENTATION_TAG, 1)
            fast = (image.format, image.mode) in _FAST and "transparency" not in image.info
            image_rgb = _decode_fast(data) if fast else _decode_slowly(image)
        # Decoders raise nearly anything on hostile bytes; struct.error, SyntaxError and zlib.error among them.
        except (InvalidInput, UnsupportedType):
            raise
        except Exception as error:
            raise InvalidInput(_DAMAGED) from error
    return _upright(image_rgb, orientation)


def to_grey(image_rgb: ImageRGB) -> ImageGrey:
    """Convert uint8 (H, W, 3) RGB to uint8 (H, W) with the ITU-R BT.601 weights, red first."""
    return cast("ImageGrey", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY))


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        if _starts_like_a_read_format(data):
            raise InvalidInput(_DAMAGED) from error
        raise UnsupportedType(f"Not a picture of a format that is read: {', '.join(FORMATS)}.") from error
    except Image.DecompressionBombError as error:
        raise TooLarge("The picture has too many pixels.") from error
    except Exception as error:
        raise InvalidInput(_DAMAGED) from error


def _starts_like_a_read_format(data: bytes) -> bool:
    signatures = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")
    return data.startswith(signatures) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _decode_fast(data: bytes) -> ImageRGB:
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cast("ImageRGB | None", cv2.imdecode(np.frombuffer(data, np.uint8), flags))
    if decoded is None:
        raise InvalidInput(_DAMAGED)
    return decoded


def _decode_slowly(image: Image.Image) -> ImageRGB:
    image.load()
    if image.mode in ("I;16", "I;16L", "I;16B", "I"):
        return _from_16_bit(image)
    if image.mode == "LAB":
        image = _lab_to_rgb(image)
    elif image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    elif image.mode not in ("1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV"):
        raise UnsupportedType("This pixel type is not read; use 8 bits per channel.")
    return np.ascontiguousarray(np.asarray(image.convert("RGB")))


def _from_16_bit(image: Image.Image) -> ImageRGB:
    """Grey of 16 bits to 8; Pillow's own conversion would clip everything above 255 to white."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65_535:
        raise UnsupportedType("This pixel type is not read; use 8 bits per channel.")
    grey = (values.astype(np.uint32) * 255 + 32_767) // 65_535
    return np.ascontiguousarray(np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2))


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    # The stubs do not know the profiles' types.
    cms = cast("Any", ImageCms)
    transform = cms.buildTransform(cms.createProfile("LAB"), cms.createProfile("sRGB"), "LAB", "RGB")
    return cast("Image.Image", cms.applyTransform(image, transform))


def _upright(image_rgb: ImageRGB, orientation: int) -> ImageRGB:
    method = _TRANSPOSE.get(orientation)
    if method is None:
        return image_rgb
    return np.ascontiguousarray(np.asarray(Image.fromarray(image_rgb).transpose(method)))
