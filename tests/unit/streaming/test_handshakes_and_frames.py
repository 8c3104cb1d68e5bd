"""Below the messages of the protocol: handshakes that are none, and frames that never become a message."""

import socket
from collections.abc import Mapping

import pytest

from local.servers import send
from streaming.floods import FRAMES_PER_S
from tests.stream_client import streaming
from tests.unit.streaming.gates import Serve

HANDSHAKE = (
    b"GET /stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
# Masked with zeros, so as they are: opcode, length, mask.
BEGINNING, FRAGMENT = b"\x02\x80" + bytes(4), b"\x00\x80" + bytes(4)
PING, PONG = b"\x89\x80" + bytes(4), b"\x8a\x80" + bytes(4)


@pytest.mark.parametrize("path", ["/stream", "/stream/"])
@pytest.mark.parametrize("headers", [{}, {"Upgrade": "websocket", "Sec-WebSocket-Version": "8"}], ids=["none", "old"])
def test_what_is_no_handshake_is_asked_to_upgrade(serve: Serve, path: str, headers: Mapping[str, str]) -> None:
    url = "http://" + serve()
    for method in ("GET", "HEAD"):
        answer = send(url, method, path, headers={"Connection": "Upgrade", **headers})
        assert answer.status == 426
        assert answer.headers["upgrade"] == "websocket"
        assert answer.headers["connection"].lower() == "upgrade"
        assert answer.headers["sec-websocket-version"] == "13"
    assert send(url, "GET", path).json["code"] == "upgrade_required"
    assert send(url, "POST", path, body=b"{}").status == 405


def send_without_end(connection: socket.socket, data: bytes) -> None:
    while True:
        connection.sendall(data)


@pytest.mark.parametrize(
    ("beginning", "frame"),
    [(BEGINNING, FRAGMENT), (b"", PING), (b"", PONG)],
    ids=["fragments without content", "pings", "pongs"],
)
def test_a_flood_of_frames_loses_its_connection(serve: Serve, beginning: bytes, frame: bytes) -> None:
    host, _, port = serve().partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(HANDSHAKE)
        assert connection.recv(12) == b"HTTP/1.1 101"
        connection.sendall(beginning)
        with pytest.raises(ConnectionError):
            send_without_end(connection, frame * FRAMES_PER_S)


def test_a_picture_in_many_fragments_is_read(serve: Serve, photo: bytes) -> None:
    with streaming(serve()) as client:
        client.receive()
        client.connection.send(photo[at : at + 1_000] for at in range(0, len(photo), 1_000))
        assert len(client.receive()["faces"]) == 1
