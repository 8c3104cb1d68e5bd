"""``make infra-costs``: what a month in the cloud costs, computed from ``prices.py`` and the benchmark's figures.

Writes the tables between their marks in ``infra/README.md``.
"""

import json
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.deployment import prices

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "infra" / "README.md"
BENCHMARK = ROOT / "bench" / "results.json"

GIB: Final = 1024**3
HOURS: Final = 730
DAY_S: Final = 86_400
BILLING_STEP_S: Final = 0.1
MERGES: Final = 4 * HOURS
"""The default schedule: every 15 minutes."""

CONDITIONS: Final = 6
SERIES: Final = 10
"""Of infra/alerts.tf: its conditions, and the series they look at (the share of errors has one for each service)."""

BALANCED: Final = "load balancer and throttle, with a domain"
REGISTRY_START: Final = 1.31
"""A start that asks the bucket for a champion, against one that does not: ``python -m bench.registry_start``."""

SERVING_VCPU_S: Final = prices.VCPU.dollars + prices.MEMORY.dollars
"""A second of predict or feedback, beyond what is free: 1 vCPU and 1 GiB."""

STREAMING_S: Final = 2 * SERVING_VCPU_S
PNG_12_MP_BYTES, JPEG_12_MP_BYTES = 15_400_000, 1_860_000
"""As OpenCV writes a photo of 12 megapixels, JPEG at quality 90."""

BASE64: Final = 4 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A month's load, and what is assumed where nothing was measured."""

    predictions: int
    feedback_share: float = 0.01
    # A vCPU of Cloud Run against a core of the benchmark's machine.
    slower: float = 2.0
    # An instance ends after about 15 minutes without work, so there are at most four cold starts an hour.
    most_cold_starts: int = 4 * HOURS
    platform_start_s: float = 1.0
    upload_bytes: int = 100_000
    answer_bytes: int = 700
    log_line_bytes: int = 2_500
    audit_line_bytes: int = 1_500
    row_bytes: int = 8_600
    # What the clean-up policy leaves: five of each of four serving images and of the training image.
    images_gib: float = 5 * (4 * 0.3 + 1.5)
    retraining_s: float = 1_800

    @property
    def feedback(self) -> int:
        return round(self.predictions * self.feedback_share)


def costs(load: Load, benchmark: dict[str, Any]) -> dict[str, float]:
    """Return the dollars a month by what they are for."""
    predict_s, feedback_s, export_s = _seconds(load, benchmark)
    merge = _merge(benchmark)
    runs_s = 52 / 12 * load.retraining_s
    reads = MERGES + load.feedback
    logs_bytes = load.predictions * load.log_line_bytes + reads * load.audit_line_bytes
    through = load.predictions * (load.upload_bytes + load.answer_bytes) / GIB
    return {
        "predict, feedback, export: processor": prices.VCPU.of(predict_s + feedback_s + export_s),
        "predict, feedback, export: memory": prices.MEMORY.of(predict_s + feedback_s + export_s / 2),
        "requests": prices.REQUEST.of(load.predictions + load.feedback + MERGES),
        "storage operations": _storage_operations(load, merge["operations"] / merge["new_shards"]),
        "storage": prices.STORED.of(load.feedback * 12 * load.row_bytes / GIB),
        "answers sent": prices.EGRESS.of(load.predictions * load.answer_bytes / GIB),
        "logs": prices.LOGS.of(logs_bytes / GIB),
        "retraining, once a week": prices.JOB_VCPU.of(4 * runs_s) + prices.JOB_MEMORY.of(8 * runs_s),
        "images": prices.IMAGES.of(load.images_gib),
        "schedules": prices.SCHEDULE.of(2),
        "alert conditions": prices.CONDITION.of(CONDITIONS) + prices.SERIES.of(SERIES * 30 * DAY_S / 30),
        BALANCED: prices.BALANCER.of(HOURS)
        + prices.BALANCED.of(through)
        + prices.ARMOR_POLICY.of(1)
        + prices.ARMOR_RULE.of(2)
        + prices.ARMOR_REQUEST.of(load.predictions + load.feedback),
    }


def _seconds(load: Load, benchmark: dict[str, Any]) -> tuple[float, float, float]:
    """Billed seconds of predict, feedback and export."""
    latency = benchmark["latency"]
    predict_ms = _latency_ms(benchmark, "640×480", "none")
    own_s = benchmark["cold_start"]["results"]["litert"]["median_ms"] / 1000
    cold_s = own_s * REGISTRY_START * load.slower + load.platform_start_s
    starts = min(load.predictions, load.most_cold_starts)
    predict_s = load.predictions * _billed_s(predict_ms, load) + starts * cold_s
    feedback_s = (
        load.feedback * _billed_s(latency["feedback"]["median_ms"], load) + min(load.feedback, starts) * cold_s
    )
    merge_ms = _merge(benchmark)["per_shard_ms"] * load.feedback / MERGES
    return predict_s, feedback_s, MERGES * (cold_s + _billed_s(merge_ms, load))


def _latency_ms(benchmark: dict[str, Any], case: str, annotate: str) -> float:
    latencies = benchmark["latency"]["latency"]
    return next(e["median_ms"] for e in latencies if e["case"].startswith(case) and e["annotate"] == annotate)


def _merge(benchmark: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in benchmark["merge"]["results"] if each["new_shards"] == 1000)


def _billed_s(milliseconds: float, load: Load) -> float:
    """Return the cost of a request alone on its instance: the worst case, because concurrent ones share it."""
    steps = math.ceil(milliseconds * load.slower / 1000 / BILLING_STEP_S)
    return max(1, steps) * BILLING_STEP_S


def _storage_operations(load: Load, merging_per_shard: float) -> float:
    """Return the cost of writing, merging and retiring shards, and of listing them for each merge."""
    writes = load.feedback * (1 + merging_per_shard) + MERGES * (3 + load.feedback / 1000)
    return prices.WRITE.of(writes) + prices.READ.of(MERGES + load.feedback)


def abuse(benchmark: dict[str, Any]) -> dict[str, float]:
    """Return the dollars a day that sending as much as possible costs at the defaults, beyond what is free."""
    slower = Load(predictions=0).slower
    png_s = _latency_ms(benchmark, "12 MP", "png") * slower / 1000
    none_s = _latency_ms(benchmark, "12 MP", "none") * slower / 1000
    jpeg_s = none_s + 0.030 * slower  # OpenCV took 30 ms for 12 MP
    feedback_s = benchmark["latency"]["feedback"]["median_ms"] * slower / 1000
    merge = _merge(benchmark)
    minutes = DAY_S / 60
    return {
        "predict, 10 instances: processor and memory": 10 * DAY_S * SERVING_VCPU_S,
        "feedback, 5 instances: processor and memory": 5 * DAY_S * SERVING_VCPU_S,
        "live video, 5 instances, with a domain": 5 * DAY_S * STREAMING_S,
        "answers of predict, all instances, PNG of 12 MP": _sent(10 * DAY_S / png_s, PNG_12_MP_BYTES),
        "answers of predict, all instances, JPEG of 12 MP": _sent(10 * DAY_S / jpeg_s, JPEG_12_MP_BYTES),
        "answers of predict to one address, 60 a minute, PNG of 12 MP": _sent(60 * minutes, PNG_12_MP_BYTES),
        "answers of predict to one address, 60 a minute, JPEG of 12 MP": _sent(60 * minutes, JPEG_12_MP_BYTES),
        "corrections, 5 instances: writing and merging them": prices.WRITE.of(
            5 * DAY_S / feedback_s * (1 + merge["operations"] / merge["new_shards"])
        ),
    }


def _sent(answers: float, picture_bytes: int) -> float:
    return prices.EGRESS.of(answers * picture_bytes * BASE64 / GIB)


def table(benchmark: dict[str, Any]) -> str:
    """Return the estimate for months without and with predictions as a Markdown table."""
    loads = [Load(predictions=number) for number in (0, 1_000, 100_000, 10_000_000)]
    columns = [costs(load, benchmark) for load in loads]
    heads = ["nobody uses it", *(f"{load.predictions:,}" for load in loads[1:])]
    lines = [f"| USD a month | {' | '.join(heads)} |", f"|---|{'--:|' * len(loads)}"]
    lines += [f"| {name} | " + " | ".join(f"{column[name]:.2f}" for column in columns) + " |" for name in columns[0]]
    without = [sum(column.values()) - column[BALANCED] for column in columns]
    lines.append("| **together, without a domain** | " + " | ".join(f"**{each:.2f}**" for each in without) + " |")
    each_1000 = [cost / load.predictions * 1000 for cost, load in zip(without[1:], loads[1:], strict=True)]
    lines.append("| for 1,000 predictions | – | " + " | ".join(f"{each:.4f}" for each in each_1000) + " |")
    return "\n".join(lines)


def tables(benchmark: dict[str, Any]) -> dict[str, str]:
    """Mark in the README → table."""
    hour = 3_600 * STREAMING_S
    video = [
        ("an hour in which anybody is connected, up to eight people", hour),
        ("a month of one person, an hour a day", 30 * hour),
        ("a month in which always somebody is connected", HOURS * hour),
        ("a month of five full instances, the most there can be", 5 * HOURS * hour),
    ]
    rates = [
        f"| {rate.unit} | {_plain(rate.dollars)} | {f'{rate.free:,}' if rate.free else '–'} | <{rate.source}> "
        f"| {rate.seen} |"
        for rate in prices.RATES
    ]
    return {
        "costs": table(benchmark),
        "video": "\n".join(
            ["| live video | USD |", "|---|--:|", *(f"| {what} | {dollars:.2f} |" for what, dollars in video)]
        ),
        "abuse": "\n".join(
            ["| at the most | USD a day |", "|---|--:|"]
            + [f"| {what} | {dollars:,.0f} |" for what, dollars in abuse(benchmark).items()]
        ),
        "rates": "\n".join(["| for each | USD | free in a month | source | seen |", "|---|--:|--:|---|---|", *rates]),
    }


def _plain(dollars: float) -> str:
    return f"{dollars:.2f}" if dollars >= 0.1 else f"{dollars:.8f}".rstrip("0")


def with_tables(readme: str, new: dict[str, str]) -> str:
    """Return the text with what stands between the marks replaced."""
    for mark, text in new.items():
        found = rf"(<!-- {mark} -->\n).*?(\n<!-- /{mark} -->)"
        readme = re.sub(found, lambda marks, text=text: marks[1] + text + marks[2], readme, flags=re.DOTALL)
    return readme


def main() -> None:
    new = tables(json.loads(BENCHMARK.read_text("utf-8")))
    README.write_text(with_tables(README.read_text("utf-8"), new), encoding="utf-8")
    sys.stdout.write("\n\n".join(new.values()) + "\n")


if __name__ == "__main__":
    main()
