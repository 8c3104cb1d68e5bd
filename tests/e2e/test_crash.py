"""Real processes, killed with SIGKILL in the middle of feedback and of merges: every acknowledged row, once."""

import contextlib
import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fer.domain import FEEDBACK_LABELS, Feedback
from fer.storage.factory import open_store
from fer.storage.keys import CSV_KEY, INTENTS, SEGMENTS, SHARDS
from fer.storage.objects import ObjectStore
from fer.storage.shards import save_shard
from local.servers import Reply, Server, local_server, send
from tests.pictures import astronaut, encode

POSTS = 400
COLUMNS = 2_305
PER_ROUND = 60
PAUSE_S = 0.05
LOST = (OSError, http.client.HTTPException)


def numbered_face(number: int) -> bytes:
    """Return a small portrait whose face chip is like no other's: nine bits of ``number`` as patches on the face."""
    picture = astronaut()[30:190, 145:305].copy()
    for bit in range(9):
        row, column = divmod(bit, 3)
        y, x = 80 + 12 * row, 64 + 12 * column
        shade = 30 if number >> bit & 1 else -30
        patch = picture[y : y + 6, x : x + 6].astype(np.int16) + shade
        picture[y : y + 6, x : x + 6] = np.clip(patch, 0, 255)
    return encode(picture, ".jpg")


def label_of(number: int) -> str:
    return FEEDBACK_LABELS[number % len(FEEDBACK_LABELS)]


def post_feedback(url: str, number: int, picture: bytes) -> Reply:
    return send(
        url,
        "POST",
        f"/save_expression_feedback?label={label_of(number)}",
        headers={"Content-Type": "image/jpeg", "Idempotency-Key": f"feedback-{number}"},
        body=picture,
    )


def until_answered(request: Callable[[], Reply]) -> Reply:
    """Send the same again, as a client does whose connection was lost."""
    deadline_s = time.monotonic() + 60
    while True:
        try:
            return request()
        except LOST:
            assert time.monotonic() < deadline_s, "the server did not come back"
            time.sleep(PAUSE_S)


def rows_of(csv: bytes) -> list[bytes]:
    """Return the rows below the one header, each with all columns."""
    header, *rows = csv.split(b"\n")
    assert header.startswith(b"label,pixel0,")
    assert rows.pop() == b"", "the file ends in the middle of a row"
    assert header.count(b",") == COLUMNS - 1
    assert all(row.count(b",") == COLUMNS - 1 for row in rows)
    assert not any(row.startswith(b"label") for row in rows)
    assert len(set(rows)) == len(rows), "a row is there twice"
    return rows


@dataclass(slots=True)
class Exporters:
    """Three clients that export until they are told to stop, and check every file that they get."""

    url: str
    acknowledged: set[int]
    done: threading.Event = field(default_factory=threading.Event)
    files: int = 0

    def download(self) -> None:
        while not self.done.wait(PAUSE_S):
            before = len(self.acknowledged)
            try:
                reply = send(self.url, "GET", "/download_expression_csv")
            except LOST:
                continue
            if reply.status == 404:
                assert before == 0, "acknowledged feedback is missing"
                continue
            assert reply.status == 200
            assert len(rows_of(reply.body)) >= before, "acknowledged feedback is missing"
            self.files += 1

    def merge(self) -> None:
        while not self.done.wait(PAUSE_S):
            with contextlib.suppress(*LOST):
                assert send(self.url, "POST", "/merge").status == 200


def test_killed_while_feedback_comes_in(tmp_path: Path) -> None:
    pictures = [numbered_face(number) for number in range(POSTS)]
    acknowledged: set[int] = set()
    half_way = threading.Event()

    def give_feedback(number: int) -> None:
        reply = until_answered(lambda: post_feedback(server.url, number, pictures[number]))
        assert reply.status == 200, reply.body
        acknowledged.add(number)
        if len(acknowledged) >= POSTS // 2:
            half_way.set()

    with (
        local_server(tmp_path / "bucket", log=tmp_path / "log") as server,
        ThreadPoolExecutor(8) as writers,
        ThreadPoolExecutor(3) as readers,
    ):
        exporters = Exporters(server.url, acknowledged)
        exporting = [readers.submit(work) for work in (exporters.download, exporters.merge, exporters.download)]
        try:
            posts = [writers.submit(give_feedback, number) for number in range(POSTS)]
            assert half_way.wait(60)
            server.kill()
            late = sorted(acknowledged)[::5]
            server.start()
            for post in [*posts, *(writers.submit(give_feedback, number) for number in late)]:
                post.result()
        finally:
            exporters.done.set()
        for export in exporting:
            export.result()
        rows = rows_of(send(server.url, "GET", "/download_expression_csv").body)
        statistics = send(server.url, "GET", "/stats").json
    assert exporters.files > 0
    assert acknowledged == set(range(POSTS))
    assert len(rows) == POSTS
    counts = Counter(row.partition(b",")[0].decode() for row in rows)
    assert counts == Counter(label_of(number) for number in range(POSTS))
    assert statistics["total"] == POSTS
    assert statistics["counts"] == {label: counts[label] for label in statistics["counts"]}


def numbered_feedback(number: int) -> Feedback:
    pixels = np.full(48 * 48, number % 251, np.uint8)
    pixels[:2] = divmod(number, 251)
    return Feedback(label=label_of(number), pixels=pixels.tobytes())


def generation_of(store: ObjectStore) -> int:
    info = store.stat(CSV_KEY)
    return info.generation if info else 0


def tombstones(store: ObjectStore) -> int:
    return sum(info.size_bytes == 0 for info in store.list(SHARDS))


def planned(store: ObjectStore) -> Callable[[], bool]:
    return lambda: any(store.list(INTENTS))


def composed(store: ObjectStore) -> Callable[[], bool]:
    return lambda: any(store.list(SEGMENTS))


def committed(store: ObjectStore) -> Callable[[], bool]:
    before = generation_of(store)
    return lambda: generation_of(store) != before


def half_retired(store: ObjectStore) -> Callable[[], bool]:
    before = tombstones(store)
    return lambda: tombstones(store) >= before + PER_ROUND // 2


def interrupt_merge(server: Server, is_time: Callable[[], bool]) -> bool:
    """Three clients merge, and the server is killed when ``is_time``; whether one of them heard no answer."""

    def merge(_: int) -> bool:
        try:
            return send(server.url, "POST", "/merge").status != 200
        except LOST:
            return True

    with ThreadPoolExecutor(3) as clients:
        merges = [clients.submit(merge, number) for number in range(3)]
        while not is_time() and not all(future.done() for future in merges):
            time.sleep(0.0005)
        server.kill()
        return any(future.result() for future in merges)


def test_killed_while_merging(tmp_path: Path) -> None:
    store = open_store((tmp_path / "bucket").as_uri())
    moments = (planned, composed, committed, half_retired, committed, half_retired)
    interrupted = 0
    with local_server(tmp_path / "bucket", log=tmp_path / "log") as server:
        for turn, moment in enumerate(moments):
            for number in range(turn * PER_ROUND, (turn + 1) * PER_ROUND):
                save_shard(
                    store,
                    numbered_feedback(number),
                    idempotency_key=f"feedback-{number}",
                    now=datetime(2026, 1, 1, tzinfo=UTC),
                )
            interrupted += interrupt_merge(server, moment(store))
            server.start()
        rows = rows_of(send(server.url, "GET", "/download_expression_csv").body)
    assert interrupted >= len(moments) // 2, "merges were over before the server was killed"
    assert sorted(rows) == sorted(_row(number) for number in range(len(moments) * PER_ROUND))


def _row(number: int) -> bytes:
    feedback = numbered_feedback(number)
    return ",".join([feedback.label, *map(str, feedback.pixels)]).encode()
