"""The endpoint: faults become answers that say nothing, and big bodies never pile up."""

import io
import json
from collections.abc import Callable
from typing import Any

import flask
import pytest

from fer.errors import Conflict, Unavailable
from fer.http import endpoint as endpoint_module
from fer.http.answers import json_answer
from fer.http.endpoint import Endpoint


@pytest.fixture
def ask() -> Callable[..., flask.Response]:
    """Answer one request with an endpoint whose only handler is what the test gives."""
    app = flask.Flask("test")

    def ask(handler: Callable[[flask.Request], flask.Response], **environ: Any) -> flask.Response:
        with app.app_context():
            endpoint = Endpoint(health=dict)
        endpoint.route("POST", "/do")(handler)
        with app.test_request_context("/do", method="POST", **environ):
            return endpoint(flask.request)

    return ask


def test_unexpected_fault_is_a_500_without_detail(
    ask: Callable[..., flask.Response], capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(_: flask.Request) -> flask.Response:
        raise RuntimeError("the secret path /srv/model")

    response = ask(handler)
    assert response.status_code == 500
    assert b"secret" not in response.data
    line = json.loads(capsys.readouterr().out)
    assert line["severity"] == "ERROR"
    assert "the secret path" in line["stack_trace"]


def test_unavailable_store_is_a_503_that_may_be_retried(ask: Callable[..., flask.Response]) -> None:
    def handler(_: flask.Request) -> flask.Response:
        raise Unavailable("The bucket does not answer.")

    response = ask(handler)
    assert response.status_code == 503
    assert response.json == {"error": "The bucket does not answer.", "code": "unavailable", "retryable": True}
    assert response.headers["Retry-After"]


def test_expected_error_is_no_error_in_the_log(
    ask: Callable[..., flask.Response], capsys: pytest.CaptureFixture[str]
) -> None:
    def handler(_: flask.Request) -> flask.Response:
        raise Conflict("Another one.")

    assert ask(handler).status_code == 409
    line = json.loads(capsys.readouterr().out)
    assert line["severity"] == "INFO"
    assert "stack_trace" not in line


def answer_nothing(_: flask.Request) -> flask.Response:
    return json_answer({})


class _CountingBody(io.RawIOBase):
    """A body of zeros that tells how much of it was read, and in what pieces."""

    def __init__(self, size_bytes: int) -> None:
        self.left_bytes = size_bytes
        self.largest_piece_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        piece = min(len(buffer), self.left_bytes)
        buffer[:piece] = bytes(piece)
        self.left_bytes -= piece
        self.largest_piece_bytes = max(self.largest_piece_bytes, piece)
        return piece


def of_length(body: _CountingBody, size_bytes: int) -> dict[str, Any]:
    return {"wsgi.input": body, "CONTENT_LENGTH": str(size_bytes)}


def test_unread_body_is_drained_in_small_pieces(ask: Callable[..., flask.Response]) -> None:
    body = _CountingBody(30_000_000)
    ask(answer_nothing, environ_overrides=of_length(body, 30_000_000))
    assert body.left_bytes == 0
    assert body.largest_piece_bytes <= 65_536


def test_endless_body_is_not_waited_for(ask: Callable[..., flask.Response]) -> None:
    size_bytes = endpoint_module.DRAIN_AT_MOST_BYTES * 3
    body = _CountingBody(size_bytes)
    response = ask(answer_nothing, environ_overrides=of_length(body, size_bytes))
    assert body.left_bytes > endpoint_module.DRAIN_AT_MOST_BYTES
    assert response.headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("server_name", "status"), [("127.0.0.1", 200), ("::1", 200), ("0.0.0.0", 403), ("10.0.0.7", 403)]
)
def test_without_a_token_what_is_guarded_is_answered_on_loopback_only(server_name: str, status: int) -> None:
    app = flask.Flask("test")
    endpoint = Endpoint(health=dict)
    endpoint.route("GET", "/faces", guarded=True)(answer_nothing)
    named = {"SERVER_NAME": server_name}
    with app.test_request_context("/faces", base_url="http://localhost:8080", environ_overrides=named):
        assert endpoint(flask.request).status_code == status
