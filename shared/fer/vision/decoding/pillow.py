"""Pillow's decoders, restricted: only that of the recognised format, never whichever of its forty accepts the file.

Pillow is imported only when needed: photos as JPEG, PNG or WebP do not need it.
"""

import io
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer.errors import FerError, InvalidInput, TooLarge, UnsupportedType
from fer.vision.arrays import ImageRGB
from fer.vision.decoding.colours import on_white, transform_to_srgb
from fer.vision.decoding.jpeg import DAMAGED
from fer.vision.decoding.limits import MAX_ODD_PIXELS, MAX_RLE_PIXELS

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

# Pillow's parsers walk a file piece by piece, in Python, and collect some of it in quadratic time. The largest real
# headers take a few hundred reads, the pixels of a large PNG about ten thousand.
_MAX_HEADER_READS = 5_000
_MAX_READS = 200_000
# A run-length encoded BMP is decoded in Python too, with two reads per run.
_MAX_RLE_READS = 3 * MAX_RLE_PIXELS
_ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
_OPAQUE_MODES = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr")


@dataclass(frozen=True, slots=True, kw_only=True)
class PillowHeader:
    """What Pillow says about a picture before decoding it; ``kind`` names it for errors."""

    kind: str
    size_wh: tuple[int, int]
    max_pixels: int
    grey: bool
    exif: bytes
    icc_profile: bytes


def read_header(data: bytes, name: str) -> PillowHeader:
    """Read the header of a GIF, BMP or AVIF.

    Raises ``InvalidInput``, and ``TooLarge`` if the first frame has far more pixels than are ever allowed.
    """
    with _faults():
        picture = _open(data, name)
        rle = picture.info.get("compression") in (1, 2) if name == "BMP" else False
        return PillowHeader(
            kind="run-length encoded BMP" if rle else name,
            size_wh=picture.size,
            max_pixels=MAX_RLE_PIXELS if rle else MAX_ODD_PIXELS,
            grey=picture.mode in ("1", "L"),
            exif=picture.info.get("exif", b""),
            icc_profile=picture.info.get("icc_profile", b""),
        )


def decode(data: bytes, name: str, *, size_wh: tuple[int, int]) -> ImageRGB:
    """Decode the first frame to uint8 (H, W, 3) RGB as stored in the file; transparency becomes white.

    Raises ``InvalidInput`` if it does not have ``size_wh``, is damaged, or has pixels that were never decoded, and
    ``UnsupportedType`` for a pixel type that is not supported.
    """
    with _faults():
        return _rgb_of(_load_png(data, size_wh) if name == "PNG" else _load(data, name, size_wh))


class _File(io.BytesIO):
    """A file that can be read in a limited number of pieces."""

    reads_left = _MAX_HEADER_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads_left -= 1
        if self.reads_left < 0:
            raise InvalidInput("The image is cut into too many small pieces.")
        return super().read(size)


def _open(data: bytes, name: str) -> "ImageFile":
    from PIL import (
        AvifImagePlugin,
        BmpImagePlugin,
        GifImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        WebPImagePlugin,
    )

    # Requests already share the cores; threads of the decoder would only fight over them.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    plugins: dict[str, Callable[[io.BytesIO], ImageFile]] = {
        "JPEG": JpegImagePlugin.JpegImageFile,
        "PNG": PngImagePlugin.PngImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
        "AVIF": AvifImagePlugin.AvifImageFile,
    }
    file = _File(data)
    picture = plugins[name](file)
    file.reads_left = _MAX_RLE_READS if name == "BMP" else _MAX_READS
    return picture


def _load(data: bytes, name: str, size_wh: tuple[int, int], *, backdrop: int | None = None) -> "ImageFile":
    """Decode onto a picture filled with the grey level ``backdrop``."""
    picture = _open(data, name)
    if picture.size != size_wh:
        raise InvalidInput(DAMAGED)
    if backdrop is not None:
        picture.im = _blank(picture.mode, size_wh, backdrop).im
    picture.load()
    return picture


def _load_png(data: bytes, size_wh: tuple[int, int]) -> "ImageFile":
    """Decode a PNG of which every row is there.

    Pillow reports success even if the packed rows end early. Rows are written in the order in which they arrive, so
    the last pixel tells; in an interlaced picture it is that of the last odd row, which comes last.
    """
    picture = _load(data, "PNG", size_wh, backdrop=1)
    last = _last_pixels(picture)
    untouched = _blank(picture.mode, (1, 1), 1).getpixel((0, 0))
    # If the picture happens to have the backdrop's colour there, another backdrop decides.
    if untouched in last and _last_pixels(_load(data, "PNG", size_wh, backdrop=0)) != last:
        raise InvalidInput(DAMAGED)
    return picture


def _blank(mode: str, size_wh: tuple[int, int], level: int) -> "Image":
    from PIL import Image

    bands = Image.getmodebands(mode)
    return Image.new(mode, size_wh, level if bands == 1 else (level,) * bands)


def _last_pixels(picture: "Image") -> list[object]:
    width, height = picture.size
    return [picture.getpixel((width - 1, height - rows)) for rows in (1, 2)]


@contextmanager
def _faults() -> Generator[None]:
    """Turn whatever a parser raises into ``InvalidInput``: the bytes are at fault."""
    from PIL import Image

    try:
        yield
    except FerError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise TooLarge(f"The image claims far more than the {MAX_ODD_PIXELS:,} pixels allowed.") from error
    except Exception as error:  # parsers of hostile bytes raise anything, and nothing else runs here
        raise InvalidInput(DAMAGED) from error


def _rgb_of(picture: "Image") -> ImageRGB:
    if picture.mode.startswith("I;16"):
        high = (np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(high[:, :, None], 3, axis=2)
    if picture.mode in _ALPHA_MODES or "transparency" in picture.info:
        return on_white(np.asarray(picture if picture.mode == "RGBA" else picture.convert("RGBA")), red_first=True)
    if picture.mode == "CMYK" and (transform := transform_to_srgb(picture.info.get("icc_profile", b""), "CMYK")):
        return np.array(transform.apply(picture))
    if picture.mode in _OPAQUE_MODES:
        return np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    raise UnsupportedType("Images with this pixel type are not supported. Send 8-bit colour or grey.")
