"""Which pages may open a connection: a browser lets any page try, and names its origin."""

from collections.abc import Sequence

from fer.http.hosts import is_same_origin


def is_allowed(origin: str | None, *, host: str, allowed_origins: Sequence[str]) -> bool:
    """Return whether a connection with these ``Origin`` and ``Host`` headers may be opened.

    Without an origin it does not come from a browser. Pages of the same host are always let in.
    """
    if origin is None or "*" in allowed_origins or origin in allowed_origins:
        return True
    return is_same_origin(origin, host)
