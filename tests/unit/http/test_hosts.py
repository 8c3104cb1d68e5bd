"""Which names and addresses stand for this machine, and which pages for the host that is asked."""

import pytest

from fer.http.hosts import is_answered_for, is_loopback, is_same_origin

HERE = ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "localhost.", "app.localhost", "::1", "[::1]"]
ELSEWHERE = [
    "", "0.0.0.0", "::", "10.0.0.1", "192.168.1.2", "example.org", "localhost.example.org", "127.0.0.1.example.org",
    "notlocalhost", "::ffff:10.0.0.1", "2130706433", "*",
]  # fmt: skip


@pytest.mark.parametrize("host", HERE)
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ELSEWHERE)
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "header", ["127.0.0.1:8080", "localhost", "localhost:1", "[::1]:8080", "[::1]", "::1", "localhost:"]
)
def test_answered(header: str) -> None:
    assert is_answered_for(header)


@pytest.mark.parametrize(
    "header", ["rebound.example", "rebound.example:8080", "127.0.0.1.rebound.example", "", ":80", "localhost:80:80"]
)
def test_not_answered(header: str) -> None:
    assert not is_answered_for(header)


def test_further_hosts_are_answered_with_any_port() -> None:
    for header in ("faces.example", "Faces.Example:443", "faces.example."):
        assert is_answered_for(header, allowed_hosts=("faces.example",))
    assert not is_answered_for("a.faces.example", allowed_hosts=("faces.example",))


def test_a_page_belongs_to_the_host_of_its_address() -> None:
    assert is_same_origin("https://a.example:8", "A.example:8")
    assert not is_same_origin("https://a.example", "a.example:8")
    assert not is_same_origin("null", "a.example")
    assert not is_same_origin("", "")
