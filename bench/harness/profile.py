"""Where a request's time goes: from the server's log, next to what the client saw of the same requests."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any, Final

STAGES: Final = ("decode", "detect", "align", "classify", "draw", "encode")
"""Those of a prediction, in the log with ``_ms`` behind."""

WITHIN: Final = 0.1


def profile(lines: Sequence[dict[str, Any]], durations_s: Sequence[float]) -> dict[str, Any]:
    """Medians in milliseconds of each stage, and how much of the whole they add up to.

    ``lines`` are the server's own of these very requests. ``body`` is the rest of the function (JSON and base64, in
    and out), ``http`` what the client waited besides: connection, reception, threads, transport.
    """
    parts = [_parts(line, whole_s * 1000) for line, whole_s in zip(lines, durations_s, strict=True)]
    medians = {name: statistics.median(part[name] for part in parts) for name in (*STAGES, "body", "http")}
    whole_ms = statistics.median(durations_s) * 1000
    sum_ms = sum(medians.values())
    return {
        "stages_ms": {name: round(value, 2) for name, value in medians.items()},
        "sum_ms": round(sum_ms, 2),
        "whole_ms": round(whole_ms, 2),
        "adds_up": abs(sum_ms - whole_ms) <= WITHIN * whole_ms,
    }


def _parts(line: dict[str, Any], whole_ms: float) -> dict[str, float]:
    stages = {name: float(line.get(f"{name}_ms", 0.0)) for name in STAGES}
    function_ms = float(line["httpRequest"]["latency"].rstrip("s")) * 1000
    return {**stages, "body": function_ms - sum(stages.values()), "http": whole_ms - function_ms}


def profile_lines(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield a table of the cases of ``bench.latency``, as multiples of the yardstick, and whether each adds up."""
    columns = (*STAGES, "body", "http")
    yield f"| stage, in yardsticks | {' | '.join(columns)} | sum | whole |"
    yield "|---|" + "--:|" * (len(columns) + 2)
    for result in results:
        found, unit_ms = result["profile"], result["yardstick"]["median_ms"]
        cells = [f"{found['stages_ms'][name] / unit_ms:.2f}" for name in columns]
        cells += [f"{found['sum_ms'] / unit_ms:.2f}", f"{found['whole_ms'] / unit_ms:.2f}"]
        yield f"| {result['case']}, `{result['annotate']}` | {' | '.join(cells)} |"
    yield ""
    not_so = [f"{result['case']}, `{result['annotate']}`" for result in results if not result["profile"]["adds_up"]]
    yield f"The stages add up to the whole within {WITHIN:.0%}" + (
        f", but for {'; '.join(not_so)}." if not_so else "."
    )
