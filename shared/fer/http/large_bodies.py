"""How many bytes of bodies are worked on at the same time, so that memory does not grow with the number of callers.

Reception bounds what has arrived (``fer.serving.in_flight``). But a body is copied several times while it is read as
JSON, text and picture, and a packed one of kilobytes may become as large as any.
"""

from contextlib import AbstractContextManager
from typing import Final

import flask

from fer.fair_budget import FairBudget
from fer.http.received import UNPACKED, content_coding

MIB = 1024 * 1024
# Two of the largest bodies, or a dozen photos as phones send them.
BYTES_AT_ONCE: Final = 48 * MIB
# Smaller ones wait for nobody: all threads together hold less than one large one.
SMALL_BYTES: Final = MIB
# The most that deflate packs into a byte (https://zlib.net/zlib_tech.html).
GZIP_MOST_TIMES: Final = 1032

_bodies = FairBudget(BYTES_AT_ONCE, what="large requests", max_waiting=16, patience_s=20)


def hold_body(request: flask.Request) -> AbstractContextManager[None]:
    """Hold the room for a request's body for the duration of a ``with`` block; raises Unavailable."""
    size_bytes = request.content_length or 0
    if content_coding(request) not in UNPACKED:
        size_bytes *= GZIP_MOST_TIMES
    return _bodies.hold(size_bytes if size_bytes > SMALL_BYTES else 0)
