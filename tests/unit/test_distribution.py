"""What everybody who gets a copy gets with it: the licence, the terms of others' work, and the same packages."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from tools.build import PARTS, contents

ROOT = Path(__file__).resolve().parents[2]
MADE_ELSEWHERE = (
    *sorted((ROOT / "models").rglob("*.onnx")),
    *sorted((ROOT / "models").rglob("*.keras")),
    *sorted((ROOT / "models").rglob("*.tflite")),
    *sorted((ROOT / "docs" / "images").glob("*")),
)
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?==(?P<version>\S+)$")


@pytest.mark.parametrize("path", MADE_ELSEWHERE, ids=lambda path: path.name)
def test_notice_names_every_weight_and_picture(path: Path) -> None:
    assert path.name in (ROOT / "NOTICE").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["LICENSE", "NOTICE"])
def test_licence_and_notice_go_into_every_artefact(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert name in project["license-files"]
    assert all(contents(part, registry=False)[name] == ROOT / name for part in PARTS)


def test_all_environments_pin_the_same_versions() -> None:
    versions: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    files = [path for path in ROOT.glob("*/**/requirements*.txt") if "node_modules" not in path.parts]
    for path in [ROOT / "requirements-dev.txt", *files]:
        if path.is_relative_to(ROOT / "build") or ".venv" in str(path.relative_to(ROOT)):
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            if found := PIN.match(line):
                name = found["name"].lower().replace("_", "-")
                versions[name][found["version"]].add(str(path.relative_to(ROOT)))
    assert "pillow" in versions
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_changelog_has_the_version_with_its_date() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})$", changelog, re.MULTILINE)
    assert [number for number, _ in released][:1] == [version]
    assert [day for _, day in released] == sorted((day for _, day in released), reverse=True)
