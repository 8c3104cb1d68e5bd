"""A pool of parts that only one thread may use at a time, such as an interpreter or a network."""

import queue
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Generic, TypeVar

Part = TypeVar("Part")


class Pool(Generic[Part]):
    """Lends a part to one thread at a time and makes another when all are lent.

    The first part is made at once, so that a bad file fails at start and not at the first request. Parts are
    kept, so there are at most as many as there ever were threads at the same time.
    """

    def __init__(self, make: Callable[[], Part]) -> None:
        self._make = make
        self._idle: queue.SimpleQueue[Part] = queue.SimpleQueue()
        self._idle.put(make())

    @contextmanager
    def lend(self) -> Generator[Part]:
        """Lend a part for the time of a ``with`` block."""
        try:
            part = self._idle.get_nowait()
        except queue.Empty:
            part = self._make()
        try:
            yield part
        finally:
            self._idle.put(part)
