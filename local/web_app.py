"""Serves the built web app next to the API, on the same origin."""

import shutil
from pathlib import Path

from starlette.datastructures import Headers
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE = "index.html"
# The build puts a content digest into every name in there.
HASHED = "/assets/"

# A WebSocket to the same host counts as 'self'; blob: and data: are pictures that the page itself made.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class WebApp:
    """Serves the files of the built app; everything else goes to ``api``.

    ``/`` is the page only for clients that ask for HTML, as browsers do; for programs it stays the API's health
    check.
    """

    def __init__(self, directory: Path, api: ASGIApp) -> None:
        self._directory = directory.resolve()
        self._files = StaticFiles(directory=directory)
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._file_for(scope)
        if path is None:
            await self._api(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = {**HEADERS, "Cache-Control": _caching(path), "Vary": "Accept"}
                message["headers"] += [(name.encode(), value.encode()) for name, value in headers.items()]
            await send(message)

        # Without the root path, which StaticFiles would strip.
        await self._files({**scope, "path": path, "root_path": ""}, receive, send_with_headers)

    def _file_for(self, scope: Scope) -> str | None:
        """Return the path of the file that answers a request, or None if the API does."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        path: str = scope["path"]
        if path == "/":
            return f"/{PAGE}" if "text/html" in Headers(scope=scope).get("accept", "") else None
        if "\0" in path:
            return None
        try:
            file = (self._directory / path.lstrip("/")).resolve()
            return path if file.is_relative_to(self._directory) and file.is_file() else None
        except OSError:  # a name that no file system accepts
            return None


def _caching(path: str) -> str:
    return "public, max-age=31536000, immutable" if path.startswith(HASHED) else "no-cache"


def is_built(directory: Path) -> bool:
    return (directory / PAGE).is_file()


def what_is_missing(directory: Path) -> str:
    """Return why the web app is not served, for the person who started the server."""
    if not (directory.parent / "package.json").is_file():
        return "there is no web app in this tree"
    if shutil.which("npm") is None:
        return "building it needs Node.js, which is not installed"
    return "it is not built; see what `make web` says"
