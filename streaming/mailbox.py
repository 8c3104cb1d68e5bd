"""Room for one frame, in which the newest wins."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An encoded frame, its ordinal on the connection from 1, and its time of arrival."""

    number: int
    data: bytes
    arrived_s: float


class Mailbox:
    """Holds the next frame to be processed; a newer one replaces it until it is taken."""

    def __init__(self) -> None:
        self.skipped = 0
        self._frame: Frame | None = None
        self._filled = asyncio.Event()

    def put(self, frame: Frame) -> None:
        self.skipped += self._frame is not None
        self._frame = frame
        self._filled.set()

    async def filled(self) -> None:
        """Wait until there is a frame."""
        await self._filled.wait()

    def take(self) -> Frame:
        """Return the newest frame, which must exist, and empty the mailbox."""
        assert self._frame is not None
        frame, self._frame = self._frame, None
        self._filled.clear()
        return frame
