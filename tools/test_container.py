"""``make test-container``: run the Dockerfile's steps outside a container and try out the result.

Every stage gets a scratch directory; its COPY and RUN lines happen there. The last stage is then started with its own
CMD and ENV as a user who owns nothing, from a read-only tree, with a writable data directory. Its
health check, a prediction, a correction and the web page have to work. Needs the package registries.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from local.servers import free_port
from tools.deployment.dockerfile import Stage, parse

ROOT = Path(__file__).resolve().parents[1]
PICTURE = (ROOT / "docs" / "images" / "astronaut.jpg").read_bytes()
IGNORED = shutil.ignore_patterns("node_modules", "dist", "__pycache__", ".installed")
NOT_IN_A_BASE_IMAGE = shutil.ignore_patterns("test", "__pycache__", "site-packages")
START_TIMEOUT_S = 30
TOKEN = "for this trial"
USER = 65_534
"""The container's user when this runs as root: nobody, who owns no file here."""


class Scratch:
    """The directories that stand in for the stages' file systems."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.data = directory / "data"
        # A copy, because the container's user may not be allowed to read the interpreter's folder.
        shutil.copytree(sys.base_prefix, directory / "python", symlinks=True, ignore=NOT_IN_A_BASE_IMAGE)
        binaries = directory / "python" / "bin"
        (binaries / "python").unlink(missing_ok=True)
        (binaries / "python").symlink_to("python3.11")
        self.libraries = directory / "python" / "lib"
        self.path = f"{binaries}{os.pathsep}{os.environ['PATH']}"

    def app(self, stage: str) -> Path:
        return self._directory / stage / "app"

    def outside(self, text: str) -> str:
        """Return a text with the container's data directory replaced by the one here."""
        return text.replace("/data", str(self.data))

    def build(self, stage: Stage) -> None:
        self.app(stage.name).mkdir(parents=True)
        for instruction in stage.instructions:
            if instruction.name == "COPY":
                print(f"{stage.name}: COPY {instruction.text}", flush=True)
                *sources, target = instruction.paths
                for source in sources:
                    self._copy(source, target, instruction.source_stage, stage)
            elif instruction.name == "RUN":
                print(f"{stage.name}: RUN {instruction.text}", flush=True)
                environment = {**os.environ, **stage.environment, "PATH": self.path}
                command = self.outside(instruction.text)
                subprocess.run(command, shell=True, check=True, cwd=self.app(stage.name), env=environment)

    def _copy(self, source: str, target: str, from_stage: str | None, stage: Stage) -> None:
        origin = self.app(from_stage) / source.removeprefix("/app/") if from_stage else ROOT / source
        goal = self.app(stage.name) / target
        if origin.is_dir():
            ignored = None if from_stage else IGNORED
            shutil.copytree(origin, goal, symlinks=True, ignore=ignored, dirs_exist_ok=True)
            return
        goal = goal / origin.name if target.endswith("/") else goal
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(origin, goal)


def seal(app: Path, data: Path) -> dict[str, int]:
    """Take every right to write from the tree and give the user the data directory; the tree's times are returned."""
    paths = [path for path in app.rglob("*") if not path.is_symlink()]
    for path in [*paths, app]:
        path.chmod(path.stat().st_mode & ~0o222 | 0o444)
    if os.getuid() == 0:
        os.chown(data, USER, USER)
    return {str(path): path.stat().st_mtime_ns for path in paths}


def fetch(url: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data, {name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status, answer.read()


def wait_until_up(url: str, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            fetch(url)
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the server is not up after {START_TIMEOUT_S} s (exit status {process.poll()})")


def try_out(stage: Stage, scratch: Scratch, port: int) -> None:
    app = scratch.app(stage.name)
    before = seal(app, scratch.data)
    environment = {name: scratch.outside(value) for name, value in stage.environment.items()}
    environment |= {"PATH": scratch.path, "PORT": str(port), "HOME": "/nonexistent"}
    environment["LD_LIBRARY_PATH"] = str(scratch.libraries)  # the copied interpreter's own
    user: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.getuid() == 0 else {}
    command = stage.all("CMD")[-1].words
    if subprocess.call(command, cwd=app, env=environment, **user) == 0:
        raise SystemExit("the server starts without a token")
    environment["FER_EXPORT_TOKEN"] = TOKEN
    process = subprocess.Popen(command, cwd=app, env=environment, **user)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_up(url, process)
        health = stage.all("HEALTHCHECK")[-1].text.partition(" CMD ")[2]
        probe = type(stage.all("CMD")[-1])("CMD", health).words
        subprocess.run(probe, cwd=app, env=environment, check=True, **user)
        image = {"Content_Type": "image/jpeg"}
        print("health", *fetch(url))
        print("predict", *fetch(f"{url}/predict_expression?annotate=none", PICTURE, **image))
        print("feedback", *fetch(f"{url}/save_expression_feedback?label=happy", PICTURE, **image))
        status, csv = fetch(f"{url}/download_expression_csv", Authorization=f"Bearer {TOKEN}")
        print("download", status, f"{csv.count(b'happy,')} row")
        status, page = fetch(f"{url}/", Accept="text/html")
        print("page", status, f"{len(page)} bytes")
        if b"<html" not in page or csv.count(b"happy,") != 1:
            raise SystemExit("the page or the correction is wrong")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    after = {name: Path(name).stat().st_mtime_ns for name in before}
    if after != before or {str(path) for path in app.rglob("*") if not path.is_symlink()} != set(before):
        raise SystemExit("the server wrote into its own tree")


def main() -> None:
    stages = parse(ROOT / "Dockerfile")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        scratch = Scratch(Path(directory))
        for stage in stages:
            scratch.build(stage)
        app = scratch.app(stages[-1].name)
        size_bytes = sum(path.stat().st_size for path in app.rglob("*") if path.is_file() and not path.is_symlink())
        print(f"{size_bytes / 1e6:.0f} MB on top of the base image")
        try_out(stages[-1], scratch, free_port())
    print("the container's steps and their result work outside it")


if __name__ == "__main__":
    main()
