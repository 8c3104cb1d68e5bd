"""The dashboard of the collected feedback: one self-contained page, without a script, for any screen."""

from collections.abc import Mapping, Sequence
from datetime import UTC
from html import escape
from pathlib import Path
from string import Template

from fer.domain import EXPRESSIONS, FEEDBACK_LABELS, NO_EXPRESSION, PublishedModel
from fer.storage.csv_file import Statistics

_DOWNLOAD = """<a class="download" href="download_expression_csv" download>Download the CSV</a>
  <p class="note">One row per correction: the label, then 2,304 pixels. Read it in pandas with
  <code>keep_default_na=False</code>, or the label “nan” turns into a missing value.</p>"""
_WEEKS_HEAD = """<thead><tr><th scope="col">Week</th><td></td><th scope="col">Corrections</th>
  <th scope="col">Contradict the model</th></tr></thead>"""
_CONFUSION_HEAD = "<thead><tr><th scope=col>Model ↓ people →</th>{}</tr></thead>".format(
    "".join(f"<th scope=col>{'none' if label == NO_EXPRESSION else label}</th>" for label in FEEDBACK_LABELS)
)
_MODELS_HEAD = """<thead><tr><th scope="col">Version</th><th scope="col">Made</th><th scope="col">State</th>
  <th scope="col">Gate</th></tr></thead>"""
_NOTHING_YET = '<p class="note">Nothing has been collected yet. Correct a prediction, and it shows up here.</p>'


def dashboard_page(statistics: Statistics, models: Sequence[PublishedModel]) -> str:
    """The page as HTML: corrections by label, by week and against what models had said, and the published models.

    A bar is as long as its count is next to the largest one. No picture of a face is on it.
    """
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    last, tallies = statistics.last_feedback, statistics.tallies
    compared = sum(compared for _, compared, _ in tallies.weeks.values())
    contradicted = sum(contradicted for _, _, contradicted in tallies.weeks.values())
    return template.substitute(
        total=f"{statistics.total:,}",
        last_feedback=f"{last.astimezone(UTC):%d %b %Y}" if last else "none so far",
        contradicted=f"{contradicted:,} of {compared:,}" if compared else "–",
        withdrawn=f"{statistics.withdrawn:,}",
        labels=_label_rows(statistics.counts, total=statistics.total),
        weeks=_section("Corrections per week", _WEEKS_HEAD, _week_rows(tallies.weeks)),
        confusion=_section("What the model said, what people say", _CONFUSION_HEAD, _said_rows(tallies.said)),
        models=_section("Published models", _MODELS_HEAD, [_model_row(model) for model in models]),
        download=_DOWNLOAD if statistics.total else _NOTHING_YET,
    )


def _label_rows(counts: Mapping[str, int], *, total: int) -> str:
    largest = max(counts.values(), default=0)
    rows: list[str] = []
    for label, count in counts.items():
        share = f"{100 * count / total:.0f} %" if total else "–"
        rows.append(
            f'<tr><th scope="row">{escape(_name(label))}</th>{_bar(count, largest)}'
            f'<td class="number">{count:,}</td><td class="number share">{share}</td></tr>'
        )
    return "\n".join(rows)


def _week_rows(weeks: Mapping[str, tuple[int, int, int]]) -> list[str]:
    """The last quarter, the newest first."""
    shown = list(weeks.items())[:-14:-1]
    largest = max((rows for _, (rows, _, _) in shown), default=0)
    return [
        f'<tr><th scope="row">{escape(week)}</th>{_bar(rows, largest)}<td class="number">{rows:,}</td>'
        f'<td class="number share">{f"{contradicted:,} of {compared:,}" if compared else "–"}</td></tr>'
        for week, (rows, compared, contradicted) in shown
    ]


def _said_rows(said: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A line for each expression that a model had said; the darker, the larger a count is in its line."""
    lines: list[str] = []
    for name in (name for name in EXPRESSIONS if name in said):
        counts = [said[name].get(label, 0) for label in FEEDBACK_LABELS]
        cells = "".join(
            f'<td class="cell" style="--share:{100 * count / max(1, sum(counts)):.0f}%">{count:,}</td>'
            for count in counts
        )
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    return lines


def _model_row(model: PublishedModel) -> str:
    checks = "".join(
        f"<li>{'passed' if check.passed else 'refused'}: {escape(check.name)}, {escape(check.figure)}</li>"
        for check in model.gate
    )
    report = f"<details><summary>{len(model.gate)} checks</summary><ul>{checks}</ul></details>" if checks else "none"
    state = "serves" if model.champion else escape(model.fault)
    return (
        f'<tr><th scope="row">{escape(model.version)}</th><td>{model.created.astimezone(UTC):%d %b %Y}</td>'
        f"<td>{state}</td><td>{report}</td></tr>"
    )


def _section(caption: str, head: str, rows: Sequence[str]) -> str:
    """A table, or nothing at all where it would be empty."""
    if not rows:
        return ""
    body = "\n".join(rows)
    return f'<div class="wide"><table><caption>{caption}</caption>{head}<tbody>\n{body}\n</tbody></table></div>'


def _bar(count: int, largest: int) -> str:
    length_percent = 100 * count / largest if largest else 0
    return (
        f'<td class="bar"><div class="track"><div class="fill" style="width:{length_percent:.1f}%"></div></div></td>'
    )


def _name(label: str) -> str:
    return "none of these" if label == NO_EXPRESSION else label
