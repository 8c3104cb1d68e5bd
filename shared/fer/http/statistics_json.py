"""What the dashboard shows, as JSON."""

from typing import Any

from fer.domain import EXPRESSIONS, FEEDBACK_LABELS, PublishedModel
from fer.storage.csv_file import Statistics


def statistics_json(statistics: Statistics, *, complete: bool) -> dict[str, Any]:
    """The answer of ``/stats``: totals by label, by week, and by what a model had said; all of it if ``complete``."""
    last, tallies = statistics.last_feedback, statistics.tallies
    said = tallies.said
    return {
        "counts": dict(statistics.counts),
        "total": statistics.total,
        "complete": complete,
        "last_feedback": last.isoformat(timespec="seconds") if last else None,
        "generation": str(statistics.generation),
        "withdrawn": statistics.withdrawn,
        "weeks": [
            {"week": week, "corrections": rows, "compared": compared, "contradicted": contradicted}
            for week, (rows, compared, contradicted) in tallies.weeks.items()
        ],
        "confusion": {
            name: {label: said[name].get(label, 0) for label in FEEDBACK_LABELS}
            for name in EXPRESSIONS
            if name in said
        },
        "corrected_models": [
            {"model_version": version, "compared": compared, "contradicted": contradicted}
            for version, (compared, contradicted) in tallies.models.items()
        ],
    }


def model_json(model: PublishedModel) -> dict[str, Any]:
    """Return one published version as ``/models`` lists it."""
    return {
        "version": model.version,
        "created": model.created.isoformat(timespec="seconds"),
        "parent": model.parent,
        "champion": model.champion,
        "fault": model.fault or None,
        "gate": [
            {"name": check.name, "passed": check.passed, "figure": check.figure, "bound": check.bound}
            for check in model.gate
        ],
    }
