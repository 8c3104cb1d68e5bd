"""Totals of the CSV beyond rows per label: by week, and by what models said about the faces.

They are stored in the CSV's metadata, which Cloud Storage limits to 8 KiB, so they are kept short: two years of
weeks, and the ten models with the most corrections.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, cast

from fer.storage.shards import parse_time

MAX_WEEKS: Final = 104
MAX_MODELS: Final = 10

Counts = tuple[int, int]
"""How many corrections state what a model said, and how many of those contradict it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One row for the totals; ``time`` is empty if unknown, ``predicted`` if not stated."""

    label: str
    time: str = ""
    predicted: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """``weeks``: ISO week → rows, compared, contradicted; ``said``: what a model said → the right label → rows;
    ``models``: version → compared, contradicted.
    """

    weeks: Mapping[str, tuple[int, int, int]] = field(default_factory=lambda: MappingProxyType({}))
    said: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    models: Mapping[str, Counts] = field(default_factory=lambda: MappingProxyType({}))

    def changed(self, corrections: Sequence[Correction], *, by: int) -> "Tallies":
        """Return the totals with these rows added (``by`` 1) or removed (-1); nothing falls below zero."""
        weeks = {week: [*counts] for week, counts in self.weeks.items()}
        said = {predicted: dict(counts) for predicted, counts in self.said.items()}
        models = {version: [*counts] for version, counts in self.models.items()}
        for each in corrections:
            compared = by if each.predicted else 0
            contradicted = compared if each.predicted != each.label else 0
            if each.time:
                _add(weeks.setdefault(week_of(each.time), [0, 0, 0]), (by, compared, contradicted))
            if each.predicted:
                row = said.setdefault(each.predicted, {})
                row[each.label] = row.get(each.label, 0) + by
            if each.predicted and each.model:
                _add(models.setdefault(each.model, [0, 0]), (compared, contradicted))
        kept_weeks = sorted(week for week, counts in weeks.items() if counts[0] > 0)[-MAX_WEEKS:]
        most = sorted((version for version in models if models[version][0] > 0), key=lambda v: (-models[v][0], v))
        return Tallies(
            weeks={week: (weeks[week][0], weeks[week][1], weeks[week][2]) for week in kept_weeks},
            said={name: row for name in sorted(said) if (row := _positive(said[name]))},
            models={version: (models[version][0], models[version][1]) for version in sorted(most[:MAX_MODELS])},
        )

    def to_metadata(self) -> dict[str, str]:
        """Return only non-empty totals: a file without any keeps the metadata it always had."""
        parts = {"weeks": self.weeks, "said": self.said, "models": self.models}
        return {name: json.dumps(dict(value), separators=(",", ":")) for name, value in parts.items() if value}


def parse_tallies(metadata: Mapping[str, str]) -> Tallies:
    """Return the inverse of ``Tallies.to_metadata``; raises ``ValueError``, ``TypeError`` or ``KeyError``."""
    weeks, said, models = (
        cast("dict[str, Any]", json.loads(metadata.get(name, "{}"))) for name in ("weeks", "said", "models")
    )
    return Tallies(
        weeks={week: (int(counts[0]), int(counts[1]), int(counts[2])) for week, counts in weeks.items()},
        said={name: {label: int(count) for label, count in row.items()} for name, row in said.items()},
        models={version: (int(counts[0]), int(counts[1])) for version, counts in models.items()},
    )


def week_of(time: str) -> str:
    """Return the ISO week of a time in UTC, such as ``2026-W03``; text order is time order."""
    year, week, _ = parse_time(time).isocalendar()
    return f"{year}-W{week:02d}"


def _add(counts: list[int], changes: Sequence[int]) -> None:
    for index, change in enumerate(changes):
        counts[index] = max(0, counts[index] + change)


def _positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {label: counts[label] for label in sorted(counts) if counts[label] > 0}
