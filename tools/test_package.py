"""``make test-package``: install the package as a user would, and use it away from the checkout.

``pip install .`` goes into an empty environment under a scratch directory, and everything runs with that
directory as its working directory and without this process's environment.
"""

import json
import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "astronaut.jpg"
EXTRAS = "vision"

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


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        python = install(scratch)
        found = run(python, "-c", RECOGNISE, PICTURE, cwd=scratch).split()
        command = python.with_name("fer")
        check_licences(python)
        told = json.loads(run(command, "predict", PICTURE, "--detector", "mtcnn", cwd=scratch))
        if found != ["happy"] or [face["expression"] for face in told["faces"]] != found:
            raise SystemExit(f"expected one happy face in {PICTURE.name}, got {found} and {told}")
    print("the package installs and works away from the checkout")


if __name__ == "__main__":
    main()
