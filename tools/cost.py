"""``make infra-costs``: what a month in the cloud costs, computed from unit prices and the benchmark's figures.

Writes the table between its marks in ``infra/README.md``. The prices are list prices in US dollars for a region of
price tier 1, without free allowances unless named; contracts and other regions differ.
"""

import json
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "infra" / "README.md"
BENCHMARK = ROOT / "bench" / "results.json"

# Cloud Run, which the functions are billed as: while a request is being answered, in steps of 100 ms.
VCPU_SECOND, GIB_SECOND, REQUEST = 0.000_024, 0.000_002_5, 0.40e-6
FREE_VCPU_SECONDS, FREE_GIB_SECONDS, FREE_REQUESTS = 180_000, 360_000, 2_000_000
JOB_VCPU_SECOND, JOB_GIB_SECOND = 0.000_018, 0.000_002
BILLING_STEP_S: Final = 0.1
# Cloud Storage, regional.
STORAGE_GIB, WRITE, READ = 0.020, 5e-6, 0.4e-6
EGRESS_GIB, LOG_GIB, FREE_LOG_GIB = 0.12, 0.50, 50
BALANCER_HOUR, BALANCER_GIB = 0.025, 0.008
IMAGE_GIB, FREE_IMAGE_GIB = 0.10, 0.5
SCHEDULE, FREE_SCHEDULES = 0.10, 3
ALERT_CONDITION = 1.50

GIB: Final = 1024**3
HOURS: Final = 730
MERGES: Final = 4 * HOURS
"""The default schedule: every 15 minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A month's load, and assumptions where nothing was measured."""

    predictions: int
    feedback_share: float = 0.01
    # A vCPU of Cloud Run compared with a core of the benchmark's machine.
    slower: float = 2.0
    # An instance ends after about 15 idle minutes, so there are at most four cold starts an hour.
    most_cold_starts: int = 4 * HOURS
    platform_start_s: float = 1.0
    upload_bytes: int = 100_000
    answer_bytes: int = 700
    log_line_bytes: int = 2_500
    row_bytes: int = 8_600
    images_gib: float = 5.0
    retraining_s: float = 1_800

    @property
    def feedback(self) -> int:
        return round(self.predictions * self.feedback_share)


def costs(load: Load, benchmark: dict[str, Any]) -> dict[str, float]:
    """Return dollars per month by purpose."""
    latency = benchmark["latency"]
    predict_ms = next(
        each["median_ms"]
        for each in latency["latency"]
        if each["case"].startswith("640×480") and each["annotate"] == "none"
    )
    cold_s = benchmark["cold_start"]["results"]["litert"]["median_ms"] / 1000 * load.slower + load.platform_start_s
    merge = next(each for each in benchmark["merge"]["results"] if each["new_shards"] == 1000)
    starts = min(load.predictions, load.most_cold_starts)
    predict_s = load.predictions * _billed_s(predict_ms, load) + starts * cold_s
    feedback_s = (
        load.feedback * _billed_s(latency["feedback"]["median_ms"], load) + min(load.feedback, starts) * cold_s
    )
    export_s = MERGES * (cold_s + _billed_s(merge["per_shard_ms"] * load.feedback / MERGES, load))
    return {
        "predict, feedback, export: processor": _over(predict_s + feedback_s + export_s, FREE_VCPU_SECONDS)
        * VCPU_SECOND,
        "predict, feedback, export: memory": _over(predict_s + feedback_s + export_s / 2, FREE_GIB_SECONDS)
        * GIB_SECOND,
        "requests": _over(load.predictions + load.feedback + MERGES, FREE_REQUESTS) * REQUEST,
        "storage operations": _storage_operations(load, merge["operations"] / merge["new_shards"]),
        "storage": load.feedback * 12 * load.row_bytes / GIB * STORAGE_GIB,
        "answers sent": load.predictions * load.answer_bytes / GIB * EGRESS_GIB,
        "logs": _over(load.predictions * load.log_line_bytes / GIB, FREE_LOG_GIB) * LOG_GIB,
        "retraining, once a week": 52 / 12 * load.retraining_s * (4 * JOB_VCPU_SECOND + 8 * JOB_GIB_SECOND),
        "images": _over(load.images_gib, FREE_IMAGE_GIB) * IMAGE_GIB,
        "schedules": _over(2, FREE_SCHEDULES) * SCHEDULE,
        "alert conditions": 4 * ALERT_CONDITION,
        "load balancer, with a domain": HOURS * BALANCER_HOUR
        + load.predictions * (load.upload_bytes + load.answer_bytes) / GIB * BALANCER_GIB,
    }


def _billed_s(milliseconds: float, load: Load) -> float:
    """Return the cost of a request alone on its instance: the worst case, because concurrent ones share it."""
    steps = math.ceil(milliseconds * load.slower / 1000 / BILLING_STEP_S)
    return max(1, steps) * BILLING_STEP_S


def _storage_operations(load: Load, merging_per_shard: float) -> float:
    """Return the cost of writing, merging and retiring shards, and of listing them for each merge."""
    writes = load.feedback * (1 + merging_per_shard) + MERGES * (3 + load.feedback / 1000)
    return writes * WRITE + (MERGES + load.feedback) * READ


def _over(amount: float, free: float) -> float:
    return max(0.0, amount - free)


def table(benchmark: dict[str, Any]) -> str:
    """Return the estimate for 1,000, 100,000 and 10,000,000 predictions as a Markdown table."""
    loads = [Load(predictions=number) for number in (1_000, 100_000, 10_000_000)]
    columns = [costs(load, benchmark) for load in loads]
    lines = ["| USD a month | " + " | ".join(f"{load.predictions:,}" for load in loads) + " |", "|---|--:|--:|--:|"]
    lines += [f"| {name} | " + " | ".join(f"{column[name]:.2f}" for column in columns) + " |" for name in columns[0]]
    optional = "load balancer, with a domain"
    without = [sum(column.values()) - column[optional] for column in columns]
    lines.append("| **together, without a domain** | " + " | ".join(f"**{each:.2f}**" for each in without) + " |")
    per_1000 = (each / load.predictions * 1000 for each, load in zip(without, loads, strict=True))
    lines.append("| for 1,000 predictions | " + " | ".join(f"{each:.4f}" for each in per_1000) + " |")
    return "\n".join(lines)


def with_table(readme: str, new: str) -> str:
    """Return the text with the table between its marks replaced."""
    return re.sub(
        r"(<!-- costs -->\n).*?(\n<!-- /costs -->)", lambda marks: marks[1] + new + marks[2], readme, flags=re.S
    )


def main() -> None:
    new = table(json.loads(BENCHMARK.read_text("utf-8")))
    README.write_text(with_table(README.read_text("utf-8"), new), encoding="utf-8")
    sys.stdout.write(new + "\n")


if __name__ == "__main__":
    main()
