"""The routes of the streaming service: ``/stream``, and ``/`` for health checks."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from fer.errors import FerError, InvalidInput, MethodNotAllowed, NotFound, Unavailable, UpgradeRequired
from fer.serving.application import connection_options
from fer.settings import Settings
from fer.usecases.predict import Recogniser
from streaming import protocol
from streaming.floods import RefusesFloods
from streaming.origins import is_allowed
from streaming.protocol import Limits
from streaming.session import Session, close
from streaming.workers import Workers

PATHS = ("/stream", "/stream/")
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
# RFC 9110, sections 7.8 and 15.5.22, and for the version RFC 6455, section 4.2.2.
_UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}


class Streams:
    """Opens connections to ``/stream``, up to a limit."""

    def __init__(self, settings: Settings, recogniser: Recogniser, workers: Workers) -> None:
        self._settings = settings
        self._recogniser = recogniser
        self._workers = workers
        self._open = self._closing = 0
        self._limits = Limits(
            max_frame_bytes=settings.stream_max_frame_bytes,
            max_fps=settings.stream_max_fps,
            idle_s=settings.stream_idle_s,
        )

    async def connect(self, websocket: WebSocket) -> None:
        """Answer one handshake, and talk until the connection ends."""
        headers = websocket.headers
        if not is_allowed(
            headers.get("origin"), host=headers.get("host", ""), allowed_origins=self._settings.allowed_origins
        ):
            await websocket.close()  # before it is accepted: HTTP 403
            return
        if self._open >= self._settings.stream_max_connections:
            await self._turn_away(websocket)
            return
        self._open += 1  # before the first await, or all of a flood would be let in
        try:
            await websocket.accept()
            await Session(
                websocket,
                recogniser=self._recogniser,
                workers=self._workers,
                limits=self._limits,
                google_cloud_project=self._settings.google_cloud_project,
            ).run()
        finally:
            self._open -= 1

    async def _turn_away(self, websocket: WebSocket) -> None:
        """Say why, in a way that a browser's script can read; to as many at a time as may be open, and no more.

        A client that does not answer a closing keeps its connection for a while, and HTTP needs some too.
        """
        if self._closing >= self._settings.stream_max_connections:
            await _refuse(websocket, Unavailable("Too many live videos; try again shortly."))
            return
        self._closing += 1
        try:
            await websocket.accept()
            await close(websocket, protocol.TOO_MANY_CONNECTIONS)
        finally:
            self._closing -= 1


def build_service(settings: Settings, recogniser: Recogniser) -> Starlette:
    """Yield the ASGI application; its threads end with its lifespan."""
    workers = Workers()
    streams = Streams(settings, recogniser, workers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        workers.close()

    async def health(_: Request) -> JSONResponse:
        body = {"status": "healthy", "model_version": recogniser.classifier.model_version}
        return JSONResponse(body, headers=HEADERS)

    return Starlette(
        routes=[
            Route("/", health, methods=["GET"]),
            *(WebSocketRoute(path, streams.connect) for path in PATHS),
            *(Route(path, _ask_for_an_upgrade, methods=["GET"]) for path in PATHS),
            WebSocketRoute("/{path:path}", _nothing_here),
        ],
        exception_handlers={HTTPException: _answer_http_exception},
        lifespan=lifespan,
    )


async def _ask_for_an_upgrade(_: Request) -> JSONResponse:
    """Answer a request that is no WebSocket handshake, or not a whole one."""
    error = UpgradeRequired("This is live video: open a WebSocket here (RFC 6455, version 13).")
    return JSONResponse(error.as_json(), status_code=error.status, headers={**HEADERS, **_UPGRADE})


async def _nothing_here(websocket: WebSocket) -> None:
    """Refuse the handshake with 404: closing it, which is Starlette's own way, says 403, as for a wrong origin."""
    await _refuse(websocket, NotFound("There is nothing at this path; live video is at /stream."))


async def _refuse(websocket: WebSocket, error: FerError) -> None:
    """Answer the handshake with an error over HTTP."""
    headers = {**HEADERS, "Retry-After": str(error.retry_after_s)} if error.retryable else HEADERS
    await websocket.send_denial_response(JSONResponse(error.as_json(), status_code=error.status, headers=headers))


def server_options(settings: Settings) -> dict[str, Any]:
    """Return the uvicorn options that the protocol needs."""
    return {
        "ws": RefusesFloods,
        # A frame that is too large is read to its end and answered with a close code; a far larger one is cut off.
        "ws_max_size": 4 * settings.stream_max_frame_bytes,
        "ws_per_message_deflate": False,  # pictures are compressed already
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        "log_level": "warning",
        **connection_options(settings),
    }


async def _answer_http_exception(_: Request, fault: Exception) -> JSONResponse:
    """Return the contract's JSON for what Starlette itself refuses."""
    assert isinstance(fault, HTTPException)
    error: FerError = InvalidInput("The request cannot be processed.")
    if fault.status_code == 404:
        error = NotFound("There is nothing at this path.")
    elif fault.status_code == 405:
        error = MethodNotAllowed("This path does not support this HTTP method.")
    return JSONResponse(error.as_json(), status_code=error.status, headers={**HEADERS, **(fault.headers or {})})
