"""From a Flask request to an answer: routing, CORS, the token guard, and errors as the contract's JSON."""

import functools
import hashlib
import hmac
from base64 import b64decode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import flask
from werkzeug.exceptions import HTTPException

from fer.errors import (
    INTERNAL_FAULT,
    REFUSAL,
    FerError,
    Forbidden,
    InvalidInput,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    Unauthorised,
    UnsupportedType,
)
from fer.http.answers import error_answer, json_answer
from fer.http.cors import CrossOrigin, preflight_answer
from fer.http.hosts import is_answered_for, is_loopback
from fer.http.json_lines import configure_logging
from fer.http.large_bodies import hold_body
from fer.http.request_log import conceal_path, log_request, start_request

Handler = Callable[[flask.Request], flask.Response]


@dataclass(frozen=True, slots=True)
class _Route:
    handler: Handler
    guarded: bool
    writes: bool


class Endpoint:
    """The routes of one function; calling it answers a request, whatever happens.

    A ``FerError`` becomes its status and message; anything else becomes a 500 without detail, with the stack trace
    in the log. ``GET /`` is the health check: ``status`` and whatever ``health`` returns.

    Guarded routes ask for ``token``. Without one they answer on loopback only, unless ``without_token`` says why
    they may elsewhere. Pages of other origins may read them only if ``allowed_origins`` names those; its ``*`` is
    for the other routes. Routes that ``write`` refuse pages that are not allowed, because a text or form body
    needs no preflight.
    """

    def __init__(
        self,
        *,
        health: Callable[[], dict[str, object]],
        allowed_origins: Sequence[str] = ("*",),
        token: str | None = None,
        without_token: str | None = None,
        google_cloud_project: str | None = None,
    ) -> None:
        self._cross_origin = CrossOrigin(allowed_origins)
        self._token = token
        self._without_token = without_token
        self._google_cloud_project = google_cloud_project
        self._flask = flask.Flask("fer", static_folder=None)
        self._routes: dict[str, dict[str, _Route]] = {}
        self._add("GET", "/", lambda _: json_answer({"status": "healthy", **health()}))
        configure_logging()

    def route(
        self, method: str, *paths: str, guarded: bool = False, writes: bool = False
    ) -> Callable[[Handler], Handler]:
        """Register the decorated handler; not everybody may read ``guarded`` routes, and ``writes`` means changes.

        A path may end in ``/{name}``, which matches one segment; the handler finds it in ``request.view_args``.
        """

        def register(handler: Handler) -> Handler:
            for path in paths:
                self._add(method, path, handler, guarded=guarded, writes=writes)
            return handler

        return register

    def __call__(self, request: flask.Request) -> flask.Response:
        start_request()
        fault: Exception | None = None
        try:
            response = self._dispatch(request)
        except FerError as error:
            fault = error if error.status >= 500 else None
            response = error_answer(error)
        except HTTPException as error:
            response = _answer_http_exception(error)
        except Exception as error:  # noqa: BLE001  the one place where a fault becomes an answer
            fault = error
            response = error_answer(FerError(INTERNAL_FAULT))
        self._finish(request, response)
        log_request(request, response, error=fault, google_cloud_project=self._google_cloud_project)
        return response

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as a WSGI application; a ``FerError`` under ``REFUSAL`` in ``environ`` is the answer."""
        with self._flask.request_context(environ) as context:
            return self(context.request)(environ, start_response)

    def _add(self, method: str, path: str, handler: Handler, *, guarded: bool = False, writes: bool = False) -> None:
        self._routes.setdefault(path, {})[method] = _Route(handler, guarded, writes)

    def _dispatch(self, request: flask.Request) -> flask.Response:
        methods = self._find(request)
        if request.method == "OPTIONS":
            return preflight_answer(_allowed(methods))
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            response = error_answer(MethodNotAllowed("This path does not support this HTTP method."))
            response.headers["Allow"] = ", ".join(_allowed(methods))
            return response
        if REFUSAL in request.environ:
            raise request.environ[REFUSAL]
        if route.writes and not self._cross_origin.may_write(request, local=_is_local(request)):
            raise Forbidden("Pages of this origin may not write here; FER_ALLOWED_ORIGINS names those that may.")
        if route.guarded:
            self._check_caller(request)
        with hold_body(request):
            return route.handler(request)

    def _find(self, request: flask.Request) -> dict[str, _Route]:
        """Return the path's methods; an exact path takes precedence over a pattern."""
        pattern = self._pattern_of(request)
        if pattern is None:
            raise NotFound("There is nothing at this path.")
        if pattern.endswith("}"):
            name = pattern.rpartition("/")[2].strip("{}")
            request.view_args = {name: request.path.rstrip("/").rpartition("/")[2]}
            conceal_path(pattern)
        return self._routes[pattern]

    def _pattern_of(self, request: flask.Request) -> str | None:
        path = request.path.rstrip("/") or "/"
        if path in self._routes:
            return path
        parent = path.rpartition("/")[0]
        return next((pattern for pattern in self._routes if pattern.startswith(f"{parent}/{{")), None)

    def _check_caller(self, request: flask.Request) -> None:
        if not self._cross_origin.may_ask_guarded(request):
            raise Forbidden("Pages of this origin may not read this; FER_ALLOWED_ORIGINS names those that may.")
        if self._token is not None:
            _check_token(request, self._token)
        elif self._without_token is None and not _is_local(request):
            raise Forbidden("The collected faces are closed here: the server has no FER_EXPORT_TOKEN.")

    def _finish(self, request: flask.Request, response: flask.Response) -> None:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers.setdefault("Cache-Control", "no-store")
        self._cross_origin.mark(request, response, guarded=self._is_guarded(request))

    def _is_guarded(self, request: flask.Request) -> bool:
        """Return whether the request, or the one its preflight announces, is for a guarded route."""
        pattern = self._pattern_of(request)
        methods = self._routes[pattern] if pattern is not None else {}
        method = request.method
        if method == "OPTIONS":
            method = request.headers.get("Access-Control-Request-Method", "")
        route = methods.get("GET" if method == "HEAD" else method)
        # A method that the path does not have, or a preflight that names none, is refused like the closed ones.
        return route.guarded if route is not None else any(each.guarded for each in methods.values())


def _is_local(request: flask.Request) -> bool:
    """Return whether the request came over loopback and for a loopback name, so not by DNS rebinding."""
    return is_loopback(request.environ.get("SERVER_NAME", "")) and is_answered_for(
        request.headers.get("Host", "localhost")
    )


def _allowed(methods: dict[str, _Route]) -> list[str]:
    return sorted({*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])})


def _check_token(request: flask.Request, expected: str) -> None:
    """Accept the token as a bearer token, or as the password of HTTP Basic, which browsers can ask for."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    given = credentials.strip().encode("utf-8", "replace")
    if scheme.lower() == "basic":
        try:
            given = b64decode(given, validate=True).partition(b":")[2]
        except ValueError:
            given = b""
    elif scheme.lower() != "bearer":
        given = b""
    # Comparing digests takes equally long for tokens of any length.
    digest = functools.partial(hashlib.new, "sha256")
    if not hmac.compare_digest(digest(given).digest(), digest(expected.encode()).digest()):
        raise Unauthorised("This requires the export token: send it as 'Authorization: Bearer <token>'.")


def _answer_http_exception(error: HTTPException) -> flask.Response:
    """Return the contract's JSON for what Flask and Werkzeug raise themselves."""
    kinds = {404: NotFound, 405: MethodNotAllowed, 413: TooLarge, 415: UnsupportedType}
    if error.code is not None and error.code < 500:
        return error_answer(kinds.get(error.code, InvalidInput)("The request cannot be processed."))
    return error_answer(FerError(INTERNAL_FAULT))
