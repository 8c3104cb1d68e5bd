"""Worker threads, and a WSGI application on them that no slow client can hold up."""

import asyncio
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

from fer.errors import BODY, REFUSAL, Unavailable

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_Result = TypeVar("_Result")

# Seconds of waiting at the pace of one core; later requests had better try again.
WAITING_PER_THREAD = 8


class Threads:
    """``number`` threads for work, first come, first served, and two for answers that need no work.

    Health checks and refusals therefore never wait behind pictures.
    """

    def __init__(self, number: int) -> None:
        self._work = ThreadPoolExecutor(number, thread_name_prefix="work")
        self._quick = ThreadPoolExecutor(2, thread_name_prefix="quick")
        self._at_most = number * (1 + WAITING_PER_THREAD)
        self._under_way = 0

    @property
    def are_full(self) -> bool:
        return self._under_way >= self._at_most

    async def run(self, call: Callable[[], _Result], *, quick: bool) -> _Result:
        loop = asyncio.get_running_loop()
        if quick:
            return await loop.run_in_executor(self._quick, call)
        self._under_way += 1
        try:
            return await loop.run_in_executor(self._work, call)
        finally:
            self._under_way -= 1


def on_threads(app: WsgiApp, threads: Threads) -> ASGIApp:
    """Return the WSGI application as an ASGI one, for requests with a complete body (``Reception``).

    A thread is occupied while a piece of the answer is made, never while it is sent. ``GET /`` and refusals use the
    quick threads.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        environ = build_environ(scope, (await receive()).get("body", b""))  # and nobody else holds the body
        quick = REFUSAL in environ or (scope["path"] == "/" and scope["method"] in ("GET", "HEAD", "OPTIONS"))
        if not quick and threads.are_full:
            environ[REFUSAL] = Unavailable("Too many requests are waiting; try again shortly.")
            quick = True
        answer = _WsgiAnswer(app, environ)
        try:
            piece = await threads.run(answer.start, quick=quick)
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            while piece is not None and not answer.is_closed:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await threads.run(answer.next_piece, quick=quick)
            await send({"type": "http.response.body", "body": piece or b""})
        finally:
            if not answer.is_closed:
                await threads.run(answer.close, quick=True)

    return application


class _WsgiAnswer:
    """One call of a WSGI application, step by step."""

    def __init__(self, app: WsgiApp, environ: dict[str, Any]) -> None:
        self._app = app
        self._environ = environ
        self._answer: Iterable[bytes] = ()
        self._pieces: Iterator[bytes] = iter(())
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_closed = False

    def start(self) -> bytes | None:
        """Return the first piece; one as long as the answer also closes it, which spares the change of threads."""
        self._answer = self._app(self._environ, self._start_response)
        self._pieces = iter(self._answer)
        # So that a slow reader of the answer keeps no memory for the body.
        self._environ["wsgi.input"].close()
        del self._environ[BODY]
        piece = self.next_piece()
        if piece is not None and (b"content-length", str(len(piece)).encode()) in self.headers:
            self.close()
        return piece

    def next_piece(self) -> bytes | None:
        return next((piece for piece in self._pieces if piece), None)

    def close(self) -> None:
        self.is_closed = True
        getattr(self._answer, "close", lambda: None)()

    def _start_response(self, status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
        self.status = int(status.partition(" ")[0])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def build_environ(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return PEP 3333's environment for a request, including its refusal if there is one."""
    server_name, server_port = scope.get("server") or ("localhost", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogatepass").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server_name,
        "SERVER_PORT": str(server_port or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        BODY: body,
        "wsgi.input": io.BytesIO(body),  # which shares the bytes
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        variable = name.decode("latin-1").upper().replace("-", "_")
        if variable in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            continue  # the body is here, and its length known
        variable = variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"
        before = f"{environ[variable]}," if variable in environ else ""
        environ[variable] = before + value.decode("latin-1")
    if REFUSAL in scope:
        environ[REFUSAL] = scope[REFUSAL]
    return environ
