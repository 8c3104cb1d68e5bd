"""Pictures for tests: a real photo that scikit-image brings along, and what can be made of it."""

import zlib
from base64 import b64encode
from typing import Any, cast

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def astronaut() -> Picture:
    """Eileen Collins, NASA, public domain: uint8 (512, 512, 3) RGB, one face."""
    return cast("Picture", cast("Any", skimage.data).astronaut())


def two_faces() -> Picture:
    """The same face twice, the smaller one on the left: uint8 (512, 768, 3)."""
    canvas = np.full((512, 768, 3), 200, np.uint8)
    canvas[128:384, :256] = cv2.resize(astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    canvas[:, 256:] = astronaut()
    return canvas


def encode(image_rgb: Picture, extension: str) -> bytes:
    """Encode RGB as ``.jpg``, ``.png`` or another that OpenCV writes."""
    done, data = cv2.imencode(extension, cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR))
    assert done
    return data.tobytes()


def data_url(image: bytes, media_type: str = "image/jpeg") -> str:
    return f"data:{media_type};base64,{b64encode(image).decode()}"


def png_bomb(side_px: int) -> bytes:
    """A valid grey PNG of ``side_px``² zeros in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = side_px.to_bytes(4) * 2 + bytes([1, 0, 0, 0, 0])  # one bit per pixel
    packer = zlib.compressobj(9)
    row = bytes(1 + (side_px + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
