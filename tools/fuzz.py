"""`make fuzz`: generated requests against a server of its own, checked against docs/openapi.yaml (schemathesis).

About 2,000 cases over all operations; fails on a 5xx and on any answer outside the specification.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CASES_PER_OPERATION = 800
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if server.poll() is not None:
            raise SystemExit("the server ended")
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not come up")


def give_feedback(url: str) -> None:
    """One correction, so that there is a CSV to download."""
    photo = (ROOT / "docs" / "images" / "astronaut.jpg").read_bytes()
    headers = {"Content-Type": "image/jpeg"}
    urllib.request.urlopen(
        urllib.request.Request(f"{url}/save_expression_feedback?label=happy", data=photo, headers=headers), timeout=30
    ).close()


def main() -> int:
    url = f"http://127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as bucket:
        server = subprocess.Popen(
            [sys.executable, "-m", "local.server", "--port", url.rpartition(":")[2]],
            cwd=ROOT,
            env={**os.environ, "FER_BUCKET": Path(bucket).as_uri()},
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until_up(url, server)
            give_feedback(url)
            command = [str(Path(sys.executable).with_name("schemathesis")), "run", "docs/openapi.yaml", "--url", url]
            command += [
                "--max-examples",
                str(CASES_PER_OPERATION),
                "--checks",
                CHECKS,
                "--phases",
                "examples,coverage,fuzzing",
            ]
            return subprocess.run([*command, "--seed", "1", "--no-color"], cwd=ROOT, check=False).returncode
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())
