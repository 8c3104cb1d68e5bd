"""A pool of objects that only one thread may use at a time, such as interpreters."""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Pool(Generic[Item]):
    """Lends items and makes a new one when all are lent, so it grows to the number of busy threads.

    The first is made at once, so that a file that cannot be loaded fails at the start.
    """

    def __init__(self, make: Callable[[], Item]) -> None:
        self._make = make
        self._idle: deque[Item] = deque([make()])  # append and pop are atomic

    @contextmanager
    def lend(self) -> Generator[Item]:
        try:
            item = self._idle.pop()
        except IndexError:
            item = self._make()
        yield item
        # Not in a finally: an item whose use failed may be in an inconsistent state and is dropped.
        self._idle.append(item)
