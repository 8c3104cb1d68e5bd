"""The threads that process frames, shared fairly among connections."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

Result = TypeVar("Result")


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """One thread per core. Waiting connections get one in the order in which they asked.

    Since a connection asks for one frame at a time, this is round robin: each gets the same share, whether it sends
    slightly too many frames or a flood.
    """

    def __init__(self, threads: int | None = None) -> None:
        threads = threads or usable_cores()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="stream")
        self._turns = asyncio.Semaphore(threads)  # wakes its waiters first come, first served

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Hold a thread for the duration of a ``with`` block."""
        async with self._turns:
            yield

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run ``work`` in a thread and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
