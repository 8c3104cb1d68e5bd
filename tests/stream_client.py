"""A client of /stream, for tests and benchmarks: websockets' own, and the messages as JSON."""

import json
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

TIMEOUT_S = 60.0


class StreamClient:
    """One connection; receiving waits at most ``TIMEOUT_S``."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.sent = 0

    def send(self, frame: bytes) -> int:
        """Send a frame and return its id."""
        self.connection.send(frame)
        self.sent += 1
        return self.sent

    def send_until_closed(self, *frames: bytes) -> None:
        """Send frames to a server that may close before it has them all."""
        with suppress(ConnectionClosed):
            for frame in frames:
                self.send(frame)

    def receive(self) -> dict[str, Any]:
        return json.loads(self.connection.recv(timeout=TIMEOUT_S))

    def ask(self, frame: bytes) -> dict[str, Any]:
        """Send a frame and return the next message."""
        self.send(frame)
        return self.receive()

    def closed_with(self) -> tuple[int, str]:
        """Wait until the server closes, and return its code and reason; messages before that are dropped."""
        with suppress(ConnectionClosed):
            while True:
                self.connection.recv(timeout=TIMEOUT_S)
        return self.connection.close_code or 1006, self.connection.close_reason or ""


@contextmanager
def streaming(address: str, **options: Any) -> Generator[StreamClient]:
    """A connection to ``/stream`` at ``host:port``; ``options`` are those of websockets' ``connect``."""
    with connect(f"ws://{address}/stream", **{"compression": None, **options}) as connection:
        yield StreamClient(connection)
