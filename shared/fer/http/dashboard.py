"""The dashboard of the collected feedback: one self-contained page, without a script, for any screen."""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from string import Template

from fer.domain import NO_EXPRESSION

_DOWNLOAD = """<a class="download" href="download_expression_csv" download>Download the CSV</a>
  <p class="note">One row per correction: the label, then 2,304 pixels. Read it in pandas with
  <code>keep_default_na=False</code>, or the label “nan” turns into a missing value.</p>"""
_NOTHING_YET = '<p class="note">Nothing has been collected yet. Correct a prediction, and it shows up here.</p>'


def dashboard_page(counts: Mapping[str, int], *, total: int, last_feedback: datetime | None) -> str:
    """The page as HTML: a bar per label as long as its count is beside the largest one, and the download."""
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    largest = max(counts.values(), default=0)
    return template.substitute(
        total=f"{total:,}",
        last_feedback=f"{last_feedback.astimezone(UTC):%d %b %Y}" if last_feedback else "none so far",
        rows="\n".join(_row(label, count, total=total, largest=largest) for label, count in counts.items()),
        download=_DOWNLOAD if total else _NOTHING_YET,
    )


def _row(label: str, count: int, *, total: int, largest: int) -> str:
    name = "none of these" if label == NO_EXPRESSION else label
    length_percent = 100 * count / largest if largest else 0
    share = f"{100 * count / total:.0f} %" if total else "–"
    return (
        f'      <tr><th scope="row">{escape(name)}</th>'
        f'<td><div class="track"><div class="bar" style="width:{length_percent:.1f}%"></div></div></td>'
        f'<td class="number">{count:,}</td><td class="number share">{share}</td></tr>'
    )
