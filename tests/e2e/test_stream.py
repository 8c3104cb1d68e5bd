"""Live video against the server that ``make run`` starts."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from local.servers import Server, local_server, send
from tests.pictures import Picture, astronaut, encode
from tests.stream_client import StreamClient, streaming

VIDEO_S = 10
FPS = 8
COMMENT_BYTES = 60_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("stream")
    settings = {"FER_STREAM_MAX_FPS": "10000", "FER_STREAM_MAX_CONNECTIONS": "8"}
    with local_server(directory / "bucket", log=directory / "log", **settings) as running:
        yield running


def address(server: Server) -> str:
    return server.url.removeprefix("http://")


def trembling_video() -> Iterator[bytes]:
    """Yield a face that trembles and drifts, hidden in every ninth and tenth frame."""
    generator = np.random.default_rng(1)
    empty = encode(np.full((512, 512, 3), 120, np.uint8), ".jpg")
    for number in range(VIDEO_S * FPS):
        dx, dy = (int(step) for step in generator.integers(-2, 3, size=2))
        picture: Picture = np.roll(astronaut(), (dy, dx + number), axis=(0, 1))
        yield empty if number % 10 >= 8 else encode(picture, ".jpg")


def test_a_face_keeps_its_track_for_ten_seconds_with_misses(server: Server) -> None:
    pause = threading.Event()
    tracks: list[list[int]] = []
    with streaming(address(server)) as client:
        client.receive()
        for frame in trembling_video():
            tracks.append([face["track"] for face in client.ask(frame)["faces"]])
            pause.wait(1 / FPS)
    seen = [each for each in tracks if each]
    assert len(seen) >= 0.75 * VIDEO_S * FPS
    assert len(seen) < len(tracks), "no frame was missed"
    assert seen == [[1]] * len(seen)


def test_stopping_says_so_and_a_restarted_server_begins_anew(tmp_path: Path) -> None:
    photo = encode(astronaut(), ".jpg")
    with local_server(tmp_path / "bucket", log=tmp_path / "log") as server:
        with streaming(address(server)) as client:
            client.receive()
            client.ask(photo)
            server.stop()
            assert client.closed_with()[0] == 1012
        server.start()
        with streaming(address(server)) as client:
            client.receive()
            client.ask(photo)
            server.kill()
            assert client.closed_with()[0] == 1006
        server.start()
        with streaming(address(server)) as client:
            client.receive()
            answer = client.ask(photo)
        assert (answer["frame"], answer["faces"][0]["track"]) == (1, 1)


def heavy(picture: bytes, size_bytes: int) -> bytes:
    """Return the same JPEG with so many comments that it has ``size_bytes``, which costs no time to decode."""
    comment = b"\xff\xfe" + (COMMENT_BYTES + 2).to_bytes(2) + bytes(COMMENT_BYTES)
    comments = (size_bytes - len(picture)) // len(comment)
    return picture[:2] + comment * comments + picture[2:]


def test_floods_that_nobody_reads_grow_no_memory_and_starve_nobody(server: Server) -> None:
    """Some 240 MB of frames come in; of each connection at most two frames are held."""
    photo = encode(astronaut(), ".jpg")
    frame = heavy(photo, 1_000_000)

    def flood(client: StreamClient) -> None:
        for _ in range(120):
            client.send(frame)

    with (
        streaming(address(server), max_queue=1) as first,
        streaming(address(server), max_queue=1) as second,
        streaming(address(server)) as other,
    ):
        for client in (first, second, other):
            client.receive()
        first.ask(frame)
        before_mb = server.resident_mb()
        floods = [threading.Thread(target=flood, args=(client,)) for client in (first, second)]
        for thread in floods:
            thread.start()
        answers = [other.ask(photo) for _ in range(20)]
        assert send(server.url, "GET", "/").status == 200
        for thread in floods:
            thread.join()
        grown_mb = server.resident_mb() - before_mb
        last = other.ask(photo)
    assert [answer["frame"] for answer in answers] == list(range(1, 21))
    assert last["skipped"] == 0
    assert grown_mb < 60


def test_http_and_video_share_the_model(server: Server) -> None:
    with streaming(address(server)) as client:
        version = client.receive()["model_version"]
    photo = encode(astronaut(), ".jpg")
    headers = {"Content-Type": "image/jpeg"}
    answer = send(server.url, "POST", "/predict_expression?annotate=none", headers=headers, body=photo).json
    assert answer["model_version"] == version
