"""Cross-origin requests: which pages may read which answers (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from collections.abc import Sequence

import flask

from fer.http.hosts import is_loopback, is_same_origin, without_port

_REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Requested-With"
_EXPOSED_HEADERS = "Content-Disposition, ETag, Merge-Complete, Retry-After"


class CrossOrigin:
    """The rules of one function; ``*`` among ``allowed_origins`` opens unguarded routes to every page."""

    def __init__(self, allowed_origins: Sequence[str]) -> None:
        self._any = "*" in allowed_origins
        self._named = frozenset(allowed_origins) - {"*"}

    def may_ask_guarded(self, request: flask.Request) -> bool:
        """Return whether the request comes from no page, a page of the same host, or a named origin."""
        if "Origin" not in request.headers:
            return not _is_for_a_foreign_page(request)
        return self._is_own_or_named(request)

    def may_write(self, request: flask.Request, *, local: bool) -> bool:
        """Return whether a request that changes something may do so.

        CORS alone would only hide the answer from its page. Pages on the internet may not write to a ``local``
        server, on a person's own machine, unless named.
        """
        if "Origin" not in request.headers:
            return not _is_for_a_foreign_page(request)
        page = without_port(request.headers["Origin"].partition("://")[2])
        return self._is_own_or_named(request) or (self._any and (not local or is_loopback(page)))

    def _is_own_or_named(self, request: flask.Request) -> bool:
        origin = request.headers["Origin"]
        return origin in self._named or is_same_origin(origin, request.headers.get("Host", ""))

    def mark(self, request: flask.Request, response: flask.Response, *, guarded: bool) -> None:
        """Set the headers that say who may read the answer."""
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


def _is_for_a_foreign_page(request: flask.Request) -> bool:
    """Return whether a browser asks for another site's page and sends no ``Origin``, as for its pictures and frames.

    The credentials that the browser keeps for HTTP Basic ride on such a request. Following a link is the user's
    own request (https://www.w3.org/TR/fetch-metadata/).
    """
    get = request.headers.get
    follows_a_link = get("Sec-Fetch-Mode") == "navigate" and get("Sec-Fetch-Dest", "document") in (
        "document",
        "empty",
    )
    if follows_a_link and request.method in ("GET", "HEAD"):
        return False
    return get("Sec-Fetch-Site", "none") in ("cross-site", "same-site")


def preflight_answer(methods: Sequence[str]) -> flask.Response:
    """Return the answer to a preflight for a path with these methods."""
    response = flask.Response(status=204)
    response.headers["Allow"] = response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Headers"] = _REQUEST_HEADERS
    response.headers["Access-Control-Max-Age"] = "3600"
    return response
