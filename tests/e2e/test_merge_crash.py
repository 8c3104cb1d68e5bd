"""Real processes on one directory, killed with SIGKILL in the middle of saving and of merging."""

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fer.domain import FEEDBACK_LABELS
from fer.storage.csv_file import open_csv, read_statistics
from fer.storage.merge import merge_pending
from fer.storage.records_csv import encode_row, iterate_rows
from fer.storage.shards import save_shard
from fer.storage.stores.local_directory import LocalDirectoryStore
from tests.unit.storage.schedule import feedback_number

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
KILL_TIME_S = 6.0
ALL_TIME_S = 18.0


class Worker:
    """One process and the numbers it has acknowledged."""

    def __init__(self, role: str, folder: Path, numbers: list[int]) -> None:
        self.role = role
        self.numbers = numbers
        self.acknowledged: set[int] = set()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.store_worker", role, str(folder), *map(str, numbers)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            self.acknowledged.update(int(line) for line in lines if line.endswith("\n"))

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()
        self.join()

    def join(self) -> None:
        self._process.wait()
        self._reader.join()


def start_anew(worker: Worker, folder: Path) -> Worker:
    """Return what a client sends again: what was not acknowledged, and now and then also what was."""
    left = [number for number in worker.numbers if number not in worker.acknowledged]
    return Worker(worker.role, folder, [*sorted(worker.acknowledged)[-2:], *left])


@pytest.mark.parametrize("seed", [1])
def test_killing_writers_and_exporters_loses_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    begun = time.monotonic()
    workers = [Worker("save", tmp_path, list(range(start, start + 150))) for start in (0, 150)]
    workers += [Worker("merge", tmp_path, []) for _ in range(3)]
    workers.append(Worker("withdraw", tmp_path, list(range(0, 300, 7))))
    acknowledged: dict[str, set[int]] = {"save": set(), "withdraw": set(), "merge": set()}
    kills = 0
    while time.monotonic() - begun < KILL_TIME_S:
        time.sleep(rng.uniform(0.05, 0.5))
        index = rng.randrange(len(workers))
        worker = workers[index]
        kills += worker.running
        worker.kill()
        acknowledged[worker.role] |= worker.acknowledged
        workers[index] = start_anew(worker, tmp_path)
    while any(w.role != "merge" and w.running for w in workers) and time.monotonic() - begun < ALL_TIME_S:
        time.sleep(0.05)
    for worker in workers:
        worker.kill()
        acknowledged[worker.role] |= worker.acknowledged

    assert kills >= 5
    assert acknowledged["save"], "nothing was acknowledged, so nothing was tested"
    assert acknowledged["withdraw"], "nothing was taken back, so that was not tested"
    check_every_row_once(LocalDirectoryStore(tmp_path), acknowledged["save"], acknowledged["withdraw"])
    check_pixels_are_gone(tmp_path, acknowledged["withdraw"])


def check_pixels_are_gone(folder: Path, withdrawn: set[int]) -> None:
    """In no file of the directory, whatever the processes that were killed had begun."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for number in withdrawn:
        row = encode_row(feedback_number(number))
        assert not [path for path, data in files.items() if row in data]


def check_every_row_once(store: LocalDirectoryStore, acknowledged: set[int], withdrawn: set[int]) -> None:
    merge_pending(store, now=NOW)
    for number in acknowledged:
        assert not save_shard(store, feedback_number(number), idempotency_key=str(number), now=NOW).created
    assert merge_pending(store, now=NOW).merged_shards == 0

    rows = list(iterate_rows(open_csv(store).chunks))
    seen = Counter(row.pixels[0] * 256 + row.pixels[1] for row in rows)
    assert acknowledged - set(range(0, 300, 7)) <= set(seen) <= set(range(300)) - withdrawn
    assert set(seen.values()) == {1}
    statistics = read_statistics(store)
    assert statistics.total == len(rows)
    assert statistics.counts == dict.fromkeys(FEEDBACK_LABELS, 0) | Counter(row.label for row in rows)
    assert [info.key for info in store.list("") if info.key.startswith(("intents/", "segments/"))] == []


def test_a_download_under_way_is_not_disturbed_by_merges_in_other_processes(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    for number in range(20):
        save_shard(store, feedback_number(number), idempotency_key=str(number), now=NOW)
    merge_pending(store, now=NOW)
    download = open_csv(store, chunk_bytes=1000)
    first = next(download.chunks)

    workers = [Worker("save", tmp_path, list(range(20, 60))), Worker("merge", tmp_path, [])]
    workers[0].join()
    deadline = time.monotonic() + 10
    while read_statistics(store).total < 60 and time.monotonic() < deadline:
        time.sleep(0.02)
    workers[1].kill()

    data = first + b"".join(download.chunks)
    assert len(data) == download.info.size_bytes
    assert len(list(iterate_rows([data]))) == 20
    assert len(list(iterate_rows(open_csv(store).chunks))) == 60
