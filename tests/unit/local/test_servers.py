"""Servers for tests and benchmarks."""

import socket

from local.servers import free_port


def test_a_servers_port_is_none_that_a_client_gets() -> None:
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 1
    assert all(10_000 <= port < 32_768 for port in ports)


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as used:
        assert used.getsockname()[1] not in {free_port() for _ in range(20)}
