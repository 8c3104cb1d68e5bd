"""``make bench-stream``: live video against ``make run``'s server, which is pinned to one core.

``python -m bench.stream [--seconds N] [--json OUT]``. 640×480, one face. Clients run on the other cores where there
are any. Figures go to bench/stream_results.json, the table to docs/performance.md.
"""

import argparse
import asyncio
import http.client
import itertools
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.harness.measures import ROOT, circumstances, summary
from bench.harness.page import write_table
from bench.harness.pictures import jpeg, one_face
from bench.harness.stream_clients import Seen, alternate, camera, flood, post
from bench.harness.yardstick import Yardstick
from local.samples import Picture
from local.servers import Server, clean_environ

RESULTS = ROOT / "bench" / "stream_results.json"
CAMERA_FPS = 30.0
CLIENTS = 4
JITTER_PX = 2
FLICKER_FPS = 25.0
# The lower part of the face in ``one_face(640, 480)``: without it the model is of two minds.
MOUTH_XYXY = (220, 160, 340, 222)
PINNED = (
    "import os, runpy; os.sched_setaffinity(0, {{{core}}}); runpy.run_module('local.server', run_name='__main__')"
)


def pinned_server(directory: Path, core: int, **settings: str) -> Server:
    """``make run``'s server, all its threads on one core."""
    environ = clean_environ(FER_BUCKET=(directory / "bucket").as_uri(), **settings)
    command = [sys.executable, "-c", PINNED.format(core=core)]
    return Server(command, cwd=ROOT, environ=environ, log=directory / "log")


def address_of(server: Server) -> str:
    return server.url.removeprefix("http://")


async def with_memory(server: Server, *clients: Coroutine[Any, Any, Seen]) -> tuple[list[Seen], dict[str, float]]:
    """Run the clients at the same time; return what they saw, and the server's memory, sampled twice a second."""
    samples_mb: list[float] = []

    async def sample() -> None:
        while True:
            await asyncio.sleep(0.5)
            samples_mb.append(server.resident_mb())

    sampling = asyncio.create_task(sample())
    seen = await asyncio.gather(*clients)
    sampling.cancel()
    quarter = max(1, len(samples_mb) // 4)
    first, last = statistics.median(samples_mb[:quarter]), statistics.median(samples_mb[-quarter:])
    return list(seen), {
        "first_quarter_mb": round(first, 1),
        "last_quarter_mb": round(last, 1),
        "most_mb": round(max(samples_mb), 1),
    }


def figures(seen: Seen, seconds: float) -> dict[str, Any]:
    return {
        "fps": round(len(seen.latencies_s) / seconds, 1),
        **(summary(seen.latencies_s) if seen.latencies_s else {}),
        "sent": seen.sent,
        "skipped": seen.skipped,
        "tracks": len(seen.tracks),
        "close_code": seen.close_code,
    }


async def sustained(server: Server, frame: bytes, fps: float, seconds: float) -> dict[str, Any]:
    """Return one camera for the whole time; the processor time says what an otherwise idle core could do."""
    before_s = server.processor_s()
    (seen,), memory = await with_memory(server, camera(address_of(server), [frame], fps=fps, seconds=seconds))
    processor_ms = 1000 * (server.processor_s() - before_s) / len(seen.latencies_s)
    return {**figures(seen, seconds), "processor_ms_per_frame": round(processor_ms, 1), "memory": memory}


async def shares(server: Server, frame: bytes, seconds: float) -> dict[str, Any]:
    """Several cameras at once."""
    cameras = [camera(address_of(server), [frame], fps=CAMERA_FPS, seconds=seconds) for _ in range(CLIENTS)]
    seen, memory = await with_memory(server, *cameras)
    results = [figures(each, seconds) for each in seen]
    rates = [result["fps"] for result in results]
    return {"clients": results, "least_to_most": round(min(rates) / max(rates), 2), "memory": memory}


async def floods(server: Server, frame: bytes, seconds: float) -> dict[str, Any]:
    """Return a camera alongside a flood that is read and a flood that is not."""
    address = address_of(server)
    (polite, read, unread), memory = await with_memory(
        server,
        camera(address, [frame], fps=CAMERA_FPS, seconds=seconds),
        flood(address, frame, seconds=seconds, reads=True),
        flood(address, frame, seconds=seconds, reads=False),
    )
    names = {"camera": polite, "flood": read, "slow_reader": unread}
    return {**{name: figures(seen, seconds) for name, seen in names.items()}, "memory": memory}


def trembling(picture: Picture, number: int, seed: int) -> list[bytes]:
    """JPEG frames of a picture that moves by up to ``JITTER_PX`` each way."""
    steps = np.random.default_rng(seed).integers(-JITTER_PX, JITTER_PX + 1, size=(number, 2))
    return [jpeg(np.roll(picture, (int(dy), int(dx)), axis=(0, 1))) for dx, dy in steps]


def single_labels(requests: http.client.HTTPConnection, frames: Sequence[bytes]) -> list[str]:
    """Return the label of the first face of each frame on its own."""
    return [faces[0]["expression"] for faces in (post(requests, frame)["faces"] for frame in frames) if faces]


def blurred(share: float) -> Picture:
    """Return the photo with its mouth blurred, from 0 (not) to 1 (wholly)."""
    picture = one_face(640, 480)
    left, top, right, bottom = MOUTH_XYXY
    part = np.s_[top:bottom, left:right]
    blur = np.asarray(cv2.GaussianBlur(picture, (0, 0), 15), np.uint8)
    picture[part] = np.round((1 - share) * picture[part] + share * blur[part])
    return picture


def undecided_share(requests: http.client.HTTPConnection) -> float:
    """Return how much the mouth must be blurred for the label to change in about half of the trembling frames."""
    first = single_labels(requests, [jpeg(blurred(0))])[0]
    low, high = 0.0, 1.0
    for _ in range(9):
        middle = (low + high) / 2
        labels = single_labels(requests, trembling(blurred(middle), 15, seed=2))
        low, high = (middle, high) if labels.count(first) > len(labels) / 2 else (low, middle)
    return (low + high) / 2


async def flicker(server: Server, seconds: float) -> dict[str, Any]:
    """Changes of label per second on a still face that trembles: single frames over HTTP against the stream."""
    address = address_of(server)
    with closing(http.client.HTTPConnection(address)) as requests:
        share = undecided_share(requests)
        frames = trembling(blurred(share), round(seconds * FLICKER_FPS), seed=1)
        single = single_labels(requests, frames)
    seen = await camera(address, frames, fps=FLICKER_FPS, seconds=seconds)
    shown = [single[picture] for picture in seen.pictures]  # the same pictures on both sides
    without, smoothed = changes_per_s(shown, seconds), changes_per_s(seen.labels, seconds)
    return {
        "blur_share": round(share, 3),
        "frames": len(frames),
        "results": len(seen.labels),
        "without_smoothing_per_s": without,
        "with_smoothing_per_s": smoothed,
        "times_fewer": round(without / smoothed, 1) if smoothed else None,
    }


def changes_per_s(labels: Sequence[str], seconds: float) -> float:
    return round(sum(before != after for before, after in itertools.pairwise(labels)) / seconds, 2)


async def measure(seconds: float) -> dict[str, Any]:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, set(cores[1:]) or {cores[0]})
    frame = jpeg(one_face(640, 480))
    report = {"benchmark": "stream", **circumstances(), "seconds": seconds, "frame_bytes": len(frame)}
    part_s = max(4.0, seconds / 3)
    with tempfile.TemporaryDirectory() as scratch:
        with pinned_server(Path(scratch), cores[0]) as server:
            await camera(address_of(server), [frame], fps=CAMERA_FPS, seconds=2)  # warm-up
            report["sustained"] = await sustained(server, frame, CAMERA_FPS, seconds)
            yardstick = Yardstick()
            yardstick.look(9)
            stream_s, http_s = await alternate(address_of(server), frame, runs=round(10 * part_s))
            yardstick.look(9)
            one, other = summary(stream_s), summary(http_s)
            ratio = round(other["median_ms"] / one["median_ms"], 2)
            one["yardsticks"] = yardstick.multiple(one["median_ms"])
            report["one_at_a_time"] = {"stream": one, "http": other, "http_to_stream": ratio}
            report["four_cameras"] = await shares(server, frame, part_s)
            report["floods_within_limits"] = await floods(server, frame, part_s)
            report["flicker"] = await flicker(server, max(part_s, 20.0))
        with pinned_server(Path(scratch), cores[0], FER_STREAM_MAX_FPS="1000000") as server:
            report["floods_without_limits"] = await floods(server, frame, part_s)
    return report


def markdown(report: dict[str, Any]) -> str:
    alone, single, flickers = report["sustained"], report["one_at_a_time"], report["flicker"]
    shared = report["four_cameras"]
    multiple = f"{single['stream']['yardsticks']:.2f} yardsticks; " if "yardsticks" in single["stream"] else ""
    notes = f"{multiple}over HTTP {single['http_to_stream']}× as long"
    one = f"one camera of {CAMERA_FPS:.0f} frames/s, {report['seconds']:.0f} s"
    lines = [
        "| what | frames/s | median | p95 | notes |",
        "|---|--:|--:|--:|---|",
        _row(one, alone, f"{alone['processor_ms_per_frame']} ms of processor time per frame; {_memory(alone)}"),
        _row("one frame after the other", single["stream"], notes),
        *(_row(f"camera {n} of {CLIENTS}", client, "") for n, client in enumerate(shared["clients"], start=1)),
        _row("all of them", {}, f"the slowest gets {shared['least_to_most']} of the fastest; {_memory(shared)}"),
    ]
    for name in ("floods_within_limits", "floods_without_limits"):
        lines += _flood_rows(report[name], name.replace("_", " "))
    without, smoothed = flickers["without_smoothing_per_s"], flickers["with_smoothing_per_s"]
    fewer = f"{flickers['times_fewer']}× fewer" if flickers["times_fewer"] else "none left"
    lines += [
        "",
        f"Changes of label per second on an undecided face that trembles by ±{JITTER_PX} px:",
        f"{without} in single frames, {smoothed} smoothed ({fewer}).",
        f"Server on one of {report['cores']} cores of {report['processor']}, load {report['load']} at the start.",
    ]
    return "\n".join(lines)


def _flood_rows(result: dict[str, Any], name: str) -> list[str]:
    rows = [_row(f"{name}: a camera next to them", result["camera"], _memory(result))]
    for who in ("flood", "slow_reader"):
        seen = result[who]
        closed = f", closed with {seen['close_code']}" if seen["close_code"] else ""
        rows.append(_row(f"{name}: {who.replace('_', ' ')}", seen, f"{seen['sent']} frames sent{closed}"))
    return rows


def _row(what: str, result: dict[str, Any], notes: str) -> str:
    times = f"{result['median_ms']} ms | {result['p95_ms']} ms" if "median_ms" in result else "– | –"
    return f"| {what} | {result.get('fps', '–')} | {times} | {notes} |"


def _memory(result: dict[str, Any]) -> str:
    held = result["memory"]
    return f"{held['first_quarter_mb']:.0f} → {held['last_quarter_mb']:.0f} MB, at most {held['most_mb']:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of the longest part; the others take a third")
    parser.add_argument("--json", type=Path, default=RESULTS, help="write the figures here")
    options = parser.parse_args()
    report = asyncio.run(measure(options.seconds))
    options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.json == RESULTS:
        write_table("stream", markdown(report))
    print(markdown(report))


if __name__ == "__main__":
    main()
