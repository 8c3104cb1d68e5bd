"""Which pages may open a connection: a browser lets any page try, and says which one it is."""

from collections.abc import Sequence


def is_allowed(origin: str | None, *, host: str, allowed_origins: Sequence[str]) -> bool:
    """Whether a connection with these ``Origin`` and ``Host`` headers may be opened.

    Without an origin it comes from no browser. A page of the very host that is asked is always let in; its scheme
    is not compared, because behind a proxy that ends TLS it differs.
    """
    if origin is None or "*" in allowed_origins or origin in allowed_origins:
        return True
    return bool(host) and origin.partition("://")[2].lower() == host.lower()
