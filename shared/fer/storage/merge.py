"""The merge: shards into the one CSV, each exactly once, whatever crashes and however many run."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fer.storage.exporter import TOMBSTONE_TTL, Exporter, PinnedCsv
from fer.storage.objects import ABSENT, ObjectStore
from fer.storage.plans import DEFAULT_LIMITS, Listing, MergeLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport:
    """What one call of ``merge_pending`` came to.

    ``generation`` is the CSV's (0 while there is none) and ``rows`` its rows. ``merged_shards`` counts the
    rows that joined it during the call, ``withdrawn_rows`` those that left it, by this exporter or by another next
    to it; ``batches`` the commits of this one. ``pending_shards`` and ``pending_withdrawals`` are what the budget
    left over, and ``complete`` that this is nothing. ``foreign_objects`` lie among the shards but were not written
    as one; they are left alone.
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
        """What the caller of a merge is told; the generation is text, for it can exceed what JavaScript counts."""
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

    Costs in proportion to the new shards, whatever the size of the CSV, and moves no feedback through this process.
    Only where merged feedback was withdrawn is the CSV written anew without it, once for all. May be called at any
    time by any number of processes, and again after a crash: whoever comes next finishes what was begun. Creates the
    CSV only when there is a first shard. ``budget_s`` is looked at between batches, so at least one is attempted;
    30 s is half of a Cloud Run request's usual minute. ``workers`` is the number of requests under way at once.
    Raises ``Unavailable``.
    """
    exporter = Exporter(store, now=now, workers=workers, limits=limits, tombstone_ttl=tombstone_ttl)
    return run_exporter(exporter, deadline=monotonic() + budget_s, monotonic=monotonic)


def run_exporter(exporter: Exporter, *, deadline: float, monotonic: Callable[[], float]) -> MergeReport:
    """Return the steps of one exporter until no shard is left or the deadline has passed."""
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
    """List the shards and run batch by batch; returns what is left when the CSV must be looked at again.

    The listing stays good while the only commits since it was made are our own: nothing in it can have been
    merged or taken out by another. So one listing serves many batches.
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
