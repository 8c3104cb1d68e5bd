"""Whom ``make run`` answers: this machine only, unless opened to others."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from fer.errors import Forbidden
from fer.http.hosts import is_answered_for, is_loopback
from fer.settings import Settings


def why_not_to_start(host: str, settings: Settings) -> str | None:
    """Return what is missing before a server on ``host`` may start, or None if nothing is."""
    if settings.export_token is not None or settings.export_without_token == "public":
        return None
    if is_loopback(host) and not settings.allowed_hosts:
        return None
    reached = f"answer on {host}" if not is_loopback(host) else f"answer for {', '.join(settings.allowed_hosts)}"
    return f"""This would {reached}, where others could download the collected faces. Set a token that only
authorised people know, and start again:

  export FER_EXPORT_TOKEN=$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')

Or, if everybody may have them: export FER_EXPORT_WITHOUT_TOKEN=public"""


class KnownHosts:
    """Lets through requests for a loopback name or one of ``allowed_hosts``; refuses the rest.

    Otherwise a page on the internet could make its own name resolve to 127.0.0.1 and read what is served there.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._knows(Headers(scope=scope).getlist("host")):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: HTTP 403
        else:
            error = Forbidden("This server answers this machine only; FER_ALLOWED_HOSTS names further hosts.")
            await JSONResponse(error.as_json(), status_code=error.status)(scope, receive, send)

    def _knows(self, hosts: Sequence[str]) -> bool:
        return all(is_answered_for(host, allowed_hosts=self._allowed_hosts) for host in hosts)
