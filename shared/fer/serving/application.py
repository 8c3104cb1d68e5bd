"""Turns a function's endpoint into the application that a server runs, with the settings' limits."""

import functools
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fer.serving.clients import Clients
from fer.serving.connections import connection_class
from fer.serving.in_flight import InFlight
from fer.serving.reception import Reception
from fer.serving.request_lines import MAX_HEADERS_BYTES
from fer.serving.threads import Threads, WsgiApp, on_threads
from fer.settings import Settings


class Application(Response):
    """An ASGI application that a function can return: the framework runs whatever is returned as an application."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def application(app: WsgiApp, settings: Settings) -> Application:
    """Return the WSGI application behind a reception, on threads; functions in one process share the limits."""
    return Application(
        Reception(
            on_threads(app, _threads(settings.threads)),
            in_flight=_in_flight(settings.max_bytes_in_flight),
            clients=_clients(settings.requests_per_minute, settings.proxy_hops),
            max_body_bytes=settings.max_body_bytes,
            body_timeout_s=settings.body_timeout_s,
        )
    )


def connection_options(settings: Settings) -> dict[str, Any]:
    """Return uvicorn's options that enforce the limits on connections."""
    return {
        "http": connection_class(
            headers_timeout_s=settings.headers_timeout_s,
            send_timeout_s=settings.send_timeout_s,
            max_connections=settings.max_connections,
        ),
        # Whose address counts is decided in one place: fer.serving.clients.
        "proxy_headers": False,
        "h11_max_incomplete_event_size": MAX_HEADERS_BYTES,
        "timeout_graceful_shutdown": 5,
        "access_log": False,
        "server_header": False,
    }


def use_with_framework(settings: Settings) -> None:
    """Set the same for the functions framework's asynchronous server; to be called before it starts.

    The framework fixes the worker's class and takes no options for it; the class reads this attribute.
    """
    from uvicorn_worker import UvicornWorker

    UvicornWorker.CONFIG_KWARGS = {**UvicornWorker.CONFIG_KWARGS, **connection_options(settings), "ws": "none"}


@functools.cache
def _threads(number: int) -> Threads:
    return Threads(number)


@functools.cache
def _clients(requests_per_minute: int | None, proxy_hops: int) -> Clients | None:
    return Clients(requests_per_minute, proxy_hops=proxy_hops) if requests_per_minute else None


@functools.cache
def _in_flight(max_bytes: int) -> InFlight:
    return InFlight(max_bytes)
