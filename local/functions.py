"""Combines the three functions into one application, each loaded as the functions framework loads it."""

import sys
from pathlib import Path
from typing import cast

import functions_framework
from starlette.types import ASGIApp, Receive, Scope, Send

from fer.usecases.predict import Recogniser

ROOT = Path(__file__).resolve().parents[1]


def load_functions() -> tuple[ASGIApp, Recogniser]:
    """Return all three behind one origin, and predict's recogniser, so that the model is loaded only once.

    ``POST /``, which each function answers on its own, is not served here.
    """
    apps = {"predict": _load("predict")}
    recogniser: Recogniser = sys.modules["main"].recogniser  # where the framework keeps the last source it loaded
    apps |= {name: _load(name) for name in ("feedback", "export")}
    by_path = {"/predict_expression": apps["predict"], "/save_expression_feedback": apps["feedback"]}

    async def functions(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        if path == "" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            scope = {**scope, "path": "/which_function"}  # export answers 404 in the contract's JSON
        if path.startswith("/save_expression_feedback/"):
            path = "/save_expression_feedback"
        await by_path.get(path, apps["export"])(scope, receive, send)

    return functions, recogniser


def _load(name: str) -> ASGIApp:
    return cast("ASGIApp", functions_framework.create_app(name, str(ROOT / "functions" / name / "main.py")))
