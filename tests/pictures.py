"""Pictures for tests: a real photo that scikit-image brings along, and what can be made of it."""

import zlib

import cv2
import numpy as np

from local.samples import Picture, astronaut, data_url

__all__ = ["Picture", "astronaut", "data_url", "encode", "png_bomb", "two_faces"]


def two_faces() -> Picture:
    """Return the same face twice, the smaller one on the left: uint8 (512, 768, 3)."""
    canvas = np.full((512, 768, 3), 200, np.uint8)
    canvas[128:384, :256] = cv2.resize(astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    canvas[:, 256:] = astronaut()
    return canvas


def encode(image_rgb: Picture, extension: str) -> bytes:
    """Encode RGB as ``.jpg``, ``.png`` or another that OpenCV writes."""
    done, data = cv2.imencode(extension, cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR))
    assert done
    return data.tobytes()


def png_bomb(side_px: int) -> bytes:
    """Return a valid grey PNG of ``side_px``² zeros in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = side_px.to_bytes(4) * 2 + bytes([1, 0, 0, 0, 0])  # one bit per pixel
    packer = zlib.compressobj(9)
    row = bytes(1 + (side_px + 7) // 8)
    rows = b"".join(packer.compress(row) for _ in range(side_px)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
