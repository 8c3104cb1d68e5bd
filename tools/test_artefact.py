"""``make test-artefact``: run the contract tests against what ``make build`` made, each part in its own environment.

Each function, and the streaming service, gets a virtual environment made from nothing but its ``requirements.txt``
(kept under ``.venv-artefact-<part>`` until that file changes) and one process, started as the cloud starts it. The
exit status is 1 if a test fails or predict's packages are too large.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from local.servers import Server, function_server, streaming_server
from tools.build import PARTS
from tools.environments import installed_bytes, prepare_environment

ROOT = Path(__file__).resolve().parents[1]
PREDICT_AT_MOST_BYTES = 350_000_000
REGISTRY_AT_MOST_BYTES = 35_000_000  # on top, for predict built with REGISTRY=1


def start_part(name: str, python: Path, log: Path, bucket: Path) -> Server:
    source = ROOT / "build" / name
    settings = {"FER_BUCKET": bucket.as_uri(), "GOOGLE_CLOUD_PROJECT": "a-project"}
    if name == "streaming":
        return streaming_server(python, source, log=log, **settings)
    return function_server(python, source, name, log=log, **settings)


def run_contract(pythons: dict[str, Path], scratch: Path, pytest_arguments: list[str]) -> int:
    """Start all parts on one bucket, run the contract suites against them, and return the exit status."""
    bucket = scratch / "bucket"
    bucket.mkdir()
    with ExitStack() as running:
        environ = dict(os.environ)
        for name, python in pythons.items():
            server = start_part(name, python, scratch / f"{name}.log", bucket)
            running.enter_context(server)
            environ[f"FER_TEST_URL_{name.upper()}"] = server.url
            print(f"{name}: {server.url}, {server.resident_mb():.0f} MB resident", flush=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "tests/contract/http",
            "tests/contract/stream",
            "-q",
            *pytest_arguments,
        ]
        status = subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode
        for name in pythons if status else ():
            print(f"--- the last lines of {name}:\n{(scratch / f'{name}.log').read_text()[-1500:]}")
    return status


def main() -> int:
    pythons: dict[str, Path] = {}
    too_large = False
    at_most_bytes = PREDICT_AT_MOST_BYTES
    for name in PARTS:
        requirements = ROOT / "build" / name / "requirements.txt"
        if name == "predict" and "google-cloud-storage==" in requirements.read_text():
            at_most_bytes += REGISTRY_AT_MOST_BYTES
        pythons[name] = prepare_environment(ROOT / f".venv-artefact-{name}", requirements)
        size_bytes = installed_bytes(pythons[name])
        print(f"{name}: packages of {size_bytes / 1e6:.0f} MB", flush=True)
        too_large |= name == "predict" and size_bytes > at_most_bytes
    if too_large:
        print(f"predict's packages take more than {at_most_bytes / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory() as scratch:
        status = run_contract(pythons, Path(scratch), sys.argv[1:])
    return 1 if too_large or status else 0


if __name__ == "__main__":
    sys.exit(main())
