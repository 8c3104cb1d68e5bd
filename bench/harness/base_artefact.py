"""The function ``predict`` as another commit built it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.harness.measures import ROOT


def build_at(commit: str, scratch: Path) -> Path:
    """Build ``predict`` from ``commit`` below ``scratch``, with its own build tool, and return its directory.

    The detectors' files that no commit holds are taken from this tree.
    """
    tree = scratch / "base"
    _git("worktree", "add", "--detach", "--force", str(tree), commit)
    try:
        for path in (ROOT / "models" / "detector").glob("*.onnx"):
            if not (tree / "models" / "detector" / path.name).exists():
                shutil.copy(path, tree / "models" / "detector")
        environ = {**os.environ, "PYTHONPATH": f"{tree / 'shared'}{os.pathsep}{tree}"}
        subprocess.run([sys.executable, "-m", "tools.build"], cwd=tree, env=environ, check=True, stdout=sys.stderr)
        return shutil.copytree(tree / "build" / "predict", scratch / "base_predict")
    finally:
        _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
