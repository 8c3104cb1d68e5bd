"""How many pixels are worked on at the same time, so that memory does not grow with the number of callers.

A picture is charged the pixels of a plain one that takes as much memory: what Pillow decodes, two to five times its
own.
"""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

from fer.fair_budget import FairBudget
from fer.vision.decoding.headers import read_header

# Two 12-megapixel photos, or one picture of the largest accepted size.
PIXELS_AT_ONCE = 24_500_000
# Up to here, a plain one of 1920×1080, a picture counts as small: it has a budget of its own and never waits behind
# large ones.
SMALL_PIXELS = 2_100_000
SMALL_PIXELS_AT_ONCE = 4_200_000
# A large picture takes about a second on a busy core; a caller who would wait longer had better try again.
MAX_WAITING = 16
PATIENCE_S = 20.0


class PixelBudget:
    """Lets callers proceed while all together hold at most ``pixels``; first come, first served.

    Decoded pictures are most of a request's memory, and large ones keep a core busy anyway: working on
    eight at once would take eight times the memory and finish no earlier. Nobody overtakes, so a picture
    that needs most of the budget gets its turn despite any number of smaller ones.
    """

    def __init__(
        self, pixels: int = PIXELS_AT_ONCE, *, max_waiting: int = MAX_WAITING, patience_s: float = PATIENCE_S
    ) -> None:
        self._budget = FairBudget(pixels, what="large pictures", max_waiting=max_waiting, patience_s=patience_s)

    @contextmanager
    def hold(self, image: bytes, *, max_pixels: int) -> Generator[None]:
        """Hold what an encoded ``image`` is charged for the time of a ``with`` block.

        A picture larger than the whole budget has it to itself. One that exceeds ``max_pixels``, or the limit of
        its kind, does not wait, because it will be refused. Raises InvalidInput and UnsupportedType as
        ``read_header`` does, and Unavailable if too many are waiting already, or the turn does not come in time.
        """
        with self.hold_pixels(_pixels_to_decode(image, max_pixels)):
            yield

    def hold_pixels(self, pixels: int) -> AbstractContextManager[None]:
        """Hold a number of pixels for the duration of a ``with`` block; raise as ``hold`` does."""
        return self._budget.hold(pixels)


class Turns:
    """A budget for large pictures and one for small ones, so that neither kind waits for the other."""

    def __init__(self) -> None:
        self._large = PixelBudget()
        self._small = PixelBudget(SMALL_PIXELS_AT_ONCE, max_waiting=1_000)  # at most all threads

    @contextmanager
    def hold(self, image: bytes, *, max_pixels: int) -> Generator[None]:
        """Hold the pixels in the budget for this size of picture; see ``PixelBudget.hold``."""
        pixels = _pixels_to_decode(image, max_pixels)
        with (self._small if pixels <= SMALL_PIXELS else self._large).hold_pixels(pixels):
            yield


budget = Turns()
"""The one of this process, whichever functions run in it."""


def _pixels_to_decode(image: bytes, max_pixels: int) -> int:
    header = read_header(image)
    return header.charged_pixels if header.pixels <= min(max_pixels, header.max_pixels) else 0
