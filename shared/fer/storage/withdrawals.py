"""Withdrawals: what becomes of a shard whose sender withdraws the correction.

A withdrawn shard is an empty tombstone marked as such. It passes through these states, each written only at the
previous one's generation; docs/storage_format.md and docs/decisions/0025-withdrawal.md say why no row is kept or
lost:

- *withdrawn, not known to be merged*: it replaced the waiting shard; ``replaced`` is that shard's generation;
- *withdrawn, its row in the CSV*: with ``merged_batch``; the next export removes the row;
- *settled*: with a custom time; nothing of it is left but its hash.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fer.errors import NotFound
from fer.storage.objects import ObjectInfo, ObjectNotFound, ObjectStore, PreconditionFailed
from fer.storage.records_csv import CONTENT_TYPE
from fer.storage.shards import (
    MERGED_BATCH,
    MODEL,
    PREDICTED,
    SHA256,
    TIME,
    day_of,
    format_time,
    is_tombstone,
    pending_shard,
)

WITHDRAWN: Final = "withdrawn"
REPLACED: Final = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A correction withdrawn on a day. ``settled`` means that an export has removed every trace of it."""

    day: str
    settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnShard:
    """A withdrawn shard that is not settled, from its metadata alone; ``merged`` means that its row is in the CSV.

    ``time``, ``predicted`` and ``model`` serve to remove its row from the totals.
    """

    key: str
    generation: int
    sha256: str
    merged: bool
    withdrawn_on: str
    time: str = ""
    predicted: str = ""
    model: str = ""
    merged_batch: str = ""


def withdraw_shard(store: ObjectStore, key: str, *, is_meant: Callable[[str], bool], now: datetime) -> Withdrawal:
    """Withdraw one feedback, merged or not: no merge takes it from now on, and the next export removes its row.

    ``is_meant`` is given the row's sha256. Repeating it changes nothing. Raises ``NotFound`` if there is no such
    feedback (any more), and ``Unavailable``, after which the caller tries again.
    """
    while True:
        info = store.stat(key)
        sha256 = info.metadata.get(SHA256, "") if info else ""
        if info is None or not sha256 or not is_meant(sha256):
            raise NotFound("There is no correction with this receipt.")
        if info.metadata.get(WITHDRAWN):
            return Withdrawal(day=info.metadata[WITHDRAWN], settled=info.custom_time is not None)
        metadata = _withdrawn_metadata(info, now)
        if metadata is None:
            raise NotFound("There is no correction with this receipt.")
        try:
            _put(store, key, info.generation, metadata)
        except (ObjectNotFound, PreconditionFailed):
            continue  # merged or withdrawn since it was read
        return Withdrawal(day=metadata[WITHDRAWN], settled=False)


def _withdrawn_metadata(info: ObjectInfo, now: datetime) -> dict[str, str] | None:
    """Return what the withdrawn shard will say of itself; None if ``save_shard`` cannot have written it."""
    kept = {name: info.metadata[name] for name in (SHA256, TIME, PREDICTED, MODEL) if info.metadata.get(name)}
    if is_tombstone(info):
        return kept | {MERGED_BATCH: info.metadata.get(MERGED_BATCH, "0"), WITHDRAWN: format_time(day_of(now))}
    if pending_shard(info) is None:
        return None
    return kept | {REPLACED: str(info.generation), WITHDRAWN: format_time(day_of(now))}


def withdrawn_shard(info: ObjectInfo) -> WithdrawnShard | None:
    """Return the listed object as an unsettled withdrawn shard, or None if it is not one."""
    metadata = info.metadata
    if not is_tombstone(info) or info.custom_time is not None or not metadata.get(WITHDRAWN):
        return None
    return WithdrawnShard(
        key=info.key,
        generation=info.generation,
        sha256=metadata.get(SHA256, ""),
        merged=MERGED_BATCH in metadata,
        withdrawn_on=metadata[WITHDRAWN],
        time=metadata.get(TIME, ""),
        predicted=metadata.get(PREDICTED, ""),
        model=metadata.get(MODEL, ""),
        merged_batch=metadata.get(MERGED_BATCH, ""),
    )


def mark_merged(store: ObjectStore, key: str, *, replaced: int, batch: int) -> bool:
    """Record that a shard was merged although it had been withdrawn meanwhile; return whether that was news.

    A batch that was composed before the withdrawal is committed with its row. ``replaced`` is the generation that was
    merged: a later shard of the same name is left alone.
    """
    while True:
        info = store.stat(key)
        if info is None or MERGED_BATCH in info.metadata or info.metadata.get(REPLACED) != str(replaced):
            return False
        try:
            _put(store, key, info.generation, {**info.metadata, MERGED_BATCH: str(batch)})
        except (ObjectNotFound, PreconditionFailed):
            continue  # by another exporter
        return True


def settle(store: ObjectStore, shard: WithdrawnShard, *, now: datetime) -> None:
    """Record that nothing is left of a withdrawn shard; its custom time lets it expire."""
    metadata = {SHA256: shard.sha256, WITHDRAWN: shard.withdrawn_on}
    metadata |= {TIME: shard.time} if shard.time else {}
    metadata |= {MERGED_BATCH: shard.merged_batch} if shard.merged else {}
    try:
        _put(store, shard.key, shard.generation, metadata, custom_time=now)
    except (ObjectNotFound, PreconditionFailed):
        return  # by another exporter


def _put(
    store: ObjectStore,
    key: str,
    if_generation: int,
    metadata: Mapping[str, str],
    custom_time: datetime | None = None,
) -> None:
    store.put(
        key, b"", if_generation=if_generation, content_type=CONTENT_TYPE, metadata=metadata, custom_time=custom_time
    )
