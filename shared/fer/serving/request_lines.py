"""Requests as HTTP allows them, in the one shape that applications know."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from fer.errors import FerError, HeadersTooLarge, InvalidInput

# All headers of a request together; browsers with large cookies send about 16 KiB.
MAX_HEADERS_BYTES = 32 * 1024
TOO_LARGE = f"The headers are larger than {MAX_HEADERS_BYTES} bytes."
NOT_HTTP = "This is not valid HTTP/1.1."
# As proxies and some client libraries send it (RFC 9112, section 3.2.2).
_ABSOLUTE = re.compile(rb"https?://(?P<authority>[^/]*)(?P<path>/.*)?", re.IGNORECASE | re.DOTALL)
_WEBSOCKET_KEY_BYTES = 16


class RequestLines:
    """Gives ``app`` the path and host of absolute targets; what is too long or another HTTP goes to ``refuse``.

    So does a body of two lengths, which a proxy in front may have cut elsewhere (RFC 9112, section 6.1).

    ``OPTIONS *`` is about the whole server, so it is asked of ``/``.
    """

    def __init__(self, app: ASGIApp, refuse: Callable[[FerError], None]) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["http_version"] not in ("1.0", "1.1") or _has_two_lengths(scope):
            self._refuse(InvalidInput(NOT_HTTP))
        elif _size_bytes(scope) > MAX_HEADERS_BYTES:
            self._refuse(HeadersTooLarge(TOO_LARGE))
        else:
            await self._app({**scope, **_relative(scope)}, receive, send)


def is_websocket_handshake(scope: Mapping[str, Any]) -> bool:
    """Return whether a request that offers an upgrade to WebSocket is a whole handshake (RFC 6455, section 4.2.1)."""
    headers: dict[bytes, bytes] = dict(scope["headers"])
    try:
        key = base64.b64decode(headers.get(b"sec-websocket-key", b"").strip(), validate=True)
    except binascii.Error:
        return False
    return (
        (scope["method"], scope["http_version"]) == ("GET", "1.1")
        and headers.get(b"sec-websocket-version", b"").strip() == b"13"
        and len(key) == _WEBSOCKET_KEY_BYTES
    )


def _has_two_lengths(scope: Scope) -> bool:
    return {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}


def _size_bytes(scope: Scope) -> int:
    """Return what the request line and the headers took, with their separators."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    line = len(scope["method"]) + len(scope["raw_path"]) + len(scope["query_string"]) + len("  HTTP/1.1\r\n")
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in headers)


def _relative(scope: Scope) -> Mapping[str, Any]:
    """Return what replaces an absolute target, and the host that it names; nothing for a usual one."""
    if scope["raw_path"] == b"*" and scope["method"] == "OPTIONS":
        return {"path": "/", "raw_path": b"/"}
    absolute = _ABSOLUTE.fullmatch(scope["raw_path"])
    if absolute is None:
        return {}
    raw_path: bytes = absolute["path"] or b"/"
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    return {
        "path": unquote(raw_path.decode("ascii")),
        "raw_path": raw_path,
        "headers": [(b"host", absolute["authority"]), *others],
    }
