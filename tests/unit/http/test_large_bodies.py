"""Requests whose bodies take much memory wait for each other, small ones for nobody."""

import threading
from collections.abc import Callable, Mapping

import flask
import pytest

from fer.http.large_bodies import BYTES_AT_ONCE, SMALL_BYTES, hold_body

GZIP = {"Content-Encoding": "gzip"}
Body = tuple[Mapping[str, str], int]
LARGEST: Body = ({}, BYTES_AT_ONCE // 2)
PACKED: Body = (GZIP, 100_000)
SMALL: Body = ({}, SMALL_BYTES)
SMALL_PACKED: Body = (GZIP, 1_000)


def request_of(body: Body) -> flask.Request:
    headers, size_bytes = body
    return flask.Request(
        {"CONTENT_LENGTH": str(size_bytes), "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", "")}
    )


def enters(body: Body) -> Callable[[], bool]:
    """Try to enter on a thread of its own; the result says whether it is inside by now, and waits for it if so."""
    inside = threading.Event()

    def enter() -> None:
        with hold_body(request_of(body)):
            inside.set()

    threading.Thread(target=enter, daemon=True).start()
    return lambda: inside.wait(0.2)


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        pytest.param(LARGEST, LARGEST, True, id="two of the largest"),
        pytest.param(PACKED, LARGEST, False, id="what is packed may become as large as any"),
        pytest.param(PACKED, PACKED, False, id="two packed"),
        pytest.param(PACKED, SMALL, True, id="a small one"),
        pytest.param(PACKED, SMALL_PACKED, True, id="a small one, packed"),
    ],
)
def test_large_bodies_wait_for_each_other(first: Body, second: Body, together: bool) -> None:
    with hold_body(request_of(first)):
        enters_it = enters(second)
        assert enters_it() == together
    assert enters_it()
