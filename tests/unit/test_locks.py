"""The pinned requirements are those that `make lock` makes, as far as the packages installed here can tell."""

from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*ROOT.glob("*/requirements*.in"), *ROOT.glob("functions/*/requirements*.in")])


def requirements(path: Path) -> list[Requirement]:
    """Return the requirements of a file and of those that it includes with ``-r``."""
    found: list[Requirement] = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("-r "):
            found += requirements(path.parent / line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            found.append(Requirement(line))
    return found


def pins(path: Path) -> dict[str, str]:
    """Return each pinned version by the package's name."""
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in requirements(path)}


def needs(requirement: Requirement) -> list[Requirement]:
    """Return what an installed package needs, given the extras asked for."""
    declared = [Requirement(line) for line in metadata.requires(requirement.name) or []]
    environments = [{"extra": extra} for extra in ("", *requirement.extras)]
    return [need for need in declared if need.marker is None or any(map(need.marker.evaluate, environments))]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_lock_pins_all_that_its_source_needs_and_nothing_else(source: Path) -> None:
    pinned = pins(source.with_suffix(".txt"))
    todo, seen = requirements(source), set[str]()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        assert name in pinned
        assert requirement.specifier.contains(pinned[name], prereleases=True), str(requirement)
        if str(requirement) not in seen:
            seen.add(str(requirement))
            assert metadata.version(name) == pinned[name], "this environment is out of date: make setup"
            todo += needs(requirement)
    assert {canonicalize_name(Requirement(text).name) for text in seen} == set(pinned)


def test_there_are_sources() -> None:
    assert len(SOURCES) >= 6


def test_the_benchmark_with_tensorflow_has_what_predict_needs_but_its_classifier_and_encoder() -> None:
    served = requirements(ROOT / "functions" / "predict" / "requirements.in")
    compared = requirements(ROOT / "bench" / "tensorflow_predict" / "requirements.txt")
    missing = {str(requirement) for requirement in served} - {str(requirement) for requirement in compared}
    assert {name.partition("==")[0] for name in missing} == {"ai-edge-litert", "isal"}
