"""Converts transparency and embedded colour profiles to opaque sRGB, which is what the nets were trained on."""

import functools
import io
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fer.vision.arrays import ImageRGB

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageCms import ImageCmsTransform

Mode = Literal["L", "RGB", "CMYK"]

# Printer profiles have up to 2 MB, those of screens and cameras a few kilobytes.
MAX_PROFILE_BYTES = 4 * 1024 * 1024
_COLOUR_SPACE: dict[Mode, str] = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}
# Two makers' descriptions of sRGB differ by this much after rounding.
_SAME_LEVELS = 2
_PIXELS_AT_ONCE = 250_000


def on_white(image: ImageRGB, *, red_first: bool) -> ImageRGB:
    """Lay uint8 (H, W, 4) on white, a few rows at a time."""
    result = np.empty((*image.shape[:2], 3), np.uint8)
    rows = max(1, _PIXELS_AT_ONCE // image.shape[1])
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


def to_srgb(image_rgb: ImageRGB, icc_profile: bytes, *, grey: bool) -> ImageRGB:
    """Convert uint8 (H, W, 3) from the colours of ``icc_profile`` to sRGB; ``grey`` has equal channels.

    The picture is returned unchanged if the profile is empty, means sRGB, cannot be read, or does not fit the
    picture, as in browsers.
    """
    if not icc_profile:
        return image_rgb
    transform = transform_to_srgb(icc_profile, "RGB")
    if transform is None and grey:
        transform = transform_to_srgb(icc_profile, "L")
    if transform is None:
        return image_rgb
    from PIL import Image

    result = np.empty_like(image_rgb)
    rows = max(1, _PIXELS_AT_ONCE // image_rgb.shape[1])
    for top in range(0, image_rgb.shape[0], rows):
        part = image_rgb[top : top + rows]
        picture = Image.fromarray(part if transform.input_mode == "RGB" else np.ascontiguousarray(part[..., 0]))
        result[top : top + rows] = np.asarray(transform.apply(picture))
    return result


def transform_to_srgb(icc_profile: bytes, mode: Mode) -> "ImageCmsTransform | None":
    """Return the transform of ``mode`` to sRGB, or None if the profile does not fit it or changes nothing."""
    return _transform(icc_profile, mode) if len(icc_profile) <= MAX_PROFILE_BYTES else None


@functools.lru_cache(maxsize=8)  # all photos from one phone have the same
def _transform(icc_profile: bytes, mode: Mode) -> "ImageCmsTransform | None":
    from PIL import ImageCms

    untyped: Any = ImageCms
    try:
        profile: Any = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        if profile.profile.xcolor_space != _COLOUR_SPACE[mode]:
            return None
        transform = untyped.buildTransform(profile, untyped.createProfile("sRGB"), mode, "RGB")
        probe = _probe(mode)
        changed = np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe.convert("RGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):  # a damaged profile does not spoil the picture
        return None
    return None if np.abs(changed).max() <= _SAME_LEVELS else transform


def _probe(mode: Mode) -> "Image":
    """Return colours from all over the range."""
    from PIL import Image

    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    levels = np.linspace(0, 255, 6).astype(np.uint8)
    grid = np.stack(np.meshgrid(*[levels] * len(mode), indexing="ij"), axis=-1)
    return Image.fromarray(grid.reshape(1, -1, len(mode)), mode)
