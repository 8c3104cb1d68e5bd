"""Merges what is pending, then hands out the CSV, its statistics, or a link to it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from fer.domain import GateCheck, PublishedModel
from fer.errors import CorruptData, NotFound
from fer.storage.csv_file import Statistics, open_csv, pinned_csv, read_statistics
from fer.storage.merge import MergeReport, merge_pending
from fer.storage.objects import ObjectStore
from fer.storage.registry import ModelRegistry, ModelVersion

CSV_FILENAME = "expression_pixel_data.csv"
SIGNED_URL_EXPIRES_S = 300
# Half of a Cloud Run request's usual minute.
MERGE_BUDGET_S = 30.0
GATE_REPORT = "gate_report.json"
# Each costs three small reads; for more than that there is `make models-list`.
MOST_MODELS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """``statistics`` of the CSV; ``complete`` says that nothing was left to merge when they were read."""

    statistics: Statistics
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One version of the CSV; ``complete`` says that nothing was left to merge when it was chosen.

    ``chunks`` are its bytes, or None if the caller did not want them; ``redirect_url`` is set instead if the
    file is better fetched from the store directly.
    """

    etag: str
    size_bytes: int
    complete: bool
    chunks: Iterator[bytes] | None = None
    redirect_url: str | None = None


def merge(store: ObjectStore, *, now: datetime, receipt_days: int, budget_s: float = MERGE_BUDGET_S) -> MergeReport:
    """Merge every pending shard and take out what was withdrawn; safe to call at any time, from anywhere.

    A merged correction can be withdrawn for ``receipt_days``. After ``budget_s`` no further batch is begun.
    """
    return merge_pending(store, now=now, budget_s=budget_s, tombstone_ttl=timedelta(days=receipt_days))


def download(
    store: ObjectStore,
    *,
    now: datetime,
    receipt_days: int,
    redirect_above_bytes: int,
    wanted: Callable[[str], bool],
    budget_s: float = MERGE_BUDGET_S,
) -> Download:
    """Return the CSV with all feedback that a merge of ``budget_s`` reaches; raises NotFound while there is none.

    The version is pinned: rows merged while it is being sent are not in it. Its bytes are opened only if
    ``wanted(etag)``. A file larger than ``redirect_above_bytes`` is returned as a link valid for five minutes, if
    the store can sign one.
    """
    complete = merge(store, now=now, receipt_days=receipt_days, budget_s=budget_s).complete
    info = pinned_csv(store)
    if info is not None:
        version = Download(etag=str(info.generation), size_bytes=info.size_bytes, complete=complete)
        if not wanted(version.etag):
            return version
        if info.size_bytes > redirect_above_bytes:
            url = store.signed_url(
                info.key, generation=info.generation, expires_s=SIGNED_URL_EXPIRES_S, filename=CSV_FILENAME
            )
            if url is not None:
                return replace(version, redirect_url=url)
    opened = open_csv(store)
    return Download(
        etag=str(opened.info.generation),
        size_bytes=opened.info.size_bytes,
        complete=complete,
        chunks=opened.chunks,
    )


def statistics(store: ObjectStore, *, now: datetime, receipt_days: int, budget_s: float = MERGE_BUDGET_S) -> Counted:
    """Return rows per label and in total, after a merge of at most ``budget_s``; never reads the CSV."""
    complete = merge(store, now=now, receipt_days=receipt_days, budget_s=budget_s).complete
    return Counted(statistics=read_statistics(store), complete=complete)


def models(registry: ModelRegistry) -> list[PublishedModel]:
    """Return the latest published versions with their gate reports, newest first."""
    champion = registry.champion()
    versions = registry.versions()[: -MOST_MODELS - 1 : -1]
    return [
        PublishedModel(
            version=each.version,
            created=each.created,
            parent=each.parent,
            champion=champion is not None and champion.version == each.version,
            fault=each.fault,
            gate=_gate(registry, each),
        )
        for each in versions
    ]


def _gate(registry: ModelRegistry, model: ModelVersion) -> tuple[GateCheck, ...]:
    """Return the conditions in its report, or none if there is no readable report."""
    if model.fault:
        return ()
    try:
        report: Any = json.loads(registry.fetch(model.version, [GATE_REPORT])[GATE_REPORT])
        checks = cast("list[dict[str, Any]]", report["checks"])
        return tuple(
            GateCheck(
                name=str(check["name"]),
                passed=bool(check["passed"]),
                figure=str(check["figure"]),
                bound=str(check["bound"]),
            )
            for check in checks
        )
    except (NotFound, CorruptData, KeyError, TypeError, ValueError):
        return ()
