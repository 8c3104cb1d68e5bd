"""Live video that floods the server that ``make run`` starts, next to requests over HTTP."""

import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from websockets.exceptions import WebSocketException

from local.servers import Server, local_server, send
from tests.pictures import astronaut, encode
from tests.stream_client import streaming

FLOODS = 6
SILENT = 150
MAX_CONNECTIONS = 100
LIMIT_MB = 500
SETTLED_S = 10
HANDSHAKE = (
    b"GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PHOTO = encode(astronaut(), ".jpg")
JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("flood")
    settings = {"FER_STREAM_MAX_CONNECTIONS": "8", "FER_MAX_CONNECTIONS": str(MAX_CONNECTIONS)}
    with local_server(directory / "bucket", log=directory / "log", **settings) as running:
        yield running


@contextmanager
def meanwhile(flood: Callable[[threading.Event], None], *, threads: int) -> Generator[None]:
    """Run ``flood`` on so many threads for the time of a ``with`` block."""
    over = threading.Event()
    running = [threading.Thread(target=flood, args=(over,)) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in running:
            thread.join()


def test_requests_are_answered_next_to_clients_that_send_video_without_end(server: Server) -> None:
    address = server.url.removeprefix("http://")

    def flood(over: threading.Event) -> None:
        while not over.is_set():
            with suppress(OSError, WebSocketException), streaming(address, max_queue=1, close_timeout=1) as client:
                while not over.is_set() and client.connection.close_code is None:
                    client.send_until_closed(PHOTO)

    with meanwhile(flood, threads=FLOODS):
        for _ in range(10):
            assert send(server.url, "GET", "/").status == 200
            answer = send(server.url, "POST", "/predict_expression?annotate=none", headers=JPEG, body=PHOTO)
            assert len(answer.json["faces"]) == 1
        assert server.resident_mb() < LIMIT_MB


def test_handshakes_that_nobody_follows_leave_room_for_requests(server: Server) -> None:
    with ExitStack() as held:
        for _ in range(SILENT):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(HANDSHAKE)
        # All at once they are more than may be open, so the first request may be asked to come back.
        deadline = time.monotonic() + SETTLED_S
        while send(server.url, "GET", "/").status == 503 and time.monotonic() < deadline:
            time.sleep(0.1)
        for _ in range(10):
            assert send(server.url, "GET", "/").status == 200
    assert send(server.url, "POST", "/predict_expression?annotate=none", headers=JPEG, body=PHOTO).status == 200
