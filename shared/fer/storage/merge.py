"""Merging: each shard goes into the CSV exactly once, whatever crashes and however many exporters run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fer.storage.exporter import TOMBSTONE_TTL, Exporter, PinnedCsv
from fer.storage.objects import ABSENT, ObjectStore
from fer.storage.plans import DEFAULT_LIMITS, Listing, MergeLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport:
    """The result of one call of ``merge_pending``.

    ``generation`` is the CSV's (0 while there is none) and ``rows`` its rows. ``merged_shards`` counts the rows that
    joined it during the call, ``withdrawn_rows`` those that left it, through this exporter or a concurrent one;
    ``batches`` counts the commits of this one. ``pending_shards`` and ``pending_withdrawals`` are what the budget
    left over, and ``complete`` is true if that is nothing. ``foreign_objects`` are among the shards but are not
    shards; they are left alone.
    """

    generation: int
    rows: int
    merged_shards: int
    withdrawn_rows: int
    batches: int
    pending_shards: int
    pending_withdrawals: int
    foreign_objects: int

    @property
    def complete(self) -> bool:
        return self.pending_shards == self.pending_withdrawals == 0

    def as_json(self) -> dict[str, object]:
        """Return the report for the caller; the generation is text because JavaScript cannot count that far."""
        return {
            "rows": self.rows,
            "merged_shards": self.merged_shards,
            "withdrawn_rows": self.withdrawn_rows,
            "generation": str(self.generation),
            "complete": self.complete,
        }


def merge_pending(
    store: ObjectStore,
    *,
    now: datetime,
    budget_s: float = 30.0,
    workers: int = 8,
    limits: MergeLimits = DEFAULT_LIMITS,
    tombstone_ttl: timedelta = TOMBSTONE_TTL,
    monotonic: Callable[[], float] = time.monotonic,
) -> MergeReport:
    """Merge every pending shard into the CSV, batch by batch, until none is left or the budget is spent.

    The cost is proportional to the new shards, whatever the size of the CSV, and no feedback passes through this
    process. Only if merged feedback was withdrawn is the CSV rewritten without it, once for all withdrawals. Safe to
    call at any time from any number of processes, and again after a crash: the next call finishes what was begun.
    The CSV is created with the first shard. ``budget_s`` is checked between batches, so at least one is attempted;
    30 s is half of a Cloud Run request's usual minute. ``workers`` is the number of concurrent requests to the
    store. Raises ``Unavailable``.
    """
    exporter = Exporter(store, now=now, workers=workers, limits=limits, tombstone_ttl=tombstone_ttl)
    return run_exporter(exporter, deadline=monotonic() + budget_s, monotonic=monotonic)


def run_exporter(exporter: Exporter, *, deadline: float, monotonic: Callable[[], float]) -> MergeReport:
    """Run one exporter until no shard is left or the deadline has passed."""
    csv = first = exporter.read_csv()
    while True:
        exporter.clean_up_begun(csv)
        left = _work_off(exporter, csv, deadline, monotonic)
        csv = exporter.read_csv()
        if not (left.work or exporter.merged_though_withdrawn) or monotonic() >= deadline:
            break
    rows, withdrawn = (csv.state.rows, csv.state.withdrawn) if csv else (0, 0)
    rows_before, withdrawn_before = (first.state.rows, first.state.withdrawn) if first else (0, 0)
    return MergeReport(
        generation=csv.generation if csv else ABSENT,
        rows=rows,
        merged_shards=rows + withdrawn - rows_before - withdrawn_before,
        withdrawn_rows=withdrawn - withdrawn_before,
        batches=exporter.batches,
        pending_shards=len(left.pending),
        pending_withdrawals=len(left.in_csv),
        foreign_objects=exporter.foreign_objects,
    )


def _work_off(exporter: Exporter, csv: PinnedCsv | None, deadline: float, monotonic: Callable[[], float]) -> Listing:
    """List the shards and run batch by batch; return what is left when the CSV must be read again.

    The listing stays valid while all commits since it was made are our own: nobody else can have merged or removed
    anything in it. So one listing serves many batches.
    """
    listed = exporter.list_shards()
    exporter.settle_unmerged(csv, listed)
    if csv is None and listed.pending:
        csv = exporter.create_csv()
    while csv is not None and listed.work:
        following = exporter.run_batch(csv, listed)
        if following is None:
            break
        csv, done = following
        listed = listed.without(done)
        if monotonic() >= deadline:
            break
    return listed
