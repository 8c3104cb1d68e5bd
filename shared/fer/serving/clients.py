"""Limits each client's rate with a token bucket, in this process only."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import Scope

from fer.errors import FerError, TooManyRequests
from fer.serving.rate import Rate

# 2 MB of addresses; a forgotten client starts with a full bucket.
MOST_CLIENTS = 10_000


class Clients:
    """Allows each client ``requests_per_minute``, all at once or spread out; each process counts for itself.

    Behind ``proxy_hops`` proxies, each of which appends its caller's address to ``X-Forwarded-For``, the client's
    address is that many from the end; the client may have forged anything before it. Without proxies it is
    the connection's own. IPv6 addresses count by network (/64), because a client has all of one. The health check
    and preflights are free. For one event loop; not thread-safe.
    """

    def __init__(
        self,
        requests_per_minute: int,
        *,
        proxy_hops: int = 0,
        most_clients: int = MOST_CLIENTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests_per_minute = requests_per_minute
        self._proxy_hops = proxy_hops
        self._most_clients = most_clients
        self._clock = clock
        self._rates: OrderedDict[str, Rate] = OrderedDict()  # the client that asked longest ago comes first

    def refusal_of(self, scope: Scope) -> FerError | None:
        """Count the request; return the error that answers it if it is one too many."""
        if scope["method"] == "OPTIONS" or (scope["method"] in ("GET", "HEAD") and scope["path"] == "/"):
            return None
        wait_s = self._take(client_of(scope, proxy_hops=self._proxy_hops))
        if not wait_s:
            return None
        text = (
            f"At most {self._requests_per_minute} requests per minute are answered for one client; try again later."
        )
        return TooManyRequests(text, retry_after_s=math.ceil(wait_s))

    def _take(self, client: str) -> float:
        """Return the seconds until the client may ask again, or count the request and return 0 if it may now."""
        now_s = self._clock()
        rate = self._rates.pop(client, None) or Rate(self._requests_per_minute, now_s=now_s, period_s=60)
        self._rates[client] = rate
        if len(self._rates) > self._most_clients:
            self._rates.popitem(last=False)
        return rate.wait_s(now_s=now_s)


def client_of(scope: Scope, *, proxy_hops: int) -> str:
    """Return the address, or network, that a request counts for."""
    peer = (scope.get("client") or ("",))[0]
    forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    if 0 < proxy_hops <= len(forwarded):
        return _network(forwarded[-proxy_hops]) or peer
    return _network(peer) or peer


def _network(text: str) -> str | None:
    """Return the address without a port and without IPv6's last 64 bits, or None if it is not one."""
    text = text.strip()
    if text.count(":") == 1 or text.startswith("["):
        text = text.rpartition(":")[0] if not text.endswith("]") else text
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
