"""``make run``: the real functions, live video and the web app behind one origin, in one process.

This module only routes by path and starts the server (docs/decisions/0007-live-video.md).
"""

import argparse
import contextlib
import os
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from fer.http.hosts import is_loopback
from fer.settings import Settings
from local.exposure import KnownHosts, why_not_to_start
from local.functions import ROOT, load_functions
from local.web_app import WebApp, is_built, what_is_missing
from streaming.service import PATHS, build_service, server_options

SAMPLE = "docs/images/astronaut.jpg" if (ROOT / "docs").is_dir() else "photo.jpg"
WEB_APP = ROOT / "web" / "dist"


def build_origin(settings: Settings, *, web_app: Path = WEB_APP) -> ASGIApp:
    """Return the ASGI application: live video goes to streaming, the rest to the web app and the functions."""
    functions, recogniser = load_functions()
    streaming = build_service(settings, recogniser)
    http: ASGIApp = functions
    if is_built(web_app):
        http = WebApp(web_app, http)

    async def origin(scope: Scope, receive: Receive, send: Send) -> None:
        for_functions = scope["type"] == "http" and scope["path"] not in PATHS
        await (http if for_functions else streaming)(scope, receive, send)

    return origin


class _Server(uvicorn.Server):
    """A server that prints a greeting once it can be reached."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._greeting, flush=True)


def _greeting(base_url: str) -> str:
    app = f"{base_url}/" if is_built(WEB_APP) else f"not served: {what_is_missing(WEB_APP)}"
    return f"""
Facial-expression functions on {base_url}   (Ctrl-C stops them)

  app      {app}
  try      curl -s -H 'Content-Type: image/jpeg' --data-binary @{SAMPLE} \\
                '{base_url}/predict_expression?annotate=none'
  correct  curl -s -H 'Content-Type: image/jpeg' --data-binary @{SAMPLE} \\
                '{base_url}/save_expression_feedback?label=happy'
  look     {base_url}/dashboard
"""


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8080))
    args = parser.parse_args()
    settings = Settings.from_env()
    if missing := why_not_to_start(args.host, settings):
        sys.exit(missing)
    origin = build_origin(settings)
    if is_loopback(args.host) or settings.allowed_hosts:
        origin = KnownHosts(origin, settings.allowed_hosts)
    config = uvicorn.Config(origin, host=args.host, port=args.port, **server_options(settings))
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it after stopping for Ctrl-C
        _Server(config, _greeting(f"http://{_bracketed(args.host)}:{args.port}")).run()


if __name__ == "__main__":
    main()
