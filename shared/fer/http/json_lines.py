"""Structured JSON lines on standard output, in the format that Google Cloud Logging reads.

See https://cloud.google.com/logging/docs/structured-logging for the special fields. Lines contain counts, sizes
and durations, never pixels or labels.
"""

import json
import logging
import sys
import traceback
from typing import Any

LOGGER = logging.getLogger("fer")


class _JsonLines(logging.Handler):
    """Writes each record as one JSON object to the current standard output."""

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


def trace_fields(trace_context: str, google_cloud_project: str | None) -> dict[str, str]:
    """Return the field that links a line to its trace, from ``X-Cloud-Trace-Context``; empty without that header."""
    trace_id = trace_context.partition("/")[0]
    if not google_cloud_project or not trace_id.isalnum():
        return {}
    return {"logging.googleapis.com/trace": f"projects/{google_cloud_project}/traces/{trace_id}"}
