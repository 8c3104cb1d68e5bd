"""How many pixels are worked on at the same time, so that memory does not grow with the number of callers."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from fer.vision.headers import read_header

# Two 12-megapixel photos, or one picture of the largest size that is read, and any number of small ones.
PIXELS_AT_ONCE = 30_000_000


class PixelBudget:
    """Lets a caller go on while all callers together hold at most ``pixels``; the others wait for their turn.

    Decoded pictures are most of a request's memory, and large ones keep a core busy anyway: to work on
    eight at once would take eight times the memory and not be done earlier.
    """

    def __init__(self, pixels: int = PIXELS_AT_ONCE) -> None:
        self._pixels = pixels
        self._free = pixels
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, image: bytes, *, max_pixels: int) -> Generator[None]:
        """Hold the pixels of an encoded ``image`` for the time of a ``with`` block.

        A picture larger than the whole budget has it to itself. One of more than ``max_pixels`` waits for
        nothing, because it will be refused. Raises InvalidInput and UnsupportedType as ``read_header`` does.
        """
        wanted = min(_pixels_to_decode(image, max_pixels), self._pixels)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= wanted)
            self._free -= wanted
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()


budget = PixelBudget()
"""The one budget of this process, whichever functions run in it."""


def _pixels_to_decode(image: bytes, max_pixels: int) -> int:
    size_wh = read_header(image).size_wh
    pixels = size_wh[0] * size_wh[1]
    return pixels if pixels <= max_pixels else 0
