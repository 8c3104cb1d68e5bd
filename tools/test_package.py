"""``make test-package``: install the package as a user would, and use it away from the checkout.

``pip install .`` goes into an empty environment under a scratch directory, and everything runs with that
directory as its working directory and without this process's environment.
"""

import contextlib
import json
import subprocess
import tempfile
import time
import venv
from pathlib import Path

from local.servers import free_port, send

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "astronaut.jpg"
EXTRAS = "vision,http"
START_TIMEOUT_S = 60

RECOGNISE = """
import sys
import fer

assert "site-packages" in fer.__file__, fer.__file__
print(*(face.expression for face in fer.open_recogniser(detector="mtcnn").predict(sys.argv[1])))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command with only a path and a home in its environment; return what it printed."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(cwd)}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def install(scratch: Path) -> Path:
    """Return the python of an environment that holds the package with its extras and nothing else."""
    venv.create(scratch / "environment", with_pip=True)
    python = scratch / "environment" / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", f"{ROOT}[{EXTRAS}]"], cwd=scratch, check=True)
    subprocess.run([*pip, "check"], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
    return python


def check_licences(python: Path) -> None:
    """Fail unless the licence and the notice were installed with the package."""
    (metadata,) = (python.parents[1] / "lib").glob("python3*/site-packages/facial_expression_functions-*.dist-info")
    for name in ("LICENSE", "NOTICE"):
        if (metadata / "licenses" / name).read_bytes() != (ROOT / name).read_bytes():
            raise SystemExit(f"{name} was not installed as it is")


def check_serve(command: Path, scratch: Path) -> None:
    """Fail unless ``fer serve`` recognises the picture and stores a correction in the working directory."""
    with (scratch / "serve.log").open("w+") as log:
        port = free_port()
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(scratch), "FER_DETECTOR": "mtcnn"}
        arguments = [str(command), "serve", "--port", str(port)]
        with subprocess.Popen(arguments, cwd=scratch, env=environ, stdout=log, stderr=log) as server:
            try:
                url = f"http://127.0.0.1:{port}"
                wait_until_up(url, server)
                for path in ("/predict_expression?annotate=none", "/save_expression_feedback?label=happy"):
                    reply = send(url, "POST", path, headers={"Content-Type": "image/jpeg"}, body=PICTURE.read_bytes())
                    if reply.status != 200:
                        raise SystemExit(f"fer serve answers {path} with {reply.status}:\n{log.read()}")
            finally:
                server.terminate()
    if not (scratch / "data" / "bucket").is_dir():
        raise SystemExit("fer serve stored the correction elsewhere")


def wait_until_up(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError):
            send(url, "GET", "/")
            return
        time.sleep(0.1)
    raise SystemExit(f"fer serve is not up after {START_TIMEOUT_S} s (exit status {server.poll()})")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        python = install(scratch)
        found = run(python, "-c", RECOGNISE, PICTURE, cwd=scratch).split()
        command = python.with_name("fer")
        check_licences(python)
        check_serve(command, scratch)
        told = json.loads(run(command, "predict", PICTURE, "--detector", "mtcnn", cwd=scratch))
        if found != ["happy"] or [face["expression"] for face in told["faces"]] != found:
            raise SystemExit(f"expected one happy face in {PICTURE.name}, got {found} and {told}")
    print("the package installs and works away from the checkout")


if __name__ == "__main__":
    main()
