"""What slow, odd and hostile clients get, and that nobody else notices: a real server on loopback."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack
from typing import Any

import flask
import pytest

from fer.http.answers import json_answer
from fer.http.endpoint import Endpoint
from fer.serving.application import application, connection_options
from fer.settings import Settings
from local.servers import send
from tests.asgi_server import serving

MANY_BYTES = 12_000_000
Serve = Callable[..., "Client"]


class Client:
    """Sends raw bytes to a server."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self.url = f"http://{address}"
        self._address = (host, int(port))
        self._connections = ExitStack()

    def close(self) -> None:
        self._connections.close()

    def connect(self, data: bytes) -> socket.socket:
        connection = self._connections.enter_context(socket.create_connection(self._address, timeout=20))
        connection.sendall(data)
        return connection

    def talk(self, data: bytes, *, half_close: bool = False) -> bytes:
        """Everything that comes back until the server closes."""
        with self.connect(data) as connection:
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.fixture
def serve() -> Generator[Serve]:
    """Starts an endpoint that answers how long the body was, with the settings that the test gives."""
    with ExitStack() as running:

        def start(**settings: Any) -> Client:
            values: dict[str, Any] = {"body_timeout_s": 1, "headers_timeout_s": 1, "threads": 2, **settings}
            chosen = Settings(**values)
            endpoint = Endpoint(health=dict)

            @endpoint.route("POST", "/length")
            def length(request: flask.Request) -> flask.Response:
                return json_answer({"length": len(request.get_data())})

            @endpoint.route("GET", "/many")
            def many(_: flask.Request) -> flask.Response:
                pieces: Iterable[bytes] = (bytes(100_000) for _ in range(MANY_BYTES // 100_000))
                return flask.Response(pieces, content_type="text/csv")

            @endpoint.route("GET", "/large")
            def large(_: flask.Request) -> flask.Response:
                return flask.Response(bytes(MANY_BYTES), content_type="text/csv")

            app = application(endpoint.wsgi, chosen)
            address = running.enter_context(serving(app, **connection_options(chosen), log_level="critical"))
            client = Client(address)
            running.callback(client.close)
            return client

        yield start


HEAD = b"POST /length HTTP/1.1\r\nHost: localhost\r\n"


def test_a_body_arrives_whole(serve: Serve) -> None:
    client = serve()
    for body in (b"", b"x", bytes(300_000)):
        assert send(client.url, "POST", "/length", body=body).json == {"length": len(body)}
    assert send(client.url, "POST", "/length", body=[b"abc", b"de"]).json == {"length": 5}
    assert send(client.url, "GET", "/", body=b"a body that nobody asked for").status == 200


@pytest.mark.parametrize(
    "request_begun",
    [
        HEAD,
        HEAD + b"Content-Length: 10\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\n",
    ],
    ids=["headers", "body", "chunks", "second headers"],
)
def test_what_does_not_come_to_its_end_is_a_408(serve: Serve, request_begun: bytes) -> None:
    answer = serve().talk(request_begun)
    assert b" 408 " in answer
    assert b'"code":"timeout"' in answer


def test_a_connection_that_says_nothing_is_closed(serve: Serve) -> None:
    assert serve().talk(b"") == b""


def test_stalled_clients_are_in_nobodys_way(serve: Serve) -> None:
    client = serve(body_timeout_s=30, headers_timeout_s=30)
    begun = [HEAD, HEAD + b"Content-Length: 3000000\r\n\r\n\xff\xd8\xff"]
    _ = [client.connect(begun[number % 2]) for number in range(100)]
    assert send(client.url, "GET", "/", timeout_s=5).status == 200
    assert send(client.url, "POST", "/length", body=b"abc", timeout_s=5).json == {"length": 3}


def test_a_length_above_the_limit_is_refused_before_the_body_comes(serve: Serve) -> None:
    client = serve(max_body_bytes=1_000, body_timeout_s=30)
    asked = HEAD + b"Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n"
    answer = client.talk(asked)
    assert answer.startswith(b"HTTP/1.1 413 ")
    with client.connect(asked.replace(b"1001", b"1000")) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(bytes(1000))
        connection.shutdown(socket.SHUT_WR)
        assert b'{"length":1000}' in b"".join(iter(lambda: connection.recv(1000), b""))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_read_on_and_refused(serve: Serve, chunked: bool) -> None:
    client = serve(max_body_bytes=100_000, body_timeout_s=30)
    body = [bytes(100_000)] * 20 if chunked else bytes(2_000_000)
    answer = send(client.url, "POST", "/length", body=body)
    assert (answer.status, answer.json["code"]) == (413, "too_large")


def test_who_half_closes_gets_all_answers(serve: Serve) -> None:
    once = HEAD + b"Content-Length: 3\r\n\r\nabc"
    assert serve().talk(once, half_close=True).count(b'{"length":3}') == 1
    assert serve().talk(once * 3, half_close=True).count(b'{"length":3}') == 3


def test_a_body_cut_off_is_answered_to_nobody(serve: Serve) -> None:
    assert serve().talk(HEAD + b"Content-Length: 10\r\n\r\nabc", half_close=True) == b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"X: " + b"x" * 100_000, b"431"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na", b"400"),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nnothing of the kind\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (HEAD + b"X: " + b"x" * 40_000 + b"\r\n\r\n", b"431"),
        (b"GET /?" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"431"),
        (HEAD + b"X: 1\r\n" * 7_000 + b"\r\n", b"431"),
    ],
    ids=[
        *("headers", "length", "two lengths", "length and chunks", "chunks", "TLS", "no host", "HTTP/2"),
        *("headers at once", "query at once", "many headers at once"),
    ],
)
def test_what_is_not_http_gets_the_contracts_json(serve: Serve, sent: bytes, status: bytes) -> None:
    answer = serve().talk(sent)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b'"retryable":false}' in answer
    assert answer.count(b"HTTP/1.1 ") == 1


def test_an_offered_upgrade_to_http2_is_ignored(serve: Serve) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
    assert b'{"length":3}' in serve().talk(HEAD + offer + b"Content-Length: 3\r\n\r\nabc", half_close=True)


@pytest.mark.parametrize(
    "offer",
    [
        b"",
        b"Sec-WebSocket-Version: 13\r\n",
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n",
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ],
    ids=["nothing", "version", "bad key", "all, but a POST"],
)
def test_an_offer_of_a_websocket_that_is_none_is_ignored(serve: Serve, offer: bytes) -> None:
    head = HEAD + b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nContent-Length: 3\r\n"
    assert b'{"length":3}' in serve().talk(head + offer + b"\r\nabc")


@pytest.mark.parametrize("target", [b"http://localhost/length", b"HTTP://any.example:80/length?a=http://b/c"])
def test_an_absolute_target_is_answered_as_its_path(serve: Serve, target: bytes) -> None:
    request = HEAD.replace(b"/length", target) + b"Connection: close\r\nContent-Length: 3\r\n\r\nabc"
    assert b'{"length":3}' in serve().talk(request)


@pytest.mark.parametrize("line", [b"GET http://localhost", b"OPTIONS *"])
def test_a_target_without_a_path_is_the_server(serve: Serve, line: bytes) -> None:
    answer = serve().talk(line + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.split(b" ", 2)[1] in (b"200", b"204")


def test_connections_beyond_the_bound_push_out_those_that_wait_for_headers(serve: Serve) -> None:
    client = serve(max_connections=10, headers_timeout_s=30)
    silent = [client.connect(HEAD) for _ in range(30)]
    assert send(client.url, "GET", "/", timeout_s=5).status == 200
    for connection in silent[:20]:  # long before their headers are late
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(10) == b""
    assert not select.select(silent[21:], [], [], 0)[0]


def test_slow_readers_hold_no_thread(serve: Serve) -> None:
    client = serve()
    _ = [client.connect(b"GET /many HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(10)]
    time.sleep(0.5)
    assert send(client.url, "POST", "/length", body=b"abc", timeout_s=5).json == {"length": 3}


@pytest.mark.parametrize("path", [b"/many", b"/large"], ids=["pieces", "whole"])
def test_who_does_not_read_is_dropped_at_the_deadline(serve: Serve, path: bytes) -> None:
    client = serve(send_timeout_s=1)
    connection = client.connect(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    dropped = select.poll()
    dropped.register(connection, 0)  # nothing but its end is waited for
    assert dropped.poll(20_000)
    received_bytes = 0
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65_536):
            received_bytes += len(piece)
    assert received_bytes < MANY_BYTES
    assert send(client.url, "POST", "/length", body=b"abc", timeout_s=5).json == {"length": 3}


def test_who_reads_slowly_but_steadily_gets_all_of_it(serve: Serve) -> None:
    client = serve(send_timeout_s=3)
    connection = client.connect(b"GET /many HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    received_bytes = 0
    for _ in range(10):  # longer than one may that takes nothing
        time.sleep(0.5)
        received_bytes += len(connection.recv(1_000_000, socket.MSG_WAITALL))
    while piece := connection.recv(65_536):
        received_bytes += len(piece)
    assert received_bytes > MANY_BYTES


def test_one_client_too_often_is_refused_and_hears_when_to_come_again(serve: Serve) -> None:
    client = serve(requests_per_minute=2, proxy_hops=1, max_bytes_in_flight=1_000_000)
    one, other = {"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-For": "198.51.100.7"}
    for _ in range(2):
        assert send(client.url, "POST", "/length", body=b"abc", headers=one).status == 200
    refused = send(client.url, "POST", "/length", body=bytes(2_000_000), headers=one)
    assert (refused.status, refused.json["code"], refused.json["retryable"]) == (429, "too_many_requests", True)
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert send(client.url, "GET", "/", headers=one).status == 200
    assert send(client.url, "POST", "/length", body=b"abc", headers=other).status == 200


def test_a_stalled_upload_gives_way_where_the_room_is_needed(serve: Serve) -> None:
    client = serve(max_bytes_in_flight=1_000_000, body_timeout_s=60)
    stalled = client.connect(HEAD + b"Content-Length: 900000\r\n\r\n" + bytes(800_000))
    time.sleep(0.3)
    busy = send(client.url, "POST", "/length", body=bytes(500_001))
    assert (busy.status, busy.json["code"]) == (503, "unavailable")
    assert busy.headers["retry-after"]
    time.sleep(1.2)
    answers: list[int] = []
    upload = threading.Thread(
        target=lambda: answers.append(send(client.url, "POST", "/length", body=bytes(500_002)).status)
    )
    upload.start()
    assert stalled.recv(100).startswith(b"HTTP/1.1 408 ")
    upload.join()
    assert answers == [200]
    assert send(client.url, "POST", "/length", body=bytes(400_003)).status == 200
