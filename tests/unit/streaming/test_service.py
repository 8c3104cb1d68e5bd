"""The protocol of docs/streaming.md, spoken with a real client to the real server on loopback."""

import json
import logging
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from fer.domain import EXPRESSIONS, Face
from fer.usecases.predict import Recogniser
from fer.vision.arrays import ImageRGB
from local.servers import send
from streaming import protocol
from streaming.workers import usable_cores
from tests.pictures import encode
from tests.stream_client import streaming
from tests.unit.streaming.gates import Broken, Gate, Lines, Serve, with_detector

ROOT = Path(__file__).resolve().parents[3]


def test_health_and_unknown_paths(serve: Serve, recogniser: Recogniser) -> None:
    url = "http://" + serve()
    health = send(url, "GET", "/")
    assert health.json == {"status": "healthy", "model_version": recogniser.classifier.model_version}
    assert send(url, "GET", "/nothing").json["code"] == "not_found"
    refused = send(url, "POST", "/", body=b"{}")
    assert (refused.status, refused.json["code"]) == (405, "method_not_allowed")


def test_ready_states_the_limits_that_were_set(serve: Serve, recogniser: Recogniser) -> None:
    with streaming(serve(stream_max_frame_bytes=1000, stream_max_fps=7, stream_idle_s=9)) as client:
        assert client.receive() == {
            "type": "ready",
            "model_version": recogniser.classifier.model_version,
            "limits": {"max_frame_bytes": 1000, "max_frames_per_second": 7, "idle_timeout_s": 9},
        }


def test_every_close_code_is_documented() -> None:
    documented = (ROOT / "docs" / "streaming.md").read_text(encoding="utf-8")
    closings = [value for value in vars(protocol).values() if isinstance(value, protocol.Closing)]
    assert len(closings) >= 8
    assert all(f"| {closing.code} |" in documented and 0 < len(closing.reason) < 60 for closing in closings)


def test_a_frame_that_cannot_be_read_is_an_error_and_the_connection_stays(serve: Serve, photo: bytes) -> None:
    with streaming(serve()) as client:
        client.receive()
        error = client.ask(b"no picture")
        assert {**error, "error": ""} == {"type": "error", "frame": 1, "code": "invalid_input", "error": ""}
        assert client.ask(encode(np.zeros((100, 100, 3), np.uint8), ".png"))["code"] == "unsupported_type"
        assert client.ask(encode(np.zeros((1400, 1400, 3), np.uint8), ".jpg"))["code"] == "too_large"
        assert client.ask(photo)["frame"] == 4


def test_newest_frame_wins(serve: Serve, recogniser: Recogniser, photo: bytes) -> None:
    gate = Gate()
    with streaming(serve(with_detector(recogniser, gate))) as client:
        client.receive()
        client.send(photo)
        assert gate.waiting.acquire(timeout=60)
        for _ in range(9):
            client.send(photo)
        client.connection.ping().wait()  # the server has read all of them
        gate.open.set()
        first, second = client.receive(), client.receive()
        assert (first["frame"], second["frame"], second["skipped"]) == (1, 10, 8)
        assert client.ask(photo)["skipped"] == 8


def test_newest_frame_wins_while_a_connection_waits_for_its_turn(
    serve: Serve, recogniser: Recogniser, photo: bytes
) -> None:
    gate = Gate()
    address = serve(with_detector(recogniser, gate))
    with ExitStack() as connections:
        for _ in range(usable_cores()):
            busy = connections.enter_context(streaming(address))
            busy.send(photo)
            assert gate.waiting.acquire(timeout=60)
        client = connections.enter_context(streaming(address))
        client.receive()
        for _ in range(5):
            client.send(photo)
        client.connection.ping().wait()
        gate.open.set()
        answer = client.receive()
    assert (answer["frame"], answer["skipped"]) == (5, 4)


def test_a_text_message_closes(serve: Serve) -> None:
    with streaming(serve()) as client:
        client.connection.send("hello")
        assert client.closed_with() == (1003, protocol.NOT_BINARY.reason)


def test_bad_frames_in_a_row_close_and_a_good_one_between_starts_anew(serve: Serve, photo: bytes) -> None:
    with streaming(serve()) as client:
        client.receive()
        for frame in [*[b"bad"] * 9, photo]:
            client.ask(frame)
        answers = [client.ask(b"bad") for _ in range(10)]
        assert [answer["frame"] for answer in answers] == list(range(11, 21))
        assert client.closed_with() == (1008, protocol.BAD_FRAMES.reason)


@pytest.mark.parametrize("size_bytes", [10_001, 39_000])
def test_a_frame_that_is_too_large_closes(serve: Serve, size_bytes: int) -> None:
    with streaming(serve(stream_max_frame_bytes=10_000)) as client:
        client.send_until_closed(bytes(size_bytes))
        assert client.closed_with() == (1009, protocol.FRAME_TOO_LARGE.reason)


def test_a_frame_that_is_far_too_large_ends_the_connection_unread(serve: Serve) -> None:
    with streaming(serve(stream_max_frame_bytes=10_000)) as client:
        client.receive()
        client.send(bytes(50_000))
        with pytest.raises(ConnectionClosed):
            client.receive()


def test_too_many_frames_a_second_close(serve: Serve, recogniser: Recogniser, photo: bytes) -> None:
    with streaming(serve(with_detector(recogniser, Gate()), stream_max_fps=5)) as client:
        client.send_until_closed(*[photo] * 8)
        assert client.closed_with() == (4429, protocol.TOO_FAST.reason)


def test_idling_closes(serve: Serve, photo: bytes) -> None:
    with streaming(serve(stream_idle_s=1)) as client:
        client.receive()
        client.ask(photo)
        assert client.closed_with() == (4408, protocol.IDLE.reason)


def test_a_client_that_never_reads_is_let_go(serve: Serve, recogniser: Recogniser, lines: Lines) -> None:
    gate = Gate()
    gate.open.set()
    address = serve(with_detector(recogniser, gate), send_buffer_bytes=4096, stream_idle_s=1, stream_max_fps=100_000)
    frame = encode(np.zeros((32, 32, 3), np.uint8), ".jpg")
    host, port = address.split(":")
    receiver = socket.socket()
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    receiver.connect((host, int(port)))
    with suppress(ConnectionClosed), streaming(address, sock=receiver, max_queue=1, close_timeout=0.1) as client:
        while lines.written.empty():
            client.send(frame)
            time.sleep(0.0005)
    fields = vars(lines.next())["fields"]
    assert (fields["close_code"], fields["close_reason"]) == (4408, protocol.UNREAD.reason)


def test_pings_do_not_count_as_frames(serve: Serve) -> None:
    with streaming(serve(stream_idle_s=1)) as client:
        client.receive()
        assert client.connection.ping().wait(30)
        assert client.closed_with() == (4408, protocol.IDLE.reason)


def test_one_connection_too_many_is_closed_until_another_leaves(serve: Serve) -> None:
    address = serve(stream_max_connections=2)
    with streaming(address) as first, streaming(address) as second:
        assert first.receive()["type"] == second.receive()["type"] == "ready"
        with streaming(address) as third:
            assert third.closed_with() == (1013, protocol.TOO_MANY_CONNECTIONS.reason)
        second.connection.close()
        for _ in range(100):  # the server may not have noticed yet
            with streaming(address) as fourth:
                try:
                    assert fourth.receive()["type"] == "ready"
                    break
                except ConnectionClosed:
                    time.sleep(0.05)
        else:
            pytest.fail("the place was not given free")


def test_a_page_of_another_origin_is_refused_before_it_is_let_in(serve: Serve) -> None:
    address = serve(allowed_origins=("https://app.example",))
    with pytest.raises(InvalidStatus) as refused, streaming(address, origin="https://evil.example"):
        pass
    assert refused.value.response.status_code == 403
    for origin in ("https://app.example", f"http://{address}", None):
        with streaming(address, origin=origin) as client:
            assert client.receive()["type"] == "ready"


def test_a_refused_handshake_is_no_error_in_the_log(serve: Serve) -> None:
    address, errors = serve(), Lines()
    errors.setLevel(logging.ERROR)
    uvicorn_log = logging.getLogger("uvicorn.error")
    uvicorn_log.addHandler(errors)
    try:
        with pytest.raises(InvalidStatus) as refused, connect(f"ws://{address}/elsewhere"):
            pass
        assert send(f"http://{address}", "GET", "/").status == 200  # so late, the first would have been logged
    finally:
        uvicorn_log.removeHandler(errors)
    assert refused.value.response.status_code == 404
    assert errors.written.empty()


def test_a_fault_closes_without_saying_what_it_was(
    serve: Serve, recogniser: Recogniser, photo: bytes, lines: Lines
) -> None:
    with streaming(serve(with_detector(recogniser, Broken()))) as client:
        client.receive()
        client.send(photo)
        assert client.closed_with() == (1011, protocol.INTERNAL_FAULT.reason)
    line = lines.next()
    assert line.levelno == logging.ERROR
    assert line.exc_info is not None


def test_each_connection_is_one_line_in_the_log(serve: Serve, photo: bytes, lines: Lines) -> None:
    address = serve(google_cloud_project="a-project")
    with streaming(address, additional_headers={"X-Cloud-Trace-Context": "abc123/1;o=1"}) as client:
        client.receive()
        client.ask(photo)
        client.ask(b"bad")
    fields = vars(lines.next())["fields"]
    assert {name: fields[name] for name in ("frames", "answered", "bad_frames", "skipped", "tracks")} == {
        "frames": 2,
        "answered": 1,
        "bad_frames": 1,
        "skipped": 0,
        "tracks": 1,
    }
    assert fields["close_code"] == 1000
    assert fields["logging.googleapis.com/trace"] == "projects/a-project/traces/abc123"
    assert not any(expression in json.dumps(fields) for expression in EXPRESSIONS)
    assert lines.written.empty()


class Widths(Gate):
    """A detector that takes 5 ms and remembers the width of every frame."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []
        self.enough = threading.Event()

    def find_once(self, image_rgb: ImageRGB) -> list[Face]:
        height, width = image_rgb.shape[:2]
        if height == 48:  # the second look has a border around it
            time.sleep(0.005)
            self.seen.append(width)
            if len(self.seen) == 200:
                self.enough.set()
        return []


def test_connections_get_equal_shares_however_much_they_send(serve: Serve, recogniser: Recogniser) -> None:
    detector = Widths()
    address = serve(with_detector(recogniser, detector), stream_max_fps=100_000)
    pauses_s = {64: 0.001, 128: 0.001, 192: 0.002, 256: 0.003}

    def flood(width: int) -> None:
        frame = encode(np.full((48, width, 3), 90, np.uint8), ".jpg")
        with streaming(address, max_queue=None) as client:
            while not detector.enough.is_set():
                client.send(frame)
                time.sleep(pauses_s[width])

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(flood, pauses_s))
    shares = Counter(detector.seen[40:200])  # from when all are there
    assert min(shares[width] for width in pauses_s) >= max(shares.values()) / 2, shares
