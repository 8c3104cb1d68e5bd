"""The merge: shards into the one CSV, each exactly once, whatever crashes and however many run."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fer.storage.exporter import DEFAULT_LIMITS, TOMBSTONE_TTL, Exporter, MergeLimits, PinnedCsv
from fer.storage.objects import ABSENT, ObjectStore
from fer.storage.shards import PendingShard


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport:
    """What one call of ``merge_pending`` came to.

    ``generation`` is the CSV's (0 while there is none) and ``rows`` its rows. ``merged_shards`` counts the
    rows that joined it during the call, by this exporter or by another beside it; ``batches`` the commits
    of this one. ``pending_shards`` is what the budget left over, and ``complete`` that this is nothing.
    ``foreign_objects`` lie among the shards but were not written as one; they are left alone.
    """

    generation: int
    rows: int
    merged_shards: int
    batches: int
    pending_shards: int
    foreign_objects: int

    @property
    def complete(self) -> bool:
        return self.pending_shards == 0


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

    Costs in proportion to the new shards, whatever the size of the CSV, and moves no feedback through
    this process. May be called at any time by any number of processes, and again after a crash: whoever
    comes next finishes what was begun. Creates the CSV only when there is a first shard. ``budget_s`` is
    looked at between batches, so at least one is attempted; 30 s is half of a Cloud Run request's usual
    minute. ``workers`` is the number of requests under way at once. Raises ``Unavailable``.
    """
    exporter = Exporter(store, now=now, workers=workers, limits=limits, tombstone_ttl=tombstone_ttl)
    return run_exporter(exporter, deadline=monotonic() + budget_s, monotonic=monotonic)


def run_exporter(exporter: Exporter, *, deadline: float, monotonic: Callable[[], float]) -> MergeReport:
    """The steps of one exporter until no shard is left or the deadline has passed."""
    csv = first = exporter.read_csv()
    while True:
        exporter.clean_up_begun(csv)
        left = _merge_listed(exporter, csv, deadline, monotonic)
        csv = exporter.read_csv()
        if not left or monotonic() >= deadline:
            break
    rows = csv.state.rows if csv else 0
    return MergeReport(
        generation=csv.generation if csv else ABSENT,
        rows=rows,
        merged_shards=rows - (first.state.rows if first else 0),
        batches=exporter.batches,
        pending_shards=len(left),
        foreign_objects=exporter.foreign_objects,
    )


def _merge_listed(
    exporter: Exporter, csv: PinnedCsv | None, deadline: float, monotonic: Callable[[], float]
) -> Sequence[PendingShard]:
    """List the shards and merge them batch by batch; returns those left when the CSV must be looked at again.

    The listing stays good while the only commits since it was made are our own: nothing in it can have been
    merged by another. So one listing serves many batches.
    """
    pending: Sequence[PendingShard] = exporter.list_pending()
    if csv is None and pending:
        csv = exporter.create_csv()
    while csv is not None and pending:
        following = exporter.merge_batch(csv, pending)
        if following is None:
            break
        csv, merged = following
        pending = _without(pending, merged)
        if monotonic() >= deadline:
            break
    return pending


def _without(shards: Sequence[PendingShard], keys: set[str]) -> list[PendingShard]:
    return [shard for shard in shards if shard.key not in keys]
