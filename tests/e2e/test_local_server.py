"""The process that ``make run`` starts."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.servers import Server, local_server, send


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("local")
    with local_server(directory / "bucket", log=directory / "log") as running:
        yield running


def test_it_greets_and_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with local_server(tmp_path / "bucket", log=log) as server:
        server.stop(signal.SIGINT)
    text = log.read_text(encoding="utf-8")
    assert f"Facial-expression functions on {server.url}" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("path", ["/", "/stats", "/predict_expression", "/download_expression_csv", "/index.html"])
def test_a_name_made_to_resolve_to_loopback_is_refused(server: Server, path: str) -> None:
    for host in (f"rebound.example:{server.port}", "rebound.example", "169.254.169.254"):
        assert send(server.url, "GET", path, headers={"Host": host}).status == 403
    assert send(server.url, "GET", "/stats", headers={"Host": f"localhost:{server.port}"}).status == 200


def test_so_is_a_live_video_from_its_page(server: Server) -> None:
    refused = handshake(server, host=f"rebound.example:{server.port}", origin=f"http://rebound.example:{server.port}")
    assert refused.startswith(b"HTTP/1.1 403 ")
    let_in = handshake(server, host=f"localhost:{server.port}", origin=f"http://localhost:{server.port}")
    assert let_in.startswith(b"HTTP/1.1 101 ")


def handshake(server: Server, *, host: str, origin: str) -> bytes:
    """Return the first bytes that a browser's WebSocket handshake is answered with."""
    lines = [
        "GET /stream HTTP/1.1",
        f"Host: {host}",
        f"Origin: {origin}",
        "Connection: Upgrade",
        "Upgrade: websocket",
    ]
    lines += ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection.recv(100)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_it_does_not_open_the_collected_faces_unasked(tmp_path: Path, host: str) -> None:
    server = local_server(tmp_path / "bucket", log=tmp_path / "log", HOST=host)
    with pytest.raises(RuntimeError, match="did not start") as refused:
        server.start()
    assert "FER_EXPORT_TOKEN" in str(refused.value)


def test_with_a_token_it_answers_everywhere_and_asks_for_it(tmp_path: Path) -> None:
    settings = {"HOST": "0.0.0.0", "FER_EXPORT_TOKEN": "open sesame"}
    with local_server(tmp_path / "bucket", log=tmp_path / "log", **settings) as server:
        elsewhere = {"Host": "faces.example"}
        assert send(server.url, "GET", "/", headers=elsewhere).status == 200
        assert send(server.url, "GET", "/stats", headers=elsewhere).status == 401
        opened = send(server.url, "GET", "/stats", headers={**elsewhere, "Authorization": "Bearer open sesame"})
        assert opened.status == 200
