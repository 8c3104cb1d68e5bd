"""The tables in docs/performance.md, which the benchmarks write."""

import re

from bench.harness.measures import ROOT

PAGE = ROOT / "docs" / "performance.md"


def with_table(page: str, name: str, table: str) -> str:
    """Return the page's text with what is between the marks of ``name`` replaced."""
    marks = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
    return marks.sub(lambda found: found[1] + table + found[2], page)


def write_table(name: str, table: str) -> None:
    """Put a new table into the page."""
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), name, table), encoding="utf-8")
