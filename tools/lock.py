"""``make lock``: pin each requirements*.in with all dependencies, as names and versions only."""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def lock(requirements_in: Path) -> str:
    """Install into an empty environment and return what was installed, one ``name==version`` per line."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        pip = [f"{directory}/bin/python", "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "-r", str(requirements_in)], check=True)
        listed = subprocess.run(
            [*pip, "list", "--format=freeze", "--exclude=pip", "--exclude=setuptools"],
            check=True,
            capture_output=True,
            text=True,
        )
    return "".join(f"{line}\n" for line in sorted(listed.stdout.split(), key=str.lower))


def main() -> None:
    sources = [*ROOT.glob("functions/*/requirements*.in"), *ROOT.glob("*/requirements*.in")]
    for requirements_in in sorted(sources):
        pinned = requirements_in.with_suffix(".txt")
        pinned.write_text(f"# Made by `make lock` from {requirements_in.name}.\n" + lock(requirements_in))
        print(pinned.relative_to(ROOT))


if __name__ == "__main__":
    main()
