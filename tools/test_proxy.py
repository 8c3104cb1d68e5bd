"""``make test-proxy``: the project's Caddyfile in front of the server that the container runs, tried out over TLS.

The real Caddy, on free ports and with a certificate of its own making. TLS, a prediction, the closed faces, live
video's handshake, bodies that are too large, one that stalls, and whose address a request counts for: all are tried.
"""

import http.client
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from local.servers import ROOT, Server, clean_environ, free_port, local_server

CADDY = ROOT / ".venv-proxy" / "bin" / "caddy"
PICTURE = (ROOT / "docs" / "images" / "astronaut.jpg").read_bytes()
START_TIMEOUT_S = 60
BODY_TIMEOUT_S = 3
REQUESTS_PER_MINUTE = 12
PREDICT = "/predict_expression?annotate=none"
MIB = 1024 * 1024
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


class Proxy:
    """Caddy, as somebody on the internet sees it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._trusting = ssl.create_default_context()
        self._trusting.check_hostname = False
        self._trusting.verify_mode = ssl.CERT_NONE  # the certificate is of this run's own making

    def connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        return self._trusting.wrap_socket(plain, server_hostname="localhost")

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str]]:
        """Return the status and the headers by lower-case name; 0 if the connection was closed without an answer."""
        connection = http.client.HTTPSConnection("localhost", self._port, context=self._trusting, timeout=60)
        connection.sock = self.connect()
        with closing(connection):
            with suppress(OSError):  # it may answer, and close, before it has all of the body
                connection.request(method, path, body, {"Host": "localhost", **(headers or {})})
            try:
                response = connection.getresponse()
            except OSError:
                return 0, {}
            return response.status, {name.lower(): value for name, value in response.getheaders()}


@contextmanager
def caddy(program: Path, server: Server, directory: Path) -> Generator[Proxy]:
    port = free_port()
    environ = clean_environ(
        FER_HOST="localhost",
        FER_SERVER=server.url.removeprefix("http://"),
        FER_HTTP_PORT=str(free_port()),
        FER_HTTPS_PORT=str(port),
        PROXY_BODY_TIMEOUT_S=str(BODY_TIMEOUT_S + 5),
        HOME=str(directory),
        XDG_DATA_HOME=str(directory),
        XDG_CONFIG_HOME=str(directory),
    )
    with (directory / "caddy.log").open("wb") as log:
        command = [str(program), "run", "--config", "Caddyfile", "--adapter", "caddyfile"]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
    try:
        proxy = Proxy(port)
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not _answers(proxy):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise SystemExit(f"Caddy did not start:\n{(directory / 'caddy.log').read_text()[-3000:]}")
            time.sleep(0.1)
        yield proxy
    finally:
        process.terminate()
        process.wait(30)


def _answers(proxy: Proxy) -> bool:
    try:
        return proxy.ask("GET", "/")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def expect(what: str, actual: object, wanted: object) -> None:
    print(f"{what}: {actual}", flush=True)
    if actual != wanted:
        raise SystemExit(f"expected {wanted}")


def try_out(proxy: Proxy) -> None:
    image = {"Content-Type": "image/jpeg"}
    status, headers = proxy.ask("GET", "/")
    expect("health", (status, "strict-transport-security" in headers), (200, True))
    expect("prediction", proxy.ask("POST", PREDICT, PICTURE, image)[0], 200)
    expect("faces without the token", proxy.ask("GET", "/download_expression_csv")[0], 401)
    expect("live video", proxy.ask("GET", "/stream", headers=WEBSOCKET)[0], 101)
    foreign = {**WEBSOCKET, "Origin": "https://evil.example"}
    expect("live video for another page", proxy.ask("GET", "/stream", headers=foreign)[0], 403)
    expect("25 MiB", proxy.ask("POST", PREDICT, bytes(25 * MIB), image)[0], 413)
    expect("40 MiB", proxy.ask("POST", PREDICT, bytes(40 * MIB), image)[0] in (0, 413), True)
    with proxy.connect() as stalled:
        stalled.sendall(f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\nabc".encode())
        expect("a body that stalls", stalled.recv(65_536)[:13], b"HTTP/1.1 408 ")
    statuses = [
        proxy.ask("POST", PREDICT, PICTURE, {**image, "X-Forwarded-For": f"203.0.113.{number}"})[0]
        for number in range(REQUESTS_PER_MINUTE + 1)
    ]
    expect("too often, under made-up addresses", statuses[-1], 429)


def main() -> None:
    program = Path(os.environ.get("CADDY") or CADDY)
    if not program.is_file():
        sys.exit(f"there is no {program}; `make test-proxy` installs it")
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        settings = {
            "FER_ALLOWED_HOSTS": "localhost",
            "FER_ALLOWED_ORIGINS": "https://localhost",
            "FER_EXPORT_TOKEN": "for this trial",
            "FER_BODY_TIMEOUT_S": str(BODY_TIMEOUT_S),
            "FER_PROXY_HOPS": "1",
            "FER_REQUESTS_PER_MINUTE": str(REQUESTS_PER_MINUTE),
        }
        with (
            local_server(directory / "bucket", log=directory / "log", **settings) as server,
            caddy(program, server, directory) as proxy,
        ):
            try_out(proxy)
    print("the proxy's configuration does what it says")


if __name__ == "__main__":
    main()
