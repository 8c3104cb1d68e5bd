"""The dashboard of the collected feedback: one self-contained page, without a script, for any screen."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC
from html import escape
from pathlib import Path
from string import Template

from fer.domain import NO_EXPRESSION, PublishedModel
from fer.storage.csv_file import Statistics

# The web app's dashboard shows the same in the same order, words and colours: web/src/words/en.ts, docs/openapi.yaml.
_LOOKS = {
    "happy": ("Happy", "#c38115"),
    "surprised": ("Surprised", "#e155a1"),
    "neutral": ("Neutral", "#7f8f95"),
    "sad": ("Sad", "#2d95d3"),
    "fear": ("Afraid", "#9b74e1"),
    "disgusted": ("Disgusted", "#659e41"),
    "angry": ("Angry", "#ea5341"),
    NO_EXPRESSION: ("None of these", "#948370"),
}
_DOWNLOAD = """<a class="download" href="download_expression_csv" download>Download CSV</a>
  <p class="note">One row per correction: the label, then 2,304 grey values. Read it in pandas with
  keep_default_na=False, or the label “nan” turns into a missing value.</p>"""
_LABELS_HEAD = """<thead class="hidden"><tr><th scope="col">Label</th><th scope="col">Bar</th>
  <th scope="col">Count</th><th scope="col">Share</th></tr></thead>"""
_WEEKS_HEAD = """<thead><tr><th scope="col">Week</th><td></td><th scope="col" class="number">Corrections</th>
  <th scope="col" class="number">Disagree with the model</th></tr></thead>"""
_CONFUSION_HEAD = '<thead><tr><th scope="col">Predicted&nbsp;↓ corrected&nbsp;→</th>{}</tr></thead>'.format(
    "".join(f'<th scope="col" class="cell">{name}</th>' for name, _ in _LOOKS.values())
)
_MODELS_HEAD = """<thead><tr><th scope="col">Version</th><th scope="col">Created</th><th scope="col">Status</th>
  <th scope="col">Checks</th></tr></thead>"""
_INCOMPLETE = '<p class="note" role="status">More corrections are waiting to be merged. Reload to count them.</p>'
_NOTHING_YET = '<p class="note">Nothing to download yet. Correct a label, and it appears here.</p>'


def dashboard_page(statistics: Statistics, models: Sequence[PublishedModel], *, complete: bool) -> str:
    """Return the page as HTML: corrections by label, by week and against models' answers, and the published models.

    A label's bar is as long as its share, a week's as its count next to the largest one. It shows no face. If the
    merge before it was not ``complete``, it says so.
    """
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    last, tallies = statistics.last_feedback, statistics.tallies
    compared = sum(compared for _, compared, _ in tallies.weeks.values())
    contradicted = sum(contradicted for _, _, contradicted in tallies.weeks.values())
    return template.substitute(
        total=f"{statistics.total:,}",
        last_feedback=f"{last.astimezone(UTC):%-d %b %Y}" if last else "None yet",
        contradicted=f"{contradicted:,} of {compared:,}" if compared else "–",
        withdrawn=f"{statistics.withdrawn:,}",
        incomplete="" if complete else _INCOMPLETE,
        labels=_label_rows(statistics.counts, total=statistics.total),
        weeks=_section("Corrections per week", _WEEKS_HEAD, _week_rows(tallies.weeks)),
        confusion=_section("Predictions and corrections", _CONFUSION_HEAD, _said_rows(tallies.said)),
        models=_section("Published models", _MODELS_HEAD, [_model_row(model) for model in models]),
        download=_DOWNLOAD if statistics.total else _NOTHING_YET,
    )


def _label_rows(counts: Mapping[str, int], *, total: int) -> str:
    rows: list[str] = []
    for label, (name, colour) in _LOOKS.items():
        count = counts.get(label, 0)
        share = count / total if total else 0.0
        rows.append(
            f'<tr><th scope="row">{name}</th>{_bar(share, colour)}'
            f'<td class="number">{count:,}</td><td class="number share">{_share_text(share)}</td></tr>'
        )
    return _LABELS_HEAD + "<tbody>\n" + "\n".join(rows) + "\n</tbody>"


def _share_text(share: float) -> str:
    """Return whole per cent, halves rounded up, and never all or nothing that is not."""
    if 0 < share < 0.005:
        return "&lt;1%"
    return "99%+" if 0.995 <= share < 1 else f"{math.floor(share * 100 + 0.5)}%"


def _week_rows(weeks: Mapping[str, tuple[int, int, int]]) -> list[str]:
    """Return the last quarter, the newest first."""
    shown = list(weeks.items())[:-14:-1]
    largest = max((rows for _, (rows, _, _) in shown), default=0)
    return [
        f'<tr><th scope="row">{escape(week)}</th>{_bar(rows / largest)}<td class="number">{rows:,}</td>'
        f'<td class="number share">{f"{contradicted:,} of {compared:,}" if compared else "–"}</td></tr>'
        for week, (rows, compared, contradicted) in shown
    ]


def _said_rows(said: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return a line for each expression that a model had said; the larger a count within its line, the darker."""
    lines: list[str] = []
    for expression in (expression for expression in _LOOKS if expression in said):
        counts = [said[expression].get(label, 0) for label in _LOOKS]
        cells = "".join(
            f'<td class="cell" style="--share:{100 * count / max(1, sum(counts)):.0f}%">{count:,}</td>'
            for count in counts
        )
        lines.append(f'<tr><th scope="row">{_LOOKS[expression][0]}</th>{cells}</tr>')
    return lines


def _model_row(model: PublishedModel) -> str:
    checks = "".join(
        f"<li>{'passed' if check.passed else 'failed'}: {escape(check.name)}, {escape(check.figure)}</li>"
        for check in model.gate
    )
    report = f"<details><summary>{len(model.gate)} checks</summary><ul>{checks}</ul></details>" if checks else "none"
    state = "in use" if model.champion else escape(model.fault)
    return (
        f'<tr><th scope="row">{escape(model.version)}</th><td>{model.created.astimezone(UTC):%-d %b %Y}</td>'
        f"<td>{state}</td><td>{report}</td></tr>"
    )


def _section(caption: str, head: str, rows: Sequence[str]) -> str:
    """Return a table, or nothing at all where it would be empty."""
    if not rows:
        return ""
    body = "\n".join(rows)
    table = f"<table><caption>{caption}</caption>{head}<tbody>\n{body}\n</tbody></table>"
    # On a narrow screen it scrolls, with the keyboard too.
    return f'<section class="wide" aria-label="{caption}" tabindex="0">{table}</section>'


def _bar(share: float, colour: str = "var(--bar)") -> str:
    fill = f"width:{100 * share:.1f}%;background:{colour}"
    return f'<td class="bar"><div class="track"><div class="fill" style="{fill}"></div></div></td>'
