"""The three functions as one WSGI application, each loaded as the functions framework loads it in the cloud."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from functions_framework import create_app

from fer.usecases.predict import Recogniser

ROOT = Path(__file__).resolve().parents[1]

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def load_functions() -> tuple[WsgiApp, Recogniser]:
    """All three behind one origin, and predict's recogniser, so that nothing needs to load the model again.

    ``POST /``, which each answers where it is alone, names none of them here.
    """
    apps: dict[str, WsgiApp] = {"predict": _load("predict")}
    recogniser: Recogniser = sys.modules["main"].recogniser  # where the framework keeps the source it loaded last
    apps |= {name: _load(name) for name in ("feedback", "export")}
    by_path = {"/predict_expression": apps["predict"], "/save_expression_feedback": apps["feedback"]}

    def functions(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").rstrip("/")
        if path == "" and environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS"):
            environ["PATH_INFO"] = "/which_function"  # export answers 404 in the contract's JSON
        # A chunked body has no length, and the server marks its end: without this it would not be read at all.
        environ["wsgi.input_terminated"] = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        if path.startswith("/save_expression_feedback/"):
            path = "/save_expression_feedback"
        return by_path.get(path, apps["export"])(environ, start_response)

    return functions, recogniser


def _load(name: str) -> WsgiApp:
    return create_app(name, str(ROOT / "functions" / name / "main.py"))
