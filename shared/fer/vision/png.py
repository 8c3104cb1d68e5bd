"""PNG, written fast: each row as its difference from the one above it, packed by ISA-L.

The third edition of the format (https://www.w3.org/TR/png-3/) in four chunks. What was compared, and why this filter
and level: docs/decisions/0022-around-the-nets.md.
"""

import numpy as np
from numpy.typing import NDArray

from fer.vision.arrays import ImageGrey, ImageRGB

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB = 0, 2
_UP = 2  # the row filter: minus the pixel above
_LEVEL = 1  # of ISA-L's 0 to 3; the next is slower and hardly smaller


def encode_png(image: ImageRGB | ImageGrey) -> bytes:
    """Encode uint8 (H, W, 3) RGB or (H, W) grey without loss.

    Raises ``ValueError`` for another shape or type, and for a picture without pixels.
    """
    if image.dtype != np.uint8 or image.shape[2:] not in ((), (3,)) or image.ndim < 2 or 0 in image.shape:
        raise ValueError(f"expected uint8 (H, W) or (H, W, 3), got {image.dtype} {image.shape}")
    # Imported here, because most callers draw for themselves and request no picture.
    from isal import isal_zlib

    height, width = image.shape[:2]
    colour = _GREY if image.ndim == 2 else _RGB
    header = width.to_bytes(4) + height.to_bytes(4) + bytes((8, colour, 0, 0, 0))  # 8 bits, not interlaced
    packed = isal_zlib.compress(_minus_above(image), level=_LEVEL)
    chunks = [(b"IHDR", header), (b"IDAT", packed), (b"IEND", b"")]
    parts = [_SIGNATURE]
    for kind, body in chunks:
        crc = isal_zlib.crc32(body, isal_zlib.crc32(kind))
        parts += [len(body).to_bytes(4), kind, body, crc.to_bytes(4)]
    return b"".join(parts)


def _minus_above(image: ImageRGB | ImageGrey) -> NDArray[np.uint8]:
    """Return the filtered rows, each after the byte that names its filter; above the first row lies zero."""
    rows = image.reshape(image.shape[0], -1)  # (H, W, C) -> (H, W·C)
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = _UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])  # modulo 256, as the format has it
    return filtered
