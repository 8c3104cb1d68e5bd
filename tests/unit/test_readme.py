"""README and docs against the project: links, make targets, commands, and the figures that benchmarks wrote."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import run, stream
from bench.harness.page import PAGE, with_table
from fer.cli.main import parser

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("Makefile", "infra/targets.mk"))
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
BENCHMARK: dict[str, Any] = json.loads(run.RESULTS.read_text(encoding="utf-8"))
LIVE: dict[str, Any] = json.loads(stream.RESULTS.read_text(encoding="utf-8"))


def pages() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [ROOT / name for name in listed.stdout.split()] or sorted(ROOT.glob("*.md"))


def anchors(page: Path) -> set[str]:
    """Return the fragments of a page's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page: Path) -> Iterator[str]:
    """Yield the lines of a page's shell blocks, continued lines joined, without comments."""
    for block in re.findall(r"^```(?:sh)?\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield line.split(" #")[0].strip()


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for name, fragment in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / name if name else page
        assert target.exists(), f"{page.name}: {name}"
        if fragment:
            assert fragment in anchors(target), f"{page.name}: {name}#{fragment}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_make_commands_have_targets_and_variables(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
    quoted = re.findall(r"`([^`\n]*\bmake [^`\n]*)`", page.read_text(encoding="utf-8"))
    for command in [*commands(page), *quoted]:
        made = re.match(r"(?:[A-Z_]+=\S+ )*make (.+)$", command)
        for word in shlex.split(made[1]) if made else []:
            variable, given, _ = word.partition("=")
            if given:
                assert re.search(rf"\b{variable}\b", MAKEFILE), f"{page.name}: {command}"
            elif re.fullmatch(r"[a-z][a-z0-9-]*", word):
                assert word in targets, f"{page.name}: {command}"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_fer_commands_parse(page: Path) -> None:
    for command in commands(page):
        if command.startswith("fer "):
            parser().parse_args(shlex.split(command.split(">")[0])[1:])


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_that_are_run_exist(page: Path) -> None:
    for module in re.findall(r"python -m ((?:training|bench|tools|local|streaming)[\w.]*)", page.read_text("utf-8")):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), f"{page.name}: {module}"


def test_readme_starts_with_what_it_is_how_to_install_and_how_to_use_it() -> None:
    start = README.splitlines()[:30]
    for needed in ("](docs/images/", "pip install", "fer predict", "from fer import", "curl "):
        assert any(needed in line for line in start), needed


def test_readme_lists_every_page_of_the_documentation() -> None:
    documentation = README.partition("## Documentation")[2]
    for page in [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("*.yaml"), *ROOT.glob("*.md")]:
        if page.name != "README.md":
            assert f"]({page.relative_to(ROOT)})" in documentation, page.name


@pytest.mark.parametrize(
    ("name", "table"),
    [("bench", run.markdown(BENCHMARK)), ("stream", stream.markdown(LIVE))],
    ids=["bench", "stream"],
)
def test_tables_of_the_performance_page_are_the_measured_ones(name: str, table: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert table in page
    assert with_table(page, name, table) == page


def test_readme_sums_the_measurements_up() -> None:
    """Each summary holds the measured figure to within a tenth."""
    summary = README.partition("## How good, how fast")[2].partition("\n## ")[0]
    one_face, throughput = BENCHMARK["latency"]["latency"][0], BENCHMARK["latency"]["throughput"][1]
    (merge,) = (each for each in BENCHMARK["merge"]["results"] if each["new_shards"] == 10_000)
    for pattern, measured in {
        r"(\d+) ms over HTTP": one_face["median_ms"],
        r"\(p95 (\d+) ms\)": one_face["p95_ms"],
        r"(\d+) pictures per second with four clients": throughput["per_second"],
        r"([\d.]+) s to the first prediction": BENCHMARK["cold_start"]["results"]["litert"]["median_ms"] / 1000,
        r"([\d.]+)× faster than with TensorFlow": BENCHMARK["cold_start"]["times_faster"],
        r"([\d.]+) of 30 frames per second": LIVE["sustained"]["fps"],
        r"median (\d+) ms": LIVE["sustained"]["median_ms"],
        r"([\d.]+) ms per new correction": merge["per_shard_ms"],
    }.items():
        said = re.search(pattern, summary)
        assert said is not None, pattern
        assert float(said[1]) == pytest.approx(measured, rel=0.1), pattern
