"""Clients of /stream for the benchmark: a camera, a flood, one that does not read; and the HTTP route to compare."""

import asyncio
import http.client
import itertools
import json
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

MAX_IN_FLIGHT = 2  # what docs/streaming.md asks of clients
JPEG = {"Content-Type": "image/jpeg"}

InFlight = dict[int, tuple[float, int]]
"""Frame id → when it was sent, and the index of its picture."""


@dataclass(slots=True)
class Seen:
    """What one client got: ``latencies_s`` from sending a frame to its result, per frame that had one.

    ``pictures`` has the index of the picture behind each of the ``labels``.
    """

    sent: int = 0
    latencies_s: list[float] = field(default_factory=list[float])
    labels: list[str] = field(default_factory=list[str])
    pictures: list[int] = field(default_factory=list[int])
    tracks: set[int] = field(default_factory=set[int])
    skipped: int = 0
    close_code: int | None = None

    def take(self, result: dict[str, Any], in_flight: InFlight) -> None:
        if result["type"] != "result":
            raise SystemExit(f"the server answered {result}")
        sent_s, picture = in_flight[result["frame"]]
        self.latencies_s.append(time.perf_counter() - sent_s)
        for frame in [frame for frame in in_flight if frame <= result["frame"]]:
            del in_flight[frame]
        self.skipped = result["skipped"]
        if result["faces"]:
            self.labels.append(result["faces"][0]["expression"])
            self.pictures.append(picture)
        self.tracks |= {face["track"] for face in result["faces"]}


async def open_stream(address: str, **options: Any) -> ClientConnection:
    connection = await connect(f"ws://{address}/stream", compression=None, **options)
    await connection.recv()  # ready
    return connection


async def camera(address: str, frames: Iterable[bytes], *, fps: float, seconds: float) -> Seen:
    """Send a frame 1/``fps`` s after the last, or skip it while two are in flight."""
    seen, in_flight = Seen(), InFlight()
    async with await open_stream(address) as connection:

        async def receive() -> None:
            async for message in connection:
                seen.take(json.loads(message), in_flight)

        receiving = asyncio.create_task(receive())
        start_s = time.perf_counter()
        for tick, frame in enumerate(itertools.cycle(frames)):
            await asyncio.sleep(start_s + tick / fps - time.perf_counter())
            if time.perf_counter() - start_s >= seconds:
                break
            if len(in_flight) < MAX_IN_FLIGHT:
                seen.sent += 1
                in_flight[seen.sent] = (time.perf_counter(), tick)
                await connection.send(frame)
        receiving.cancel()
    return seen


async def flood(address: str, frame: bytes, *, seconds: float, reads: bool) -> Seen:
    """Send as fast as the connection takes it, ``fps`` limits or not; without ``reads``, results are never read."""
    seen, in_flight = Seen(), InFlight()
    connection = await open_stream(address, max_queue=1)

    async def receive() -> None:
        with suppress(ConnectionClosed):
            async for message in connection:
                seen.take(json.loads(message), in_flight)

    receiving = asyncio.create_task(receive() if reads else asyncio.sleep(seconds))
    end_s = time.perf_counter() + seconds
    with suppress(ConnectionClosed, TimeoutError):
        while time.perf_counter() < end_s:
            seen.sent += 1
            in_flight[seen.sent] = (time.perf_counter(), 0)
            async with asyncio.timeout(seconds):
                await connection.send(frame)
            await asyncio.sleep(0)
    receiving.cancel()
    seen.close_code = connection.close_code
    connection.transport.abort()
    return seen


async def alternate(address: str, frame: bytes, *, runs: int) -> tuple[list[float], list[float]]:
    """Return the seconds per frame over the WebSocket and over HTTP, alternating, both on a persistent connection."""
    stream_s: list[float] = []
    http_s: list[float] = []
    async with await open_stream(address) as connection:
        with closing(http.client.HTTPConnection(address)) as requests:
            for _ in range(runs):
                started_s = time.perf_counter()
                await connection.send(frame)
                await connection.recv()
                stream_s.append(time.perf_counter() - started_s)
                started_s = time.perf_counter()
                post(requests, frame)
                http_s.append(time.perf_counter() - started_s)
    return stream_s, http_s


def post(requests: http.client.HTTPConnection, frame: bytes) -> dict[str, Any]:
    """Return the frame's answer from the HTTP route, which neither tracks nor smooths."""
    requests.request("POST", "/predict_expression?annotate=none", body=frame, headers=JPEG)
    return json.loads(requests.getresponse().read())
