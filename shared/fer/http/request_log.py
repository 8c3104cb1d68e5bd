"""One structured JSON line per request, in the format that Google Cloud Logging reads from standard output.

See https://cloud.google.com/logging/docs/structured-logging for the special fields. Lines hold counts, sizes
and durations: never pixels, and never a label.
"""

import json
import logging
import sys
import time
import traceback
from typing import Any

import flask

LOGGER = logging.getLogger("fer")


class _JsonLines(logging.Handler):
    """Writes each record as one JSON object to whatever standard output is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, Any] = {"severity": record.levelname, "message": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            line["stack_trace"] = "".join(traceback.format_exception(*record.exc_info))
        line |= getattr(record, "fields", {})
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()


def configure_logging() -> None:
    """Send everything below the logger ``fer`` to standard output as JSON lines; safe to call again."""
    if not any(isinstance(handler, _JsonLines) for handler in LOGGER.handlers):
        LOGGER.addHandler(_JsonLines())
        LOGGER.setLevel(logging.INFO)
        LOGGER.propagate = False


def note(**fields: Any) -> None:
    """Add fields (counts, ``_ms``) to the log line of the request that is being answered."""
    flask.g.setdefault("fer_log_fields", {}).update(fields)


def start_request() -> None:
    """Remember when the request began."""
    flask.g.fer_started = time.perf_counter()


def log_request(
    request: flask.Request,
    response: flask.Response,
    *,
    error: BaseException | None,
    google_cloud_project: str | None,
) -> None:
    """Write the request's line; ``error`` is what made it a 5xx, and its stack trace goes along."""
    elapsed_s = time.perf_counter() - flask.g.fer_started
    fields: dict[str, Any] = {
        "httpRequest": {
            "requestMethod": request.method,
            "requestUrl": request.path,
            "status": response.status_code,
            "latency": f"{elapsed_s:.6f}s",
        },
        **flask.g.get("fer_log_fields", {}),
    }
    trace_id = request.headers.get("X-Cloud-Trace-Context", "").partition("/")[0]
    if google_cloud_project and trace_id.isalnum():
        fields["logging.googleapis.com/trace"] = f"projects/{google_cloud_project}/traces/{trace_id}"
    level = logging.ERROR if response.status_code >= 500 else logging.INFO
    LOGGER.log(
        level,
        "%s %s %d",
        request.method,
        request.path,
        response.status_code,
        exc_info=error,
        extra={"fields": fields},
    )
