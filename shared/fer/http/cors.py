"""Cross-origin requests: which pages may read which answers (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from collections.abc import Sequence

import flask

from fer.http.hosts import is_same_origin

_REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Requested-With"
_EXPOSED_HEADERS = "Content-Disposition, ETag, Merge-Complete, Retry-After"


class CrossOrigin:
    """The rules of one function; ``*`` among ``allowed_origins`` opens what is not guarded to every page."""

    def __init__(self, allowed_origins: Sequence[str]) -> None:
        self._any = "*" in allowed_origins
        self._named = frozenset(allowed_origins) - {"*"}

    def may_ask_guarded(self, request: flask.Request) -> bool:
        """Whether the page that asks, if it is one, is of this very host or named."""
        origin = request.headers.get("Origin")
        return origin is None or origin in self._named or is_same_origin(origin, request.headers.get("Host", ""))

    def mark(self, request: flask.Request, response: flask.Response, *, guarded: bool) -> None:
        """Say who may read the answer."""
        if guarded:
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if self._any and not guarded:
            response.headers["Access-Control-Allow-Origin"] = "*"
        else:
            response.vary.add("Origin")
            origin = request.headers.get("Origin")
            if origin not in self._named:
                return
            response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS


def preflight_answer(methods: Sequence[str]) -> flask.Response:
    """What a path that takes these methods says before the request itself comes."""
    response = flask.Response(status=204)
    response.headers["Allow"] = response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
    response.headers["Access-Control-Max-Age"] = "3600"
    return response
