"""Who may ask: the hosts that a loopback server answers for, and the pages that belong to it.

A browser lets any page send a request to ``127.0.0.1``, and a page whose name was made to resolve to it (DNS
rebinding) can even read the answer. Headers give both away.
"""

import ipaddress
from collections.abc import Sequence


def is_loopback(host: str) -> bool:
    """Return whether a host, an address or a name without a port, can only be reached from this machine.

    When in doubt, no: an empty host or ``0.0.0.0`` means every interface.
    """
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761: never looked up in the DNS
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def without_port(host: str) -> str:
    """Return the host in a ``Host`` header: ``[::1]`` for ``[::1]:8080``."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and (":" not in name or name.endswith("]")) else host.removesuffix(":")


def is_answered_for(host: str, *, allowed_hosts: Sequence[str] = ()) -> bool:
    """Return whether a server on loopback answers a request with this ``Host`` header; the port is not compared."""
    name = without_port(host.strip())
    return is_loopback(name) or name.lower().removesuffix(".") in (each.lower() for each in allowed_hosts)


def is_same_origin(origin: str, host: str) -> bool:
    """Return whether this ``Origin`` is the host that is asked.

    The scheme is not compared, because it differs behind a proxy that terminates TLS.
    """
    return bool(host) and origin.partition("://")[2].lower() == host.lower()
