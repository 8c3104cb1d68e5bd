"""The gate's verdict for people: a table on the terminal and a self-contained page."""

import json
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from training.retraining.gate import Check, Verdict


def describe(verdict: Verdict) -> str:
    """Return one line per check, and the outcome."""
    lines = [
        f"{'ok     ' if check.passed else 'REFUSED'}  {check.name}: {check.figure} ({check.bound})"
        for check in verdict.checks
    ]
    return "\n".join([*lines, f"gate: {'passed' if verdict.passed else 'refused'}"])


def write(verdict: Verdict, run: dict[str, Any], directory: Path) -> bytes:
    """Write ``gate_report.json`` and ``gate_report.html``, return the JSON; ``run`` is the rest of the report."""
    directory.mkdir(parents=True, exist_ok=True)
    content = (json.dumps({**verdict.to_dict(), **run}, indent=2, ensure_ascii=False) + "\n").encode()
    (directory / "gate_report.json").write_bytes(content)
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    page = template.substitute(
        outcome="passed" if verdict.passed else "refused",
        champion=escape(run["champion"]),
        challenger=escape(run["challenger"]),
        checks="\n".join(_check_row(check) for check in verdict.checks),
        recalls="\n".join(_recall_row(name, each) for name, each in verdict.figures["frozen"]["recall"].items()),
        counts="\n".join(
            f"<tr><th>{escape(name)}</th><td>{count:,}</td></tr>"
            for part in ("rejected", "feedback", "parts")
            for name, count in run[part].items()
        ),
    )
    (directory / "gate_report.html").write_text(page, encoding="utf-8")
    return content


def _check_row(check: Check) -> str:
    word = "ok" if check.passed else "refused"
    cells = "".join(f"<td>{escape(text)}</td>" for text in (check.figure, check.bound))
    return f'<tr class="{word}"><td>{word}</td><th>{escape(check.name)}</th>{cells}</tr>'


def _recall_row(name: str, each: dict[str, Any]) -> str:
    return (
        f"<tr><th>{escape(name)}</th><td>{each['faces']}</td>"
        f"<td>{each['champion']:.1%}</td><td>{each['challenger']:.1%}</td></tr>"
    )
