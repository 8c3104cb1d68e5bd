"""How often one client may ask, and whose address a request counts for."""

from typing import Any

import pytest

from fer.errors import TooManyRequests
from fer.serving.clients import Clients, client_of


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def scope(
    client: str = "192.0.2.1", *, method: str = "POST", path: str = "/x", forwarded: str = ""
) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded.splitlines()]
    return {"type": "http", "method": method, "path": path, "client": (client, 5), "headers": headers}


def test_all_of_a_minute_may_come_at_once_and_what_is_spent_comes_back() -> None:
    clock = Clock()
    clients = Clients(6, clock=clock)
    assert [clients.refusal_of(scope()) for _ in range(6)] == [None] * 6
    refusal = clients.refusal_of(scope())
    assert isinstance(refusal, TooManyRequests)
    assert refusal.retry_after_s == 10
    clock.now_s = 9.5
    assert clients.refusal_of(scope()) is not None
    clock.now_s = 10.5  # what was refused has cost nothing
    assert clients.refusal_of(scope()) is None
    assert clients.refusal_of(scope()) is not None
    clock.now_s = 10_000.0
    assert [clients.refusal_of(scope()) is None for _ in range(7)] == [True] * 6 + [False]


def test_each_client_has_a_bucket_of_its_own() -> None:
    clients = Clients(1, clock=Clock())
    assert clients.refusal_of(scope("192.0.2.1")) is None
    assert clients.refusal_of(scope("192.0.2.2")) is None
    assert clients.refusal_of(scope("192.0.2.1")) is not None


def test_health_and_preflights_are_free() -> None:
    clients = Clients(1, clock=Clock())
    for free in (scope(method="GET", path="/"), scope(method="HEAD", path="/"), scope(method="OPTIONS")):
        assert [clients.refusal_of(free) for _ in range(3)] == [None] * 3
    assert clients.refusal_of(scope(path="/")) is None  # what a function that stands alone works on
    assert clients.refusal_of(scope(path="/")) is not None


def test_only_so_many_clients_are_remembered() -> None:
    clients = Clients(1, most_clients=2, clock=Clock())
    for number in range(3):
        assert clients.refusal_of(scope(f"192.0.2.{number}")) is None
    assert clients.refusal_of(scope("192.0.2.2")) is not None
    assert clients.refusal_of(scope("192.0.2.0")) is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxy_hops", "expected"),
    [
        pytest.param("192.0.2.1", "", 0, "192.0.2.1", id="peer"),
        pytest.param("192.0.2.1", "203.0.113.9", 0, "192.0.2.1", id="made up, no proxy"),
        pytest.param("10.0.0.1", "203.0.113.9", 1, "203.0.113.9", id="one proxy"),
        pytest.param("10.0.0.1", "198.51.100.1, 203.0.113.9", 1, "203.0.113.9", id="made up before the proxy"),
        pytest.param("10.0.0.1", "198.51.100.1\n203.0.113.9", 1, "203.0.113.9", id="a second header"),
        pytest.param("10.0.0.1", "203.0.113.9,10.0.0.2", 2, "203.0.113.9", id="two proxies"),
        pytest.param("10.0.0.1", "203.0.113.9", 2, "10.0.0.1", id="not through both"),
        pytest.param("10.0.0.1", "", 1, "10.0.0.1", id="not through the proxy"),
        pytest.param("10.0.0.1", "nobody", 1, "10.0.0.1", id="no address"),
        pytest.param("10.0.0.1", "203.0.113.9:50123", 1, "203.0.113.9", id="with a port"),
        pytest.param("10.0.0.1", "[2001:db8::1]:50123", 1, "2001:db8::/64", id="IPv6 with a port"),
        pytest.param("2001:db8::abcd", "", 0, "2001:db8::/64", id="IPv6"),
        pytest.param("fe80::1%eth0", "", 0, "fe80::/64", id="IPv6 with a zone"),
        pytest.param("::ffff:192.0.2.1", "", 0, "192.0.2.1", id="IPv4 in IPv6"),
        pytest.param("", "", 0, "", id="a socket without addresses"),
    ],
)
def test_address_that_a_request_counts_for(peer: str, forwarded: str, proxy_hops: int, expected: str) -> None:
    assert client_of(scope(peer, forwarded=forwarded), proxy_hops=proxy_hops) == expected
