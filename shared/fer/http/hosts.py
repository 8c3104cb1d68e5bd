"""Who may ask: which hosts a server on loopback answers for, and which pages belong to it.

A browser lets any page send a request to ``127.0.0.1``, and a page whose name was made to resolve to it (DNS
rebinding) may even read the answer. Both say in a header where they come from.
"""

import ipaddress
from collections.abc import Sequence


def is_loopback(host: str) -> bool:
    """Whether a host, an address or a name without a port, can only be reached from this machine.

    Anything that is not surely so is not: an empty host or ``0.0.0.0`` is every interface.
    """
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761: never looked up in the DNS
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def without_port(host: str) -> str:
    """The host of a ``Host`` header: ``[::1]:8080`` is ``[::1]``."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and (":" not in name or name.endswith("]")) else host.removesuffix(":")


def is_answered_for(host: str, *, allowed_hosts: Sequence[str] = ()) -> bool:
    """Whether a server on loopback answers a request with this ``Host`` header; the port is not compared."""
    name = without_port(host.strip())
    return is_loopback(name) or name.lower().removesuffix(".") in (each.lower() for each in allowed_hosts)


def is_same_origin(origin: str, host: str) -> bool:
    """Whether a page of this ``Origin`` is one of the very host that is asked.

    The scheme is not compared, because behind a proxy that ends TLS it differs.
    """
    return bool(host) and origin.partition("://")[2].lower() == host.lower()
