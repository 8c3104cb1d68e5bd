"""A shared amount of something, such as memory, of which each caller holds a part for a while."""

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from fer.errors import Unavailable


class FairBudget:
    """Lets callers on threads proceed while all together hold at most ``total``; first come, first served.

    Nobody overtakes, so a caller who needs most of it gets a turn despite any number of others.
    """

    def __init__(self, total: int, *, what: str, max_waiting: int, patience_s: float) -> None:
        self._total = self._free = total
        self._what = what
        self._max_waiting = max_waiting
        self._patience_s = patience_s
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, amount: int) -> Generator[None]:
        """Hold this much for the duration of a ``with`` block, or all of it where that is less; nothing for 0.

        Raises Unavailable where too many wait already, or the turn does not come in time.
        """
        wanted = min(amount, self._total)
        if wanted:
            self._take(wanted)
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()

    def _take(self, wanted: int) -> None:
        ticket = object()
        with self._changed:
            if len(self._waiting) >= self._max_waiting:
                raise Unavailable(f"Too many {self._what} are waiting; try again shortly.")
            self._waiting.append(ticket)
            try:
                if not self._changed.wait_for(
                    lambda: self._waiting[0] is ticket and self._free >= wanted, self._patience_s
                ):
                    raise Unavailable(f"The wait for other {self._what} took too long; try again shortly.")
                self._free -= wanted
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
