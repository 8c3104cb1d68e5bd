"""uvicorn's WebSocket with a limit on frames, which are what a message is sent in.

The protocol bounds messages and their bytes. But fragments without content are no message yet, and pings never are:
each takes only some microseconds, but of the event loop, on which everybody else waits.
"""

from typing import TYPE_CHECKING, Any

from fer.serving.rate import Rate
from streaming.denials import DeniesQuietly

if TYPE_CHECKING:
    from websockets.frames import Frame

# Many times what a client needs that cuts each picture of a fast video into pieces of 8 KB.
FRAMES_PER_S = 2_000
# Uvicorn gets up to 256 KB at once from the system: tens of thousands of the smallest frames.
_STEP_BYTES = 8_192


class RefusesFloods(DeniesQuietly):
    """Drops a connection with more than ``FRAMES_PER_S`` frames, pings and fragments included."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._rate = Rate(FRAMES_PER_S, now_s=self.loop.time())
        self._is_flooded = False

    def data_received(self, data: bytes) -> None:
        for start in range(0, len(data), _STEP_BYTES):
            super().data_received(data[start : start + _STEP_BYTES])
            if self._is_flooded:
                self.transport.abort()
                return

    def handle_cont(self, event: "Frame") -> None:
        self._count()
        super().handle_cont(event)

    def handle_ping(self) -> None:
        self._count()
        super().handle_ping()

    def handle_pong(self, event: "Frame") -> None:
        self._count()
        super().handle_pong(event)

    def _count(self) -> None:
        """Count a frame that begins no message; messages themselves are counted where they arrive."""
        self._is_flooded = self._is_flooded or not self._rate.allows(now_s=self.loop.time())
