"""The work ahead of one exporter run, and how much of it goes into one batch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from fer.storage.objects import MAX_COMPOSE_SOURCES, ObjectInfo
from fer.storage.rewrite import SMALLEST_PIECE_BYTES
from fer.storage.shards import PendingShard, is_tombstone, pending_shard
from fer.storage.withdrawals import WithdrawnShard, withdrawn_shard


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeLimits:
    """The size limits of one batch. The commit composes the CSV itself and the segments: 1 + 31 sources."""

    shards_per_segment: int = MAX_COMPOSE_SOURCES
    segments: int = MAX_COMPOSE_SOURCES - 1
    smallest_piece_bytes: int = SMALLEST_PIECE_BYTES

    def __post_init__(self) -> None:
        if not 1 <= self.shards_per_segment <= MAX_COMPOSE_SOURCES:
            raise ValueError(f"expected 1 to 32 shards per segment, got {self.shards_per_segment}")
        if not 1 <= self.segments < MAX_COMPOSE_SOURCES:
            raise ValueError(f"expected 1 to 31 segments, got {self.segments}")

    @property
    def batch(self) -> int:
        return self.shards_per_segment * self.segments

    def divide(self, shards: Sequence[PendingShard]) -> tuple[tuple[PendingShard, ...], ...]:
        """Return the first batch of the shards, segment by segment."""
        size, end = self.shards_per_segment, min(len(shards), self.batch)
        return tuple(tuple(shards[start : min(start + size, end)]) for start in range(0, end, size))

    def piece_bytes(self, csv_bytes: int) -> int:
        """Return the size of a full piece of a rewritten CSV: at most 31 full ones and a rest, compose's limit."""
        return max(self.smallest_piece_bytes, -(-csv_bytes // (MAX_COMPOSE_SOURCES - 1)))


DEFAULT_LIMITS: Final = MergeLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The shards that need work: to be merged, to be removed from the CSV, and withdrawn before any merge."""

    pending: tuple[PendingShard, ...] = ()
    in_csv: tuple[WithdrawnShard, ...] = ()
    not_merged: tuple[WithdrawnShard, ...] = ()

    @property
    def work(self) -> bool:
        """Whether there is a batch to run."""
        return bool(self.pending or self.in_csv)

    def without(self, keys: set[str]) -> "Listing":
        """Return what is left after a batch about these shards."""
        return replace(
            self,
            pending=tuple(shard for shard in self.pending if shard.key not in keys),
            in_csv=tuple(shard for shard in self.in_csv if shard.key not in keys),
        )


def sort_shards(found: Iterable[ObjectInfo], *, expired_before: datetime) -> tuple[Listing, list[ObjectInfo], int]:
    """Return what there is to do, the tombstones whose time is over, and how many objects are no shards at all."""
    pending: list[PendingShard] = []
    withdrawn: list[WithdrawnShard] = []
    expired: list[ObjectInfo] = []
    foreign_objects = 0
    for info in found:
        if (taken_back := withdrawn_shard(info)) is not None:
            withdrawn.append(taken_back)
        elif is_tombstone(info):
            if info.custom_time and info.custom_time < expired_before:
                expired.append(info)
        elif (shard := pending_shard(info)) is not None:
            pending.append(shard)
        else:
            foreign_objects += 1
    listing = Listing(
        pending=tuple(pending),
        in_csv=tuple(shard for shard in withdrawn if shard.merged),
        not_merged=tuple(shard for shard in withdrawn if not shard.merged),
    )
    return listing, expired, foreign_objects
