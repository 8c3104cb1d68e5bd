"""Which pages may open a connection: a browser lets any page try, and says which one it is."""

from collections.abc import Sequence

from fer.http.hosts import is_same_origin


def is_allowed(origin: str | None, *, host: str, allowed_origins: Sequence[str]) -> bool:
    """Return whether a connection with these ``Origin`` and ``Host`` headers may be opened.

    Without an origin it comes from no browser. A page of the very host that is asked is always let in.
    """
    if origin is None or "*" in allowed_origins or origin in allowed_origins:
        return True
    return is_same_origin(origin, host)
