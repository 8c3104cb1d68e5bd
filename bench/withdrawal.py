"""What withdrawing corrections costs, on the local directory store: ``python -m bench.withdrawal [--json OUT]``.

Of 1,000 corrections merged onto older rows, none to 1,000 are withdrawn; then one export removes their rows. The
bytes show that the CSV is read and written once for any number of them, and not at all for none.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.merge import NOW, CountingStore, commit, create_old, save
from fer.storage.keys import CSV_KEY, shard_key
from fer.storage.merge import merge_pending
from fer.storage.stores.local_directory import LocalDirectoryStore
from fer.storage.withdrawals import withdraw_shard

NEW = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One export after a number of withdrawals."""

    time_s: float
    csv_bytes: int
    counts: Mapping[str, int]


def export_after(folder: str | None, *, withdrawn: int, old: int) -> Sample:
    """Withdraw that many of 1,000 merged corrections, and export."""
    with tempfile.TemporaryDirectory(dir=folder) as root:
        store = LocalDirectoryStore(Path(root))
        if old:
            create_old(store, old)
        save(store, NEW)
        assert merge_pending(store, now=NOW, budget_s=600).rows == old + NEW
        for number in range(withdrawn):
            withdraw_shard(store, shard_key(str(number)), is_meant=lambda _: True, now=NOW)
        info = store.stat(CSV_KEY)
        assert info is not None
        os.sync()  # or what the preparation wrote is flushed during the export
        counting = CountingStore(store)
        begun = time.perf_counter()
        report = merge_pending(counting, now=NOW, budget_s=600)
        time_s = time.perf_counter() - begun
        assert report.complete
        assert report.rows == old + NEW - withdrawn
        return Sample(time_s=time_s, csv_bytes=info.size_bytes, counts=counting.counts)


def summarise(withdrawn: int, old: int, samples: Sequence[Sample]) -> dict[str, Any]:
    """The figures of one case, with the bytes as multiples of the CSV's."""
    times_ms = sorted(sample.time_s * 1000 for sample in samples)
    counts, csv_bytes = samples[-1].counts, samples[-1].csv_bytes
    return {
        "withdrawn": withdrawn,
        "rows": old + NEW,
        "repeats": len(samples),
        "median_ms": round(statistics.median(times_ms), 1),
        "p95_ms": round(times_ms[round(0.95 * (len(times_ms) - 1))], 1),
        "csv_bytes": csv_bytes,
        "csv_read_times": round(counts.get("bytes_streamed", 0) / csv_bytes, 2),
        "csv_written_times": round(counts.get("bytes_put", 0) / csv_bytes, 2),
        "operations": sum(count for name, count in counts.items() if not name.startswith("bytes")),
        **dict(sorted(counts.items())),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--folder", help="where the stores are made; its disk is what is measured")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--withdrawn", type=int, nargs="*", default=[0, 1, 10, 100, 1000])
    parser.add_argument("--old", type=int, default=10_000)
    options = parser.parse_args()
    export_after(options.folder, withdrawn=1, old=0)  # warm-up
    samples: dict[int, list[Sample]] = {number: [] for number in options.withdrawn}
    for _ in range(options.repeats):  # in turn, so that a busy moment falls on all of them
        for number, of_number in samples.items():
            of_number.append(export_after(options.folder, withdrawn=number, old=options.old))
    results = [summarise(number, options.old, of_number) for number, of_number in samples.items()]
    for result in results:
        print(json.dumps(result), flush=True)
    summary = {
        "benchmark": "export after withdrawals on the local directory store",
        "commit": commit(),
        "machine": {"cpus": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "results": results,
    }
    if options.json:
        options.json.write_text(json.dumps(summary, indent=2) + "\n")


if __name__ == "__main__":
    main()
