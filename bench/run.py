"""``make bench``: run every benchmark in turn; figures go to bench/results.json, the table to docs/performance.md.

``PEER=URL make bench`` posts the same pictures to another server with the same contract as well, ``BASE=COMMIT``
starts the function as that commit builds it too. The yardstick is OpenCV's YuNet at 640×480, one thread, same run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.harness.measures import ROOT, circumstances
from bench.harness.page import write_table
from bench.harness.profile import profile_lines

RESULTS = ROOT / "bench" / "results.json"
BENCHMARKS = ("cold_start", "latency", "merge", "slow_clients")


def run(name: str, arguments: list[str]) -> dict[str, Any]:
    """Run one benchmark in its own process and return its figures."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "figures.json"
        command = [sys.executable, "-m", f"bench.{name}", "--json", str(out), *arguments]
        print(f"bench.{name} …", file=sys.stderr, flush=True)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        return json.loads(out.read_text(encoding="utf-8"))


def markdown(report: dict[str, Any]) -> str:
    rows = [*_cold_start_rows(report["cold_start"]), *_latency_rows(report["latency"]), *_merge_rows(report["merge"])]
    rows += _slow_client_rows(report["slow_clients"])
    lines = ["| what | median | p95 | notes |", "|---|--:|--:|---|", *rows]
    profiled = [result for result in report["latency"]["latency"] if "profile" in result]
    lines += ["", *profile_lines(profiled)] if profiled else []
    machine = f"{report['processor']}, {report['cores']} cores, Python {report['python']}"
    return "\n".join([*lines, "", f"`make bench` on {machine}, commit {report['commit'][:12]}."])


def _row(what: str, figures: dict[str, Any], notes: str) -> str:
    multiple = f"{figures['yardsticks']:.2f} yardsticks; " if "yardsticks" in figures else ""
    return f"| {what} | {_time(figures['median_ms'])} | {_time(figures['p95_ms'])} | {multiple}{notes} |"


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.3g} ms"


def _cold_start_rows(report: dict[str, Any]) -> Iterator[str]:
    served, compared = report["results"]["litert"], report["results"]["tensorflow"]
    notes = f"{report['times_faster']:.1f}× faster than with TensorFlow; {served['resident_mb']} MB resident"
    yield _row("cold start to the first prediction", served, notes)
    yield _row("the same with TensorFlow", compared, f"{compared['resident_mb']} MB resident")
    if "base" in report:
        base = report["results"]["base"]
        notes = f"{base['resident_mb']} MB resident; ours takes {report['times_base']:.2f}× as long"
        yield _row(f"the same at commit {report['base'][:12]}", base, notes)


def _latency_rows(report: dict[str, Any]) -> Iterator[str]:
    for result in report["latency"]:
        stages = result["stages_ms"]
        notes = f"detector {_time(stages['detect_ms'])}, the rest {_time(stages['without_detector_ms'])}; "
        notes += f"{result['resident_mb']} MB"
        if "peer" in result:
            notes += f"; {result['times_faster_than_peer']:.1f}× faster than the peer"
        yield _row(f"{result['case']}, `annotate={result['annotate']}`", result, notes)
    for result in report["throughput"]:
        number = result["clients"]
        who = "1 client" if number == 1 else f"{number} clients at once"
        yield _row(f"640×480, {who}", result, f"{result['per_second']:.0f} per second; {result['resident_mb']} MB")
    yield _row("feedback, 640×480", report["feedback"], f"one durable write; {report['feedback']['resident_mb']} MB")


def _merge_rows(report: dict[str, Any]) -> Iterator[str]:
    for result in report["results"]:
        what = f"merge {result['new_shards']:,} new shards onto {result['old_rows']:,} rows"
        yield _row(what, result, f"{result['operations']:,} store operations, {result['per_shard_ms']} ms a shard")


def _slow_client_rows(report: dict[str, Any]) -> Iterator[str]:
    stalled, turn = report["stalled"], report["fair_turn"]
    clients = f"next to {stalled['stalled']} stalled clients"
    yield _row(f"`GET /` {clients}", stalled["health"], "half of them midway through their headers")
    yield _row(f"640×480 {clients}", stalled["prediction"], f"alone {_time(stalled['alone']['median_ms'])}")
    notes = f"alone {_time(turn['alone']['median_ms'])}"
    yield _row(f"23 MP next to {turn['looping']} clients that loop 13 MP", turn["large"], notes)
    if deployed := report.get("artefact"):  # figures of an earlier run may lack it
        clients = f"of the built function, {deployed['threads']} threads, next to as many stalled bodies"
        yield _row(f"`GET /` {clients}", deployed["health"], "functions framework")
        notes = f"alone {_time(deployed['alone']['median_ms'])}"
        yield _row(f"640×480 {clients}", deployed["prediction"], notes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="the others keep their last figures")
    options = parser.parse_args()
    arguments = {"cold_start": [], "latency": [], "merge": ["--repeats", "3"], "slow_clients": []}
    if os.environ.get("PEER"):
        arguments["latency"] = ["--peer", os.environ["PEER"]]
    report: dict[str, Any] = {}
    if options.only and RESULTS.exists():
        report = json.loads(RESULTS.read_text(encoding="utf-8"))
    report |= circumstances()
    for name in options.only or BENCHMARKS:
        report[name] = run(name, arguments[name])
    RESULTS.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if all(name in report for name in BENCHMARKS):
        write_table("bench", markdown(report))
        print(markdown(report))


if __name__ == "__main__":
    main()
