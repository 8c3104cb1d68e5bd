"""The photo that tests and benchmarks recognise."""

from base64 import b64encode
from typing import Any, cast

import numpy as np
import skimage.data
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def astronaut() -> Picture:
    """Return Eileen Collins (NASA, public domain), uint8 (512, 512, 3) RGB: one face."""
    return cast("Picture", cast("Any", skimage.data).astronaut())


def data_url(image: bytes, media_type: str = "image/jpeg") -> str:
    return f"data:{media_type};base64,{b64encode(image).decode()}"
