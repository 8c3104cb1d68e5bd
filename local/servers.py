"""Real servers on loopback for tests and benchmarks: start, kill, stop, and how much memory they hold."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
START_TIMEOUT_S = 60.0
# Below the ports that Linux (32768), macOS and Windows (49152) give to clients.
NOT_FOR_CLIENTS = range(10_000, 32_000)
# As in the Dockerfile and in the cloud.
MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "67108864",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_s: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(
    url: str,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | Iterable[bytes] | None = None,
    timeout_s: float = 60,
) -> Reply:
    """Send one request over its own connection; an iterable body is sent chunked.

    The answer of a server that closes before it has read the whole body is still read.
    """
    started_s = time.perf_counter()
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout_s)
    with contextlib.closing(connection):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        data = response.read()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, names, data, time.perf_counter() - started_s)


def free_port() -> int:
    """Return a free port outside the range that the system gives to clients.

    Within that range, a client that calls a server that is down is now and then connected to itself, and the server
    then cannot start.
    """
    for port in random.SystemRandom().sample(NOT_FOR_CLIENTS, 200):
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port was found")


class Server:
    """A server and its workers in their own process group, on the same free loopback port at every start.

    ``command`` is run with ``PORT`` set, ``{port}`` in it being replaced. Its output goes to ``log``. In a
    ``with`` block it is started on entry and killed on exit.
    """

    def __init__(self, command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [part.replace("{port}", str(self.port)) for part in command]
        self._cwd = cwd
        self._environ = {**environ, "PORT": str(self.port)}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and wait until its health check answers 200."""
        self.launch()
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self._is_healthy():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline_s:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self._log.read_text()[-3000:]}")
            time.sleep(0.02)

    def launch(self) -> None:
        """Start it without waiting for it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._cwd,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self) -> None:
        """Send SIGKILL to the whole group, so that nothing gets to finish."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """Ask it to stop, and wait until it has ended."""
        assert self._process is not None
        self._process.send_signal(signal_number)
        self._process.wait(START_TIMEOUT_S)
        self._process = None

    def log_lines(self) -> Iterator[dict[str, Any]]:
        """Yield the structured lines of its log so far."""
        for line in self._log.read_text(encoding="utf-8").splitlines():
            if line.startswith("{"):
                yield json.loads(line)

    def resident_mb(self) -> float:
        """Return the RSS of the server and its workers, shared pages counted in each; 0 without /proc."""
        return sum(_status_kb(pid, "VmRSS") for pid in self._group()) / 1024

    def processor_s(self) -> float:
        """Return the processor time used so far by the server and its workers; 0 without /proc."""
        return sum(_processor_s(pid) for pid in self._group())

    def peak_resident_mb(self) -> float:
        """Return the peak of its largest process."""
        return max((_status_kb(pid, "VmHWM") for pid in self._group()), default=0) / 1024

    def _group(self) -> list[int]:
        assert self._process is not None
        group = self._process.pid
        pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
        return [pid for pid in pids if _group_of(pid) == group]

    def _is_healthy(self) -> bool:
        try:
            return send(self.url, "GET", "/", timeout_s=5).status == 200
        except (OSError, http.client.HTTPException):
            return False


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _status_kb(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _processor_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user and system, see proc(5)


def clean_environ(**settings: str) -> dict[str, str]:
    """Return this process's environment without what configures a function, plus ``settings``."""
    left_out = ("PYTHONPATH", "PORT", "K_SERVICE", "GOOGLE_CLOUD_PROJECT", "STORAGE_EMULATOR_HOST")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in left_out and not name.startswith(("FER_", "FUNCTION_"))
    }
    return {**kept, **MALLOC, **settings}


def local_server(bucket: Path, *, log: Path, **settings: str) -> Server:
    """Return what ``make run`` starts, with its feedback under ``bucket``."""
    environ = clean_environ(FER_BUCKET=bucket.as_uri(), **settings)
    return Server([sys.executable, "-m", "local.server"], cwd=ROOT, environ=environ, log=log)


def function_server(python: Path, source: Path, name: str, *, log: Path, **settings: str) -> Server:
    """Return one function in ``source``, under the functions framework in the environment of ``python``."""
    # With -m the artefact's folder comes first on the path, before an installed package.
    command = [str(python), "-m", "functions_framework", "--target", name, "--host", "127.0.0.1", "--port", "{port}"]
    return Server(command, cwd=source, environ=clean_environ(**settings), log=log)


def streaming_server(python: Path, source: Path, *, log: Path, **settings: str) -> Server:
    """Return the streaming service in ``source``, started as in its Procfile, in the environment of ``python``."""
    command = (source / "Procfile").read_text(encoding="utf-8").strip().removeprefix("web: python ")
    return Server([str(python), *command.split()], cwd=source, environ=clean_environ(**settings), log=log)
