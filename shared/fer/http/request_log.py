"""One structured JSON line per request."""

import logging
import time
from typing import Any

import flask

from fer.http.json_lines import LOGGER, trace_fields


def note(**fields: Any) -> None:
    """Add fields (counts, ``_ms``) to the log line of the request that is being answered."""
    flask.g.setdefault("fer_log_fields", {}).update(fields)


def start_request() -> None:
    """Remember when the request began."""
    flask.g.fer_started = time.perf_counter()


def conceal_path(pattern: str) -> None:
    """Log the route's pattern instead of the path of the current request, because part of the path is a secret."""
    flask.g.fer_path = pattern


def log_request(
    request: flask.Request,
    response: flask.Response,
    *,
    error: BaseException | None,
    google_cloud_project: str | None,
) -> None:
    """Write the request's line; ``error`` is the cause of a 5xx, logged with its stack trace."""
    elapsed_s = time.perf_counter() - flask.g.fer_started
    path = flask.g.get("fer_path", request.path)
    fields: dict[str, Any] = {
        "httpRequest": {
            "requestMethod": request.method,
            "requestUrl": path,
            "status": response.status_code,
            "latency": f"{elapsed_s:.6f}s",
        },
        **flask.g.get("fer_log_fields", {}),
        **trace_fields(request.headers.get("X-Cloud-Trace-Context", ""), google_cloud_project),
    }
    level = logging.ERROR if response.status_code >= 500 else logging.INFO
    LOGGER.log(
        level,
        "%s %s %d",
        request.method,
        path,
        response.status_code,
        exc_info=error,
        extra={"fields": fields},
    )
