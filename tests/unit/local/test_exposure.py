"""When ``make run`` starts, and for whom it answers."""

import pytest
from starlette.responses import PlainTextResponse

from fer.settings import Settings
from local.exposure import KnownHosts, why_not_to_start
from local.servers import send
from tests.asgi_server import serving


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_loopback_it_needs_no_token(host: str) -> None:
    assert why_not_to_start(host, Settings()) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "my-machine", ""])
def test_anywhere_else_it_wants_a_token_and_says_how_to_make_one(host: str) -> None:
    why = why_not_to_start(host, Settings())
    assert why is not None
    assert "FER_EXPORT_TOKEN=$(python3 -c" in why
    assert why_not_to_start(host, Settings(export_token="t")) is None
    assert why_not_to_start(host, Settings(export_without_token="public")) is None
    assert why_not_to_start(host, Settings(export_without_token="iam")) is not None  # there is no IAM here


def test_behind_a_proxy_it_wants_a_token_too() -> None:
    assert why_not_to_start("127.0.0.1", Settings(allowed_hosts=("faces.example",))) is not None
    assert why_not_to_start("127.0.0.1", Settings(allowed_hosts=("faces.example",), export_token="t")) is None


def test_a_foreign_host_is_refused_and_a_named_one_let_through() -> None:
    app = KnownHosts(PlainTextResponse("let through"), ("faces.example",))
    with serving(app) as address:
        for host in ("localhost:8080", "[::1]:1", "faces.example"):
            assert send(f"http://{address}", "GET", "/", headers={"Host": host}).status == 200
        refused = send(f"http://{address}", "GET", "/", headers={"Host": "rebound.example"})
    assert refused.status == 403
    assert refused.json["code"] == "forbidden"
