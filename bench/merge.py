"""What merging costs, on the local directory store: ``python -m bench.merge [--json OUT] [--folder DIR]``.

Two questions: how the cost grows with the new shards (100, 1,000, 10,000), and whether it depends on the rows
already merged (1,000 new onto 10 and onto 100,000). Apart from the time, the store's operations and the bytes it
moves are counted: those are what a cloud bills, and they do not depend on the machine.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer.domain import FEEDBACK_LABELS, Feedback
from fer.storage.csv_file import CsvState, empty_state
from fer.storage.keys import CSV_KEY
from fer.storage.merge import merge_pending
from fer.storage.objects import ABSENT, ObjectInfo, ObjectStore, Source
from fer.storage.records_csv import CONTENT_TYPE, HEADER, PIXEL_COUNT, encode_row
from fer.storage.shards import save_shard
from fer.storage.stores.local_directory import LocalDirectoryStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BLOCK_ROWS = 1000


class CountingStore:
    """A store that counts its operations and the bytes that pass through or are joined inside."""

    def __init__(self, inner: ObjectStore) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self._sizes: dict[tuple[str, int], int] = {}
        self.counts: Counter[str] = Counter()

    def _count(self, **amounts: int) -> None:
        with self._lock:
            self.counts.update(amounts)

    def _known(self, info: ObjectInfo) -> ObjectInfo:
        self._sizes[info.key, info.generation] = info.size_bytes
        return info

    def stat(self, key: str) -> ObjectInfo | None:
        self._count(stat=1)
        info = self._inner.stat(key)
        return self._known(info) if info else None

    def read(self, key: str, *, generation: int | None = None) -> bytes:
        data = self._inner.read(key, generation=generation)
        self._count(read=1, bytes_read=len(data))
        return data

    def stream(self, key: str, *, generation: int, chunk_bytes: int) -> Iterator[bytes]:
        self._count(stream=1)
        for chunk in self._inner.stream(key, generation=generation, chunk_bytes=chunk_bytes):
            self._count(bytes_streamed=len(chunk))
            yield chunk

    def put(
        self,
        key: str,
        data: bytes,
        *,
        if_generation: int,
        content_type: str,
        metadata: Mapping[str, str],
        custom_time: datetime | None = None,
    ) -> ObjectInfo:
        self._count(put=1, bytes_put=len(data))
        return self._known(
            self._inner.put(
                key,
                data,
                if_generation=if_generation,
                content_type=content_type,
                metadata=metadata,
                custom_time=custom_time,
            )
        )

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        infos = [self._known(info) for info in self._inner.list(prefix)]
        # Cloud Storage bills a listing by pages of 1,000 names.
        self._count(list_pages=max(1, -(-len(infos) // 1000)))
        return iter(infos)

    def compose(
        self,
        key: str,
        sources: Sequence[Source],
        *,
        if_generation: int,
        content_type: str,
        metadata: Mapping[str, str],
    ) -> ObjectInfo:
        joined = sum(self._sizes[source.key, source.generation] for source in sources if source.key != key)
        self._count(compose=1, bytes_joined_in_store=joined)
        return self._known(
            self._inner.compose(
                key, sources, if_generation=if_generation, content_type=content_type, metadata=metadata
            )
        )

    def delete(self, key: str, *, if_generation: int) -> None:
        self._count(delete=1)
        self._inner.delete(key, if_generation=if_generation)

    def signed_url(self, key: str, *, generation: int, expires_s: int, filename: str) -> str | None:
        return self._inner.signed_url(key, generation=generation, expires_s=expires_s, filename=filename)


def feedback(rng: random.Random, number: int) -> Feedback:
    return Feedback(label=FEEDBACK_LABELS[number % len(FEEDBACK_LABELS)], pixels=rng.randbytes(PIXEL_COUNT))


def save(store: ObjectStore, count: int) -> None:
    """New shards, several at once: the benchmark is of merging them."""
    rng = random.Random(count)
    with ThreadPoolExecutor(8) as pool:
        for number in range(count):
            item = feedback(rng, number)
            pool.submit(save_shard, store, item, idempotency_key=str(number), now=NOW)


def create_old(store: ObjectStore, rows: int) -> None:
    """Write a CSV of that many rows, as merges would have left it, without saving each row as a shard."""
    rng = random.Random(rows)
    state = CsvState(
        batch=1,
        intent_generation=1,
        rows=rows,
        counts={**empty_state().counts, "neutral": rows},
        last_feedback="2025-01-01T00:00:00.000000Z",
    )
    block_rows = min(rows, BLOCK_ROWS)
    block = b"".join(encode_row(feedback(rng, number)) for number in range(block_rows))
    part = store.put("block", block, if_generation=ABSENT, content_type=CONTENT_TYPE, metadata={})
    csv = store.put(CSV_KEY, HEADER, if_generation=ABSENT, content_type=CONTENT_TYPE, metadata=state.to_metadata())
    for _ in range(rows // block_rows):
        sources = [Source(key=info.key, generation=info.generation) for info in (csv, part)]
        csv = store.compose(
            CSV_KEY, sources, if_generation=csv.generation, content_type=CONTENT_TYPE, metadata=state.to_metadata()
        )
    store.delete("block", if_generation=part.generation)


def written_bytes() -> int | None:
    """Return what this process has handed to write calls so far; None where the system does not tell."""
    try:
        lines = Path("/proc/self/io").read_text().splitlines()
    except OSError:
        return None
    return int(next(line for line in lines if line.startswith("wchar:")).split()[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One merge into a fresh store."""

    time_s: float
    written_bytes: int | None
    counts: Mapping[str, int]


def merge_once(folder: str | None, *, new: int, old: int) -> Sample:
    """Merge ``new`` shards onto ``old`` rows."""
    with tempfile.TemporaryDirectory(dir=folder) as root:
        store = LocalDirectoryStore(Path(root))
        if old:
            create_old(store, old)
        save(store, new)
        os.sync()  # or what the preparation wrote is flushed during the merge
        counting = CountingStore(store)
        before = written_bytes()
        begun = time.perf_counter()
        report = merge_pending(counting, now=NOW, budget_s=600)
        time_s = time.perf_counter() - begun
        after = written_bytes()
        assert report.complete
        assert report.rows == old + new
        written = after - before if before is not None and after is not None else None
        return Sample(time_s=time_s, written_bytes=written, counts=counting.counts)


def measure(folder: str | None, cases: Sequence[tuple[int, int]], repeats: int) -> list[dict[str, Any]]:
    """Return the (new, old) cases in turn, several times over, so that a busy moment falls on all of them."""
    samples: dict[tuple[int, int], list[Sample]] = {case: [] for case in cases}
    for _ in range(repeats):
        for new, old in cases:
            samples[new, old].append(merge_once(folder, new=new, old=old))
    return [summarise(new, old, samples[new, old]) for new, old in cases]


def summarise(new: int, old: int, samples: Sequence[Sample]) -> dict[str, Any]:
    times_ms = sorted(sample.time_s * 1000 for sample in samples)
    written = [sample.written_bytes for sample in samples if sample.written_bytes is not None]
    counts = samples[-1].counts
    return {
        "new_shards": new,
        "old_rows": old,
        "repeats": len(samples),
        "median_ms": round(statistics.median(times_ms), 1),
        "p95_ms": round(times_ms[round(0.95 * (len(times_ms) - 1))], 1),
        "per_shard_ms": round(statistics.median(times_ms) / new, 3),
        "operations": sum(count for name, count in counts.items() if not name.startswith("bytes")),
        "bytes_written_by_process": round(statistics.median(written)) if written else None,
        **dict(sorted(counts.items())),
    }


def commit() -> str:
    answer = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--folder", help="where the stores are made; its disk is what is measured")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--new", type=int, nargs="*", default=[100, 1000, 10_000])
    parser.add_argument("--old", type=int, nargs="*", default=[10, 100_000])
    options = parser.parse_args()

    merge_once(options.folder, new=50, old=0)  # warm-up
    groups = [([(new, 0)], 1 if new >= 10_000 else options.repeats) for new in options.new]
    groups.append(([(1000, old) for old in options.old], options.repeats))
    results: list[dict[str, Any]] = []
    for cases, repeats in groups:
        measured = measure(options.folder, cases, repeats)
        results += measured
        for result in measured:
            print(json.dumps(result), flush=True)
    summary: dict[str, Any] = {
        "benchmark": "merge on the local directory store",
        "commit": commit(),
        "machine": {"cpus": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "results": results,
    }
    onto = [result for result in results if result["old_rows"]]
    if len(onto) > 1:
        summary["time_ratio_most_to_fewest_old_rows"] = round(onto[-1]["median_ms"] / onto[0]["median_ms"], 3)
        summary["operations_ratio"] = round(onto[-1]["operations"] / onto[0]["operations"], 3)
    if options.json:
        options.json.write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps({name: value for name, value in summary.items() if name != "results"}))


if __name__ == "__main__":
    main()
