"""`make run`: the three real functions behind one origin, in one process.

Each function is loaded as the functions framework loads it in the cloud; this module only decides by path which
of them answers, and starts the server that the framework itself uses.
"""

import argparse
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from functions_framework import create_app
from gunicorn.app.base import BaseApplication

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = "docs/images/astronaut.jpg"

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def build_origin() -> WsgiApp:
    """The WSGI application of all three functions; ``POST /``, which each answers on its own, names none here."""
    apps = {
        name: create_app(name, str(ROOT / "functions" / name / "main.py"))
        for name in ("predict", "feedback", "export")
    }
    by_path = {"/predict_expression": apps["predict"], "/save_expression_feedback": apps["feedback"]}

    def origin(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").rstrip("/")
        if path == "" and environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS"):
            environ["PATH_INFO"] = "/which_function"  # export answers 404 in the contract's JSON
        return by_path.get(path, apps["export"])(environ, start_response)

    return origin


class _Server(BaseApplication):
    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for key, value in self._options.items():
            self.cfg.set(key, value)

    def load(self) -> WsgiApp:
        return build_origin()


def _greeting(base_url: str) -> str:
    return f"""
Facial-expression functions on {base_url}   (Ctrl-C stops them)

  try      curl -s -H 'Content-Type: image/jpeg' --data-binary @{SAMPLE} \\
                '{base_url}/predict_expression?annotate=none'
  correct  curl -s -H 'Content-Type: image/jpeg' --data-binary @{SAMPLE} \\
                '{base_url}/save_expression_feedback?label=happy'
  look     {base_url}/dashboard
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST") or "127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8080))
    args = parser.parse_args()
    base_url = f"http://{args.host}:{args.port}"
    _Server(
        {
            "bind": f"{args.host}:{args.port}",
            "workers": 1,
            "threads": (os.cpu_count() or 1) * 4,
            "loglevel": "error",
            "timeout": 0,
            "when_ready": lambda _: print(_greeting(base_url), flush=True),
        }
    ).run()


if __name__ == "__main__":
    main()
