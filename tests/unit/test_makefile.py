"""The Makefile: a short help, and what is missing is said before anything is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fer.vision.detection.detector_files import YUNET_FILE

ROOT = Path(__file__).resolve().parents[2]
# What the project's conventions promise.
PROMISED = ["setup", "run", "test", "test-artefact", "lint", "fmt", "build", "bench", "train", "retrain", "evaluate"]
NEEDING = dict(re.findall(r"^NEEDED_([a-z-]+) := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--dry-run", *arguments], cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_help_fits_on_a_screen_and_describes_what_is_promised() -> None:
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^  make ([a-z0-9-]+) +\S", shown, re.MULTILINE)
    listed = re.findall(r"^HELP_\w+ := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert targets == " ".join(listed).split()
    assert len(targets) <= 25
    assert set(PROMISED) <= set(targets)


@pytest.mark.parametrize("target", ["models/detector/.fetched", "models"])
@pytest.mark.parametrize("brought", ["", YUNET_FILE], ids=["nothing came", "the file came"])
def test_only_a_fetch_that_brought_the_file_is_remembered(tmp_path: Path, target: str, brought: str) -> None:
    for name in ("Makefile", *(each.relative_to(ROOT) for each in ROOT.glob("*/targets.mk"))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    detector = tmp_path / "models" / "detector"
    for folder in (detector, tmp_path / "tools", tmp_path / ".venv" / "bin"):
        folder.mkdir(parents=True)
    (tmp_path / "tools" / "models.py").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f"#!/bin/sh\n{f'touch models/detector/{brought}' if brought else ':'}\n")
    python.chmod(0o755)
    subprocess.run(["make", "-o", ".venv/.runtime", target], cwd=tmp_path, check=True, capture_output=True)
    assert (detector / ".fetched").exists() == bool(brought)


@pytest.mark.parametrize("target", NEEDING)
def test_a_missing_argument_is_named_with_the_usage_and_nothing_runs(target: str) -> None:
    needed = NEEDING[target].split()
    for left_out in needed:
        done = make(target, *(f"{name}=x" for name in needed if name != left_out))
        assert done.returncode == 2
        assert done.stdout == ""
        assert f"{left_out}= is missing. Usage:   make {target} " in done.stderr
    assert make(target, *(f"{name}=x" for name in needed)).returncode == 0
