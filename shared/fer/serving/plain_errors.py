"""Errors that the underlying libraries answer themselves, as the contract's JSON instead of plain text."""

import json

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fer.errors import INTERNAL_FAULT, FerError, InvalidInput, MethodNotAllowed, NotFound, Unavailable

_KEPT = (b"allow", b"connection")


class PlainErrorsAsJson:
    """Rewrites the plain texts with which the framework, Starlette and uvicorn answer bad paths and methods."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        replaced: bytes | None = None

        async def send_in_json(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_plain_error(message):
                error = error_of(message["status"])
                replaced = json.dumps(error.as_json(), separators=(",", ":")).encode()
                message = {**message, "headers": _headers(message, len(replaced))}
            elif message["type"] == "http.response.body" and replaced is not None:
                message = {**message, "body": replaced}
                replaced = b""
            await send(message)

        await self._app(scope, receive, send_in_json if scope["type"] == "http" else send)


def error_of(status: int) -> FerError:
    """Return the project's error for a status that a library chose."""
    if status == 404:
        return NotFound("There is nothing at this path.")
    if status == 405:
        return MethodNotAllowed("This path does not support this HTTP method.")
    if status == 503:
        return Unavailable("The server is busy; try again shortly.")
    if status >= 500:
        return FerError(INTERNAL_FAULT)
    return InvalidInput("The request cannot be processed.")


def _is_plain_error(message: Message) -> bool:
    return message["status"] >= 400 and Headers(raw=message["headers"]).get("content-type", "").startswith(
        "text/plain"
    )


def _headers(message: Message, size_bytes: int) -> list[tuple[bytes, bytes]]:
    return [
        *((name, value) for name, value in message["headers"] if name.lower() in _KEPT),
        (b"content-type", b"application/json"),
        (b"content-length", str(size_bytes).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
