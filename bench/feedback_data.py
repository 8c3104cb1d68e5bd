"""Time and memory for making a data set from a large feedback CSV: ``python -m bench.feedback_data --rows 1000000``.

The CSV is generated while it is read and never stored; every row is a different face. The baseline is the size of
the same pixels in memory.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from fer.domain import FEEDBACK_LABELS
from fer.storage.records_csv import HEADER, PIXEL_COUNT
from training.data.feedback import read_rows, settle

CELLS = [str(value) for value in range(256)]


def rows(count: int, seed: int = 0) -> Iterator[bytes]:
    """Yield the CSV in chunks of one row: smooth random pictures with a little noise, a tenth of them sent twice."""
    rng = np.random.default_rng(seed)
    yield HEADER
    last = b""
    for number in range(count):
        if number % 10:
            coarse = cv2.resize(rng.integers(20, 235, (7, 7), np.uint8), (48, 48), interpolation=cv2.INTER_CUBIC)
            pixels = coarse ^ rng.integers(0, 4, (48, 48), np.uint8)
            label = FEEDBACK_LABELS[int(rng.integers(len(FEEDBACK_LABELS)))]
            last = f"{label},{','.join(map(CELLS.__getitem__, pixels.ravel().tolist()))}\n".encode()
        yield last or HEADER


def resident_mb() -> float:
    """Return this process's peak memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Parse the command line, measure, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    before = resident_mb()
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        found = read_rows(rows(options.rows), Path(folder) / "pixels.u8")
        read_s, after_reading = time.process_time() - started, resident_mb()
        started = time.process_time()
        faces = settle(found)
        settle_s = time.process_time() - started
    pixels_mb = options.rows * PIXEL_COUNT / 1e6
    peak = resident_mb()
    report = {
        "rows": options.rows,
        "counts": faces.counts,
        "rejected": found.rejected,
        "read_cpu_s_with_generating": round(read_s, 1),
        "settle_cpu_s": round(settle_s, 1),
        "peak_mb": {"before": round(before), "after_reading": round(after_reading), "in_all": round(peak)},
        "pixels_mb": round(pixels_mb),
        "grown_share_of_pixels": round((peak - before) / pixels_mb, 3),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
