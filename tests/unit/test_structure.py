"""The layout: short files, and folders that can be taken in at a glance."""

import subprocess
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 300
MAX_MODULES = 15
CODE = {".py", ".ts", ".tsx", ".css", ".html", ".tf", ".mk", ".mjs", ".sh"}
GENERATED = {Path("web/src/api/schema.ts")}


def code_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [Path(name) for name in listed.stdout.split("\0") if name]
    return [path for path in paths if (path.suffix in CODE or path.name == "Makefile") and path not in GENERATED]


def test_no_file_is_long() -> None:
    lines = {str(path): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in code_files()}
    assert len(lines) > 400
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_no_folder_has_many_modules() -> None:
    modules = [path for path in code_files() if path.suffix in {".py", ".ts", ".tsx", ".tf"}]
    counted = [path for path in modules if path.name != "__init__.py" and ".test." not in path.name]
    per_folder = Counter(str(path.parent) for path in counted)
    assert {folder: count for folder, count in per_folder.items() if count > MAX_MODULES} == {}
