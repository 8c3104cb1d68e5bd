"""Colours of an embedded profile come out as in sRGB."""

import io
import re
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image, ImageCms

from fer.vision.decoding.colours import MAX_PROFILE_BYTES, to_srgb, transform_to_srgb
from fer.vision.images import decode_image
from tests.pictures import Picture
from tools.drawn_pictures import display_p3, drawn, saved

CMS = cast("Any", ImageCms)
SRGB = CMS.createProfile("sRGB")


def in_display_p3() -> Image.Image:
    """Return the drawn picture in the numbers that mean the same colours in Display P3."""
    converted = CMS.profileToProfile(drawn(), SRGB, CMS.ImageCmsProfile(io.BytesIO(display_p3())))
    return Image.fromarray(np.asarray(converted))  # without the profile, which would be saved along


def difference(image: Picture, expected: Image.Image) -> float:
    return float(np.abs(image.astype(int) - np.asarray(expected)).mean())


@pytest.mark.parametrize(
    ("image_format", "options"),
    [
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("JPEG", {"quality": 97, "subsampling": 0}),
        ("AVIF", {"quality": 95}),
    ],
)
def test_display_p3_becomes_srgb(image_format: str, options: dict[str, Any]) -> None:
    data = saved(in_display_p3(), image_format, icc_profile=display_p3(), **options)
    without = saved(in_display_p3(), image_format, **options)
    assert difference(decode_image(data), drawn()) < 0.6 * difference(decode_image(without), drawn())


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_a_profile_counts_with_alpha_and_palette_too(mode: str) -> None:
    picture = in_display_p3().quantize(256) if mode == "P" else in_display_p3().convert(mode)
    assert difference(decode_image(saved(picture, "PNG", icc_profile=display_p3())), drawn()) < 3


def test_srgb_by_any_name_changes_nothing() -> None:
    named_otherwise = re.sub(b"s\0R\0G\0B", b"x\0Y\0Z\0W", CMS.ImageCmsProfile(SRGB).tobytes())
    assert transform_to_srgb(named_otherwise, "RGB") is None
    image = np.asarray(drawn())
    assert to_srgb(image, named_otherwise, grey=False) is image


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(b"", id="none"),
        pytest.param(b"no profile", id="text"),
        pytest.param(display_p3()[:300], id="cut off"),
        pytest.param(display_p3()[:128] + b"\xff" * 460, id="damaged"),
        pytest.param(CMS.ImageCmsProfile(CMS.createProfile("LAB")).tobytes(), id="of another space"),
        pytest.param(display_p3() + bytes(MAX_PROFILE_BYTES), id="too large"),
    ],
)
def test_a_profile_that_does_not_fit_is_left_out(profile: bytes) -> None:
    data = saved(drawn(), "PNG", icc_profile=profile)
    assert (decode_image(data) == np.asarray(drawn())).all()


def grey_profile(gamma: float) -> bytes:
    """Return a grey profile of version 2 with one power curve (ICC.1:2001-04)."""
    tags = {
        b"wtpt": b"XYZ \0\0\0\0" + b"".join(round(v * 65536).to_bytes(4) for v in (0.9642, 1.0, 0.8249)),
        b"kTRC": b"curv\0\0\0\0\0\0\0\1" + round(gamma * 256).to_bytes(2) + bytes(2),
    }
    table, body, at = b"", b"", 132 + 12 * len(tags)
    for name, tag in tags.items():
        table += name + (at + len(body)).to_bytes(4) + len(tag).to_bytes(4)
        body += tag
    size = at + len(body)
    header = size.to_bytes(4) + bytes(4) + b"\x02\x10\0\0" + b"mntrGRAYXYZ " + bytes(12) + b"acsp" + bytes(28)
    white = b"".join(round(v * 65536).to_bytes(4) for v in (0.9642, 1.0, 0.8249))
    return (header + white).ljust(128, b"\0") + len(tags).to_bytes(4) + table + body


def test_grey_of_another_gamma_is_converted() -> None:
    grey = drawn().convert("L")
    data = saved(grey, "PNG", icc_profile=grey_profile(1.0))
    image = decode_image(data)
    linear = np.asarray(grey) / 255
    expected = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(image[..., 0] - expected).mean() < 1
    assert (image == image[..., :1]).all()


def test_a_grey_profile_is_none_for_colours() -> None:
    data = saved(drawn(), "PNG", icc_profile=grey_profile(1.0))
    assert (decode_image(data) == np.asarray(drawn())).all()
