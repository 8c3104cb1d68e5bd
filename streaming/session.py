"""One connection: frames in, results out, until either side ends it."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from fer.errors import FerError
from fer.http.json_lines import LOGGER, trace_fields
from fer.serving.rate import Rate
from fer.usecases.predict import Recogniser
from streaming import protocol
from streaming.mailbox import Frame, Mailbox
from streaming.protocol import Closing, Limits
from streaming.video import Video
from streaming.workers import Workers

MAX_BAD_FRAMES_IN_A_ROW = 10
# For a client to answer the close frame, or at least take it; then the connection is dropped.
CLOSE_TIMEOUT_S = 2
CLOSED_LOOK_S = 0.02


class _Over(Exception):
    """Ends the conversation; ``closing`` is what to tell the other side, unless it has left."""

    def __init__(self, closing: Closing, *, left: bool = False) -> None:
        super().__init__(closing.reason)
        self.closing = closing
        self.left = left


class Session:
    """Reads the frames of an accepted connection into a mailbox and answers the newest in turn.

    Nothing queues up: only the newest frame waits, and no result is made while one cannot be sent.
    """

    def __init__(
        self,
        websocket: WebSocket,
        *,
        recogniser: Recogniser,
        workers: Workers,
        limits: Limits,
        google_cloud_project: str | None = None,
    ) -> None:
        self._websocket = websocket
        self._workers = workers
        self._limits = limits
        self._trace = trace_fields(websocket.headers.get("x-cloud-trace-context", ""), google_cloud_project)
        self._video = Video(recogniser)
        self._mailbox = Mailbox()
        self._frames = 0
        self._answered = 0
        self._bad_frames = 0
        self._bad_in_a_row = 0
        self._server_ms = 0.0

    async def run(self) -> None:
        """Talk until the connection is closed, and log one line about it."""
        started_s = time.monotonic()
        fault: Exception | None = None
        try:
            over = await self._talk()
        except Exception as error:  # noqa: BLE001  the one place where a fault becomes a close code
            fault, over = error, _Over(protocol.INTERNAL_FAULT)
        if not over.left:
            await close(self._websocket, over.closing)
        self._log(over.closing, seconds=time.monotonic() - started_s, fault=fault)

    async def _talk(self) -> _Over:
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._answer())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:  # reading comes first: it knows why a connection broke
                if task.done():
                    await task
        except _Over as over:
            return over
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        raise AssertionError("neither reading nor answering ends without saying why")

    async def _read(self) -> None:
        rate = Rate(self._limits.max_fps, now_s=time.monotonic())
        while True:
            data = await self._receive()
            if len(data) > self._limits.max_frame_bytes:
                raise _Over(protocol.FRAME_TOO_LARGE)
            now_s = time.monotonic()
            if not rate.allows(now_s=now_s):
                raise _Over(protocol.TOO_FAST)
            self._frames += 1
            self._mailbox.put(Frame(number=self._frames, data=data, arrived_s=now_s))

    async def _receive(self) -> bytes:
        try:
            async with asyncio.timeout(self._limits.idle_s):
                message = await self._websocket.receive()
        except TimeoutError as error:
            raise _Over(protocol.IDLE) from error
        if message["type"] == "websocket.disconnect":
            closing = Closing(message.get("code") or 1005, message.get("reason") or "")
            raise _Over(closing, left=True)
        data = message.get("bytes")
        if data is None:
            data = protocol.frame_of_text(message.get("text") or "")
        if data is None:
            raise _Over(protocol.NOT_BINARY)
        return data

    async def _answer(self) -> None:
        await self._send(protocol.ready_message(model_version=self._video.model_version, limits=self._limits))
        while True:
            await self._mailbox.filled()
            async with self._workers.turn():
                frame = self._mailbox.take()
                text = await self._workers.run(lambda frame=frame: self._text_for(frame))
            await self._send(text)
            if self._bad_in_a_row == MAX_BAD_FRAMES_IN_A_ROW:
                raise _Over(protocol.BAD_FRAMES)

    def _text_for(self, frame: Frame) -> str:
        try:
            seen = self._video.look(frame.data, arrived_s=frame.arrived_s)
        except FerError as error:
            if error.status >= 500:
                raise
            self._bad_frames += 1
            self._bad_in_a_row += 1
            return protocol.error_message(frame=frame.number, error=error)
        server_ms = (time.monotonic() - frame.arrived_s) * 1000
        self._answered += 1
        self._bad_in_a_row = 0
        self._server_ms += server_ms
        return protocol.result_message(
            frame=frame.number,
            skipped=self._mailbox.skipped,
            image_size_wh=seen.image_size_wh,
            server_ms=server_ms,
            model_version=seen.model_version,
            faces=seen.faces,
        )

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._limits.idle_s):
                await self._websocket.send_text(text)
        except TimeoutError as error:
            raise _Over(protocol.UNREAD) from error
        except WebSocketDisconnect as error:
            raise _Over(Closing(error.code), left=True) from error

    def _log(self, closing: Closing, *, seconds: float, fault: Exception | None) -> None:
        fields: Mapping[str, Any] = {
            "connection_s": round(seconds, 3),
            "close_code": closing.code,
            "close_reason": closing.reason,
            "frames": self._frames,
            "answered": self._answered,
            "skipped": self._mailbox.skipped,
            "bad_frames": self._bad_frames,
            "tracks": self._video.tracks,
            "server_ms": round(self._server_ms / self._answered, 2) if self._answered else None,
            "model_version": self._video.model_version,
            **self._trace,
        }
        level = logging.INFO if fault is None else logging.ERROR
        LOGGER.log(level, "stream closed with %d", closing.code, exc_info=fault, extra={"fields": fields})


async def close(websocket: WebSocket, closing: Closing) -> None:
    """Close from our side, and wait until the client has too; one that takes nothing any more is let go in time.

    uvicorn would wait five times as long, and does not say when the client has answered.
    """
    state = websocket.scope.get("state", {})
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await websocket.close(closing.code, closing.reason)
            while not state.get("is_closing", lambda: True)():
                await asyncio.sleep(CLOSED_LOOK_S)
    except TimeoutError:
        state.get("abort", lambda: None)()
    except (WebSocketDisconnect, RuntimeError):
        return
