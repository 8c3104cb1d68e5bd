"""Bodies whose reading could take many times their size: each is read, or refused, in memory of about its size."""

import tracemalloc
from base64 import b64encode
from collections.abc import Mapping

import flask
import pytest

from fer.errors import InvalidInput
from fer.http.bodies import parse_predict

SIZE_BYTES = 1_000_000
# Lists of pieces would take 20 to 60 times the size; the body, its text, and a few copies of it take this.
MOST_TIMES = 10
PICTURE = b"\xff\xd8\xff" + bytes(SIZE_BYTES * 3 // 4)
BASE64 = b64encode(PICTURE)
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}


def repeated(piece: bytes, *, head: bytes = b"", tail: bytes = b"") -> bytes:
    return head + piece * (SIZE_BYTES // len(piece)) + tail


def escaped(data: bytes) -> bytes:
    return b"".join(b"%%%02x" % byte for byte in data)


def peak_bytes(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes | None]:
    """Return the peak while a request is parsed, and the picture, or None if there is none in it."""
    app = flask.Flask(__name__)
    with app.test_request_context("/", method="POST", headers=dict(headers), data=body):
        tracemalloc.start()
        try:
            picture = parse_predict(flask.request, max_body_bytes=2 * len(body)).image
        except InvalidInput:
            picture = None
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    return peak, picture


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(TEXT, b"data:image/jpeg;base64," + escaped(BASE64), id="base64, each letter escaped"),
        pytest.param(TEXT, b"data:image/jpeg," + escaped(PICTURE), id="bytes, each escaped"),
        pytest.param(
            JSON,
            b'{"image": "data%3Aimage%2Fjpeg%3Bbase64%2C' + escaped(BASE64) + b'"}',
            id="a data URL, each letter escaped",
        ),
        pytest.param(FORM, b"annotate=none&image=" + escaped(BASE64), id="a form, each letter escaped"),
        pytest.param(
            JSON,
            b'{"image": "' + b"\\n".join(BASE64[at : at + 1] for at in range(len(BASE64))) + b'"}',
            id="base64, each letter on a line of its own",
        ),
    ],
)
def test_what_is_read_takes_little_more_than_its_size(headers: Mapping[str, str], body: bytes) -> None:
    peak, picture = peak_bytes(headers, body)
    assert picture == PICTURE
    assert peak < MOST_TIMES * len(body)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(JSON, repeated(b"[],", head=b'{"a": [', tail=b"1]}"), id="JSON of empty lists"),
        pytest.param(JSON, repeated(b"{},", head=b'{"a": [', tail=b"1]}"), id="JSON of empty objects"),
        pytest.param(JSON, repeated(b"1.5,", head=b'{"a": [', tail=b"1]}"), id="JSON of numbers"),
        pytest.param(TEXT, repeated(b"[],", head=b'{"a": [', tail=b"1]}"), id="the same as text"),
        pytest.param(FORM, repeated(b"a&", head=b"image=x&"), id="a form of empty fields"),
        pytest.param(FORM, repeated(b"%", head=b"image="), id="a form of per cent signs"),
    ],
)
def test_what_is_refused_takes_little_more_than_its_size(headers: Mapping[str, str], body: bytes) -> None:
    peak, picture = peak_bytes(headers, body)
    assert picture is None
    assert peak < MOST_TIMES * len(body)
