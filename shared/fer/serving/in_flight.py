"""A limit on the bytes of bodies and answers held at once, so that memory does not grow with the callers."""

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from fer.errors import Unavailable

# A client slower than this bothers nobody while there is room, and has to make room when there is none.
STEP_BYTES = 65_536
STALLED_AFTER_S = 1.0


class Holding:
    """What one request holds; between ``waits_for_client`` and ``works`` it can be evicted."""

    def __init__(self, in_flight: "InFlight") -> None:
        self._in_flight = in_flight
        self._since_step_bytes = 0
        self.held_bytes = 0
        self.stepped_s = in_flight.clock()
        self.patience: asyncio.Timeout | None = None

    def waits_for_client(self, patience: asyncio.Timeout) -> None:
        """Note that the client is what keeps it from now on; ``patience`` ends early if the room is needed."""
        self.patience = patience
        self.stepped_s = self._in_flight.clock()

    def works(self) -> None:
        """Note that it is being worked on and will soon release its bytes."""
        self.patience = None

    def moved(self, size_bytes: int) -> None:
        """Record that the client read or sent this much."""
        self._since_step_bytes += size_bytes
        if self._since_step_bytes >= STEP_BYTES:
            self._since_step_bytes = 0
            self.stepped_s = self._in_flight.clock()

    def take(self, size_bytes: int) -> None:
        """Hold this much more. Raises Unavailable if there is no room and no stalled request to evict."""
        self._in_flight.make_room(size_bytes, asking=self)
        self.held_bytes += size_bytes

    def add(self, size_bytes: int) -> None:
        """Hold this much more (less if negative) without checking."""
        self.held_bytes += size_bytes


class InFlight:
    """Lets all requests together hold ``max_bytes``. For one event loop; not thread-safe."""

    def __init__(self, max_bytes: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._max_bytes = max_bytes
        self._holdings: set[Holding] = set()

    @contextmanager
    def holding(self) -> Generator[Holding]:
        """Yield a request's account, empty at first; whatever it holds at the end is released."""
        holding = Holding(self)
        self._holdings.add(holding)
        try:
            yield holding
        finally:
            self._holdings.discard(holding)

    def make_room(self, size_bytes: int, *, asking: Holding) -> None:
        """Evict stalled requests, the longest first, until there is room; raises Unavailable."""
        missing_bytes = sum(each.held_bytes for each in self._holdings) + size_bytes - self._max_bytes
        if missing_bytes > 0:
            missing_bytes -= self._let_go_of_stalled(missing_bytes, spared=asking)
        if missing_bytes > 0:
            raise Unavailable("The server is at its memory limit; try again shortly.")

    def _let_go_of_stalled(self, wanted_bytes: int, *, spared: Holding) -> int:
        """Evict and return how many bytes will come free: ``wanted_bytes`` if there are as many."""
        freed_bytes = 0
        stalled_since_s = self.clock() - STALLED_AFTER_S
        for holding in sorted(self._holdings, key=lambda each: each.stepped_s):
            if freed_bytes >= wanted_bytes or holding.stepped_s > stalled_since_s:
                break
            patience = holding.patience
            if holding is not spared and patience is not None and not patience.expired() and holding.held_bytes:
                patience.reschedule(0)  # evicted: its task releases the bytes when it runs next
                freed_bytes += holding.held_bytes
                self._holdings.discard(holding)
        return freed_bytes
