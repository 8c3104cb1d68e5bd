"""The steps of the merge protocol; each is safe to repeat, and to interrupt at any operation.

docs/storage_format.md and docs/decisions/0002-csv-as-its-own-manifest.md describe the protocol and why it holds.
The step numbers in the comments refer to them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from fer.errors import CorruptData, Unavailable
from fer.storage.csv_file import DEFAULT_CHUNK_BYTES, CsvState, empty_state, parse_state
from fer.storage.intents import (
    Intent,
    Removal,
    Segments,
    delete_intent,
    list_intents,
    read_intent,
    write_intent,
)
from fer.storage.keys import CSV_KEY, SEGMENTS, SHARDS, batch_of_segment, intent_key, segment_key, segment_prefix
from fer.storage.objects import (
    ABSENT,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
    PreconditionFailed,
    Source,
)
from fer.storage.plans import DEFAULT_LIMITS, Listing, MergeLimits, sort_shards
from fer.storage.records_csv import CONTENT_TYPE, HEADER
from fer.storage.rewrite import Rewrite
from fer.storage.shards import PendingShard, tombstone_metadata
from fer.storage.withdrawals import mark_merged, settle

TOMBSTONE_TTL: Final = timedelta(days=30)
"""How long a late retry of a merged feedback is recognised: far longer than any client retries."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedCsv:
    """The CSV at one generation, with its manifest."""

    generation: int
    size_bytes: int
    state: CsvState


class Exporter:
    """The steps of the merge protocol over one store; ``merge_pending`` runs them.

    ``batches`` counts the commits so far and ``foreign_objects`` the objects in the last listing that are not shards.
    ``merged_though_withdrawn`` means that a clean-up left a withdrawal that only another listing finds.
    """

    def __init__(
        self,
        store: ObjectStore,
        *,
        now: datetime,
        workers: int = 1,
        limits: MergeLimits = DEFAULT_LIMITS,
        tombstone_ttl: timedelta = TOMBSTONE_TTL,
    ) -> None:
        self._store = store
        self._now = now
        self._workers = workers
        self._limits = limits
        self._tombstone_ttl = tombstone_ttl
        self.batches = 0
        self.foreign_objects = 0
        self.merged_though_withdrawn = False

    def run_batch(self, csv: PinnedCsv, listed: Listing) -> tuple[PinnedCsv, set[str]] | None:
        """Run steps 4 to 7 for one batch, withdrawals first; return None if the CSV must be read again (step 3)."""
        intent = write_intent(self._store, csv.state.batch + 1, self._plan(csv, listed))
        if intent is None:
            return None
        if intent.removal is not None:
            committed = self._take_out(csv, intent, intent.removal)
        else:
            segments = self._compose_segments(csv, intent)
            committed = None if segments is None else self._commit(csv, intent, segments)
        if committed is None:
            return None
        self.batches += 1
        self._retire(intent)
        return committed, intent.keys

    def _plan(self, csv: PinnedCsv, listed: Listing) -> Segments | Removal:
        """Return all rows to remove at once, or else the first batch of shards."""
        if listed.in_csv:
            return Removal(withdrawn=listed.in_csv, piece_bytes=self._limits.piece_bytes(csv.size_bytes))
        return self._limits.divide(listed.pending)

    def _take_out(self, csv: PinnedCsv, intent: Intent, removal: Removal) -> PinnedCsv | None:
        """Do steps 5 and 6 for rows that leave the CSV: write the rest in pieces and compose the CSV from them."""
        rewrite = Rewrite(removal.withdrawn, full_bytes=removal.piece_bytes)
        try:
            chunks = self._store.stream(CSV_KEY, generation=csv.generation, chunk_bytes=DEFAULT_CHUNK_BYTES)
            pieces = [
                self._put_piece(segment_key(intent.batch, intent.generation, index), piece)
                for index, piece in enumerate(rewrite.pieces(chunks))
            ]
        except ObjectNotFound:
            return None
        return self._write_csv(csv, pieces, csv.state.without(intent.generation, rewrite.removed))

    def _put_piece(self, key: str, piece: bytes) -> Source:
        try:
            info = self._store.put(key, piece, if_generation=ABSENT, content_type=CONTENT_TYPE, metadata={})
        except PreconditionFailed as error:
            # Another exporter wrote it. The name fixes the CSV and the plan, so the bytes are the same.
            info = self._stored_segment(key, len(piece), error)
        return Source(key=key, generation=info.generation)

    def read_csv(self) -> PinnedCsv | None:
        info = self._store.stat(CSV_KEY)
        return _pinned(info) if info else None

    def create_csv(self) -> PinnedCsv | None:
        """Run step 2: create the CSV with only its header."""
        try:
            return _pinned(
                self._store.put(
                    CSV_KEY,
                    HEADER,
                    if_generation=ABSENT,
                    content_type=CONTENT_TYPE,
                    metadata=empty_state().to_metadata(),
                )
            )
        except PreconditionFailed:
            return None

    def clean_up_begun(self, csv: PinnedCsv | None) -> None:
        """Run step 3: finish the last committed batch, and drop what can never be committed."""
        if csv is None:
            return
        for batch, generation in list_intents(self._store):
            if batch > csv.state.batch:
                continue  # the plan of the next batch; run_batch adopts it
            if batch == csv.state.batch and self._is_committed(generation, csv.state):
                intent = read_intent(self._store, batch)
                if intent is not None and self._is_committed(intent.generation, csv.state):
                    self._retire(intent)
            else:
                self._drop(batch, generation)
        # Composed by a slow exporter for an intent that has since been dropped.
        stale = [info for info in self._store.list(SEGMENTS) if batch_of_segment(info.key) <= csv.state.batch]
        self._each(self._remove, stale)

    def _is_committed(self, intent_generation: int, state: CsvState) -> bool:
        """Keep pinned point 1: only the intent that the CSV names was merged.

        A second intent for the same batch comes from a slow exporter, and its shards may not be in the CSV.
        """
        return intent_generation == state.intent_generation

    def list_shards(self) -> Listing:
        """Return the shards that need work, and remove expired tombstones on the way."""
        self.merged_though_withdrawn = False
        listed, expired, self.foreign_objects = sort_shards(
            self._store.list(SHARDS), expired_before=self._now - self._tombstone_ttl
        )
        self._each(self._remove, expired)
        return listed

    def settle_unmerged(self, csv: PinnedCsv | None, listed: Listing) -> None:
        """Settle the withdrawals of shards that no batch took, unless a batch in progress may still hold one.

        Such a batch was planned before the withdrawal, or it could not be composed, so it is the CSV's next one.
        """
        if not listed.not_merged:
            return
        batch = csv.state.batch if csv else 0
        under_way = self._store.stat(intent_key(batch + 1)) is not None
        current = self.read_csv()
        if not under_way and (current.generation if current else ABSENT) == (csv.generation if csv else ABSENT):
            self._each(lambda shard: settle(self._store, shard, now=self._now), listed.not_merged)

    def _remove(self, info: ObjectInfo) -> None:
        try:
            self._store.delete(info.key, if_generation=info.generation)
        except (ObjectNotFound, PreconditionFailed):
            return

    def _compose_segments(self, csv: PinnedCsv, intent: Intent) -> list[Source] | None:
        """Run step 5, and step 8 if a shard is gone; return None if the CSV must be read again."""
        try:
            return self._each(
                lambda numbered: self._compose_segment(intent, *numbered), list(enumerate(intent.segments))
            )
        except ObjectNotFound:
            current = self.read_csv()
            if current is not None and current.generation == csv.generation:
                self._give_up(csv, intent)
            return None

    def _compose_segment(self, intent: Intent, index: int, shards: Sequence[PendingShard]) -> Source:
        key = segment_key(intent.batch, intent.generation, index)
        sources = [Source(key=shard.key, generation=shard.generation) for shard in shards]
        try:
            info = self._store.compose(key, sources, if_generation=ABSENT, content_type=CONTENT_TYPE, metadata={})
        except PreconditionFailed as error:
            # Another exporter composed it. The name determines the sources, so the bytes are the same.
            info = self._stored_segment(key, sum(shard.size_bytes for shard in shards), error)
        return Source(key=key, generation=info.generation)

    def _stored_segment(self, key: str, size_bytes: int, error: PreconditionFailed) -> ObjectInfo:
        stored = self._store.stat(key)
        if stored is None:
            raise ObjectNotFound(key) from error
        if stored.size_bytes != size_bytes:
            raise CorruptData(f"{key} does not match its intent.") from error
        return stored

    def _commit(self, csv: PinnedCsv, intent: Intent, segments: Sequence[Source]) -> PinnedCsv | None:
        """Run step 6: the one write that makes the batch part of the CSV."""
        return self._append_to_csv(csv, segments, csv.state.with_batch(intent.generation, intent.shards))

    def _give_up(self, csv: PinnedCsv, intent: Intent) -> None:  # noqa: ARG002
        """Run step 8: a shard of the plan was removed from outside, so skip this batch's number.

        Deleting the intent is not enough: an exporter that composed all segments before the removal can
        still commit it, and then nobody could clean up. Moving the CSV on makes that commit fail, and
        the CSV then names no intent for this batch, so whoever cleans up next drops this one.
        """
        self._append_to_csv(csv, (), csv.state.with_batch(ABSENT, ()))

    def _append_to_csv(self, csv: PinnedCsv, segments: Sequence[Source], state: CsvState) -> PinnedCsv | None:
        return self._write_csv(csv, [Source(key=CSV_KEY, generation=csv.generation), *segments], state)

    def _write_csv(self, csv: PinnedCsv, sources: Sequence[Source], state: CsvState) -> PinnedCsv | None:
        try:
            return _pinned(
                self._store.compose(
                    CSV_KEY,
                    sources,
                    if_generation=csv.generation,
                    content_type=CONTENT_TYPE,
                    metadata=state.to_metadata(),
                )
            )
        except (ObjectNotFound, PreconditionFailed):
            return None
        except Unavailable:
            current = self.read_csv()
            if current is not None and current.state == state:
                return current  # only the reply was lost
            raise

    def _retire(self, intent: Intent) -> None:
        """Run step 7: write tombstones, then delete the segments, then the intent, in this order."""
        self._each(lambda shard: self._retire_shard(intent, shard), intent.shards)
        withdrawn = intent.removal.withdrawn if intent.removal else ()
        self._each(lambda shard: settle(self._store, shard, now=self._now), withdrawn)
        self._drop(intent.batch, intent.generation)

    def _retire_shard(self, intent: Intent, shard: PendingShard) -> None:
        """Keep pinned point 2: leave a tombstone, so that a late retry finds its key taken."""
        try:
            self._store.put(
                shard.key,
                b"",
                if_generation=shard.generation,
                content_type=CONTENT_TYPE,
                metadata=tombstone_metadata(shard, intent.batch),
                custom_time=self._now,
            )
        except (ObjectNotFound, PreconditionFailed):
            self._merged_already(intent, shard)

    def _merged_already(self, intent: Intent, shard: PendingShard) -> None:
        """Keep pinned point 3: leave a tombstone, unless the shard was withdrawn while its batch was being merged."""
        if mark_merged(self._store, shard.key, replaced=shard.generation, batch=intent.batch):
            self.merged_though_withdrawn = True

    def _drop(self, batch: int, generation: int) -> None:
        """Remove an intent's segments and then the intent itself."""
        segments = list(self._store.list(segment_prefix(batch, generation)))
        self._each(self._remove, segments)
        delete_intent(self._store, batch, generation)

    def _each(self, action: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
        """Apply the action to every item, up to ``workers`` at once; return the results in order."""
        if self._workers <= 1 or len(items) <= 1:
            return [action(item) for item in items]
        with ThreadPoolExecutor(min(self._workers, len(items))) as pool:
            return list(pool.map(action, items))


def _pinned(info: ObjectInfo) -> PinnedCsv:
    return PinnedCsv(generation=info.generation, size_bytes=info.size_bytes, state=parse_state(info))
