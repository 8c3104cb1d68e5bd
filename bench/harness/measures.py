"""What every benchmark records along with its figures, and summaries of durations."""

import math
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def summary(durations_s: Sequence[float]) -> dict[str, Any]:
    """Return the number of runs, median and 95th percentile (nearest rank) in milliseconds."""
    ordered = sorted(durations_s)
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1]
    return {
        "runs": len(ordered),
        "median_ms": round(statistics.median(ordered) * 1000, 1),
        "p95_ms": round(p95 * 1000, 1),
    }


def circumstances() -> dict[str, Any]:
    """Return the machine and the commit; ``load`` shows whether something else was running at the start."""
    shown = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "commit": shown.stdout.strip() or "unknown",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
