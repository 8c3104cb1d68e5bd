"""How large a picture may be, depending on what it takes to decode."""

from fer.errors import InvalidInput, TooLarge

# The largest pictures that phones and cameras send by default have 24 megapixels (5712×4284, 6000×4000). Four
# threads that each hold one stay below 500 MB.
MAX_PIXELS = 24_500_000
# What OpenCV does not read needs up to five times the memory on the way.
MAX_ODD_PIXELS = 12_500_000
# Pillow unpacks these in Python, pixel by pixel.
MAX_RLE_PIXELS = 2_000_000
# No expression can be recognised in fewer.
MIN_SIDE_PX = 16
# Longer sides come from no camera; some encoders and OpenCV's remapping stop at 32,767.
MAX_SIDE_PX = 32_000


def check_size(size_wh: tuple[int, int], *, max_pixels: int, kind_max_pixels: int, kind: str) -> None:
    """Raise ``TooLarge`` or ``InvalidInput``, naming the limit that is exceeded.

    ``max_pixels`` applies to all pictures, ``kind_max_pixels`` to ``kind`` if it is smaller.
    """
    width, height = size_wh
    size, pixels = f"The image has {width}×{height} pixels", width * height
    if min(size_wh) < MIN_SIDE_PX:
        raise InvalidInput(f"{size}; each side needs at least {MIN_SIDE_PX}.")
    if max(size_wh) > MAX_SIDE_PX:
        raise TooLarge(f"{size}; a side may have at most {MAX_SIDE_PX:,}.")
    if pixels > kind_max_pixels and kind_max_pixels < max_pixels:
        raise TooLarge(f"{size}, {pixels:,} in all; for this kind ({kind}) at most {kind_max_pixels:,} are allowed.")
    if pixels > max_pixels:
        raise TooLarge(f"{size}, {pixels:,} in all; at most {max_pixels:,} are allowed.")
