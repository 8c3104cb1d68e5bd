"""The endpoint: faults become answers that say nothing, and big bodies never pile up."""

import json
from collections.abc import Callable
from typing import Any

import flask
import pytest

from fer.errors import Conflict, Unavailable
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
