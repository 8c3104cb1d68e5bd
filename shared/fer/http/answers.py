"""Answers in the contract's shapes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import flask

from fer.domain import Prediction
from fer.errors import FerError, Unauthorised
from fer.http.face_json import face_json

MERGE_COMPLETE = "Merge-Complete"
"""Header of a download: ``false`` where feedback was left to merge, which then is in the next one."""


def json_answer(body: Mapping[str, Any], *, status: int = 200) -> flask.Response:
    """Return ``body`` as compact JSON."""
    return flask.Response(_json_bytes(body), status=status, content_type="application/json")


def _json_bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def error_answer(error: FerError) -> flask.Response:
    """Return the contract's ``{"error": …}`` with the error's stable code and whether a retry may help."""
    response = json_answer(error.as_json(), status=error.status)
    if isinstance(error, Unauthorised):
        response.headers["WWW-Authenticate"] = 'Bearer realm="export"'
        if "text/html" in flask.request.headers.get("Accept", ""):
            # A browser that opens the page asks for the token as a password; a script's fetch does not.
            response.headers.add("WWW-Authenticate", 'Basic realm="export token as password"')
    if error.retryable:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def predict_answer(
    predictions: Sequence[Prediction],
    *,
    image_size_wh: tuple[int, int],
    processed_image: bytes | None,
    image_format: str,
    model_version: str,
) -> flask.Response:
    """Return the contract's answer to a prediction; ``processed_image`` is left out if none was requested."""
    rest = _json_bytes(
        {
            "faces": [face_json(prediction, image_size_wh=image_size_wh) for prediction in predictions],
            "image_size": list(image_size_wh),
            "model_version": model_version,
        }
    )
    if processed_image is not None:
        import pybase64  # only the functions that take pictures have it

        # base64 has nothing to escape, and to look for it takes the JSON encoder twice as long as to make the base64.
        head = f'{{"processed_image":"data:image/{image_format};base64,'.encode()
        rest = b"".join((head, pybase64.b64encode(processed_image), b'",', rest[1:]))
    return flask.Response(rest, content_type="application/json")


def html_answer(text: str) -> flask.Response:
    """Return a self-contained page: nothing is loaded from elsewhere, and no script runs."""
    response = flask.Response(text, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def wants_version(request: flask.Request, etag: str) -> bool:
    """Return whether the caller needs the bytes: not for a HEAD request, nor if it has this version already."""
    return request.method != "HEAD" and not request.if_none_match.contains_weak(etag)


def csv_answer(
    request: flask.Request,
    *,
    chunks: Iterable[bytes] | None,
    size_bytes: int,
    etag: str,
    complete: bool,
    announce_size: bool,
) -> flask.Response:
    """Return ``expression_pixel_data.csv`` as a download, or 304 if the caller has this version already.

    ``complete`` says whether it contains all feedback sent before. ``announce_size`` sets Content-Length,
    which Cloud Run allows up to 32 MiB.
    """
    if request.if_none_match.contains_weak(etag):
        response = flask.Response(status=304)
    else:
        response = flask.Response(chunks or (), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = "attachment; filename=expression_pixel_data.csv"
        if announce_size:
            response.content_length = size_bytes
    response.set_etag(etag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers[MERGE_COMPLETE] = str(complete).lower()
    return response


def redirect_answer(url: str, *, complete: bool) -> flask.Response:
    """Return a redirect to ``url``, which is signed for a short time only, so it must not be cached."""
    response = flask.Response(status=302)
    response.headers["Location"] = url
    response.headers[MERGE_COMPLETE] = str(complete).lower()
    return response
