"""Latency, throughput and memory over HTTP: ``python -m bench.latency [--peer URL] [--json OUT]``.

Starts the local server (what ``make run`` starts) on a free port with a bucket of its own. With ``--peer``, the same
pictures go to another server with the same contract too, alternating, and the ratio of the medians is printed.
OpenCV's YuNet takes its turn between the requests: every latency is given as a multiple of it too.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.harness.measures import circumstances, summary
from bench.harness.pictures import eight_faces, one_face, request_body
from bench.harness.profile import profile
from bench.harness.yardstick import Yardstick
from local.samples import Picture
from local.servers import Server, local_server, send

PREDICT = "/predict_expression"
FEEDBACK = "/save_expression_feedback"
JSON_TYPE = {"Content-Type": "application/json"}
WARM_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A picture with ``faces`` faces, posted ``runs`` times one after the other."""

    name: str
    picture: Picture
    faces: int
    runs: int


def cases() -> list[Case]:
    return [
        Case(name="640×480, one face", picture=one_face(640, 480), faces=1, runs=60),
        Case(name="1280×720, eight faces", picture=eight_faces(), faces=8, runs=30),
        Case(name="12 MP, one face", picture=one_face(4000, 3000), faces=1, runs=15),
    ]


def post(url: str, path: str, body: bytes) -> tuple[float, Any]:
    """Return seconds until the whole answer is here, and the answer, which must be a 200."""
    reply = send(url, "POST", path, headers=JSON_TYPE, body=body, timeout_s=120)
    if reply.status != 200:
        raise SystemExit(f"{url}{path} answered {reply.status}: {reply.body[:300]!r}")
    return reply.elapsed_s, reply.json


def measure_latency(server: Server, case: Case, annotate: str, peer: str | None) -> dict[str, Any]:
    """Return one case, after a warm-up; all take turns, so that they see the same disturbances."""
    yardstick = Yardstick()
    body = request_body(case.picture, annotate=annotate)
    urls = [server.url, peer] if peer else [server.url]
    durations_s: dict[str, list[float]] = {url: [] for url in urls}
    for _ in range(WARM_UP + case.runs):
        yardstick.look()
        for url in urls:
            elapsed_s, answer = post(url, PREDICT, body)
            durations_s[url].append(elapsed_s)
            if url == server.url and len(answer["faces"]) != case.faces:
                raise SystemExit(f"{case.name}: found {len(answer['faces'])} faces, expected {case.faces}")
    counted_s, lines = durations_s[server.url][WARM_UP:], predictions_of(server, case.runs)
    result: dict[str, Any] = {
        "case": case.name,
        "annotate": annotate,
        **summary(counted_s),
        "yardstick": yardstick.figures(),
    }
    result["yardsticks"] = yardstick.multiple(result["median_ms"])
    result |= {"stages_ms": stages(lines), "profile": profile(lines, counted_s)}
    result["resident_mb"] = round(server.resident_mb())
    if peer:
        result["peer"] = summary(durations_s[peer][WARM_UP:])
        result["times_faster_than_peer"] = round(result["peer"]["median_ms"] / result["median_ms"], 2)
    return result


def predictions_of(server: Server, runs: int) -> list[dict[str, Any]]:
    """Return the log's lines of the last ``runs`` predictions."""
    return [line for line in server.log_lines() if "detect_ms" in line][-runs:]


def stages(lines: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the median of each stage of these predictions.

    ``function_ms`` is from the parsed request line to the answer, ``without_detector_ms`` that less the detector.
    """
    names = [name for name in lines[-1] if name.endswith("_ms")]
    medians = {name: statistics.median(line[name] for line in lines) for name in names}
    function_ms = [float(line["httpRequest"]["latency"].rstrip("s")) * 1000 for line in lines]
    without_ms = [whole - line["detect_ms"] for whole, line in zip(function_ms, lines, strict=True)]
    medians |= {"function_ms": statistics.median(function_ms), "without_detector_ms": statistics.median(without_ms)}
    return {name: round(value, 2) for name, value in medians.items()}


def measure_throughput(server: Server, clients: int, requests: int = 120) -> dict[str, Any]:
    """Predictions per second of 640×480 without an annotated picture, from ``clients`` clients at once."""
    yardstick = Yardstick()
    yardstick.look(9)
    body = request_body(one_face(640, 480), annotate="none")

    def predict(_: int) -> float:
        return post(server.url, PREDICT, body)[0]

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(predict, range(clients * WARM_UP)))
        started_s = time.perf_counter()
        durations_s = list(pool.map(predict, range(requests)))
        elapsed_s = time.perf_counter() - started_s
    yardstick.look(9)
    result = {"clients": clients, "per_second": round(requests / elapsed_s, 1), **summary(durations_s)}
    result["yardsticks"] = yardstick.multiple(result["median_ms"])
    return result | {"resident_mb": round(server.resident_mb())}


def measure_feedback(server: Server, runs: int = 60) -> dict[str, Any]:
    """Feedback on 640×480 with one face: one durable write each."""
    body, yardstick = request_body(one_face(640, 480), label="happy"), Yardstick()
    durations_s: list[float] = []
    for _ in range(WARM_UP + runs):
        yardstick.look()
        durations_s.append(post(server.url, FEEDBACK, body)[0])
    result = summary(durations_s[WARM_UP:])
    result["yardsticks"] = yardstick.multiple(result["median_ms"])
    return result | {"resident_mb": round(server.resident_mb())}


def measure(peer: str | None, clients: Sequence[int] = (1, 4, 8)) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        with local_server(directory / "bucket", log=directory / "log") as server:
            at_start_mb = round(server.resident_mb())
            latency = [measure_latency(server, case, form, peer) for case in cases() for form in ("none", "png")]
            return {
                "benchmark": "latency",
                **circumstances(),
                "resident_mb_at_start": at_start_mb,
                "latency": latency,
                "throughput": [measure_throughput(server, number) for number in clients],
                "feedback": measure_feedback(server),
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", default=os.environ.get("PEER") or None, help="URL of another server")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    report = measure(options.peer and options.peer.rstrip("/"))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
