"""The merged CSV as callers see it: its state, its statistics and its download."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, cast

from fer.domain import FEEDBACK_LABELS
from fer.errors import CorruptData, NotFound, Unavailable
from fer.storage.keys import CSV_KEY
from fer.storage.objects import ObjectInfo, ObjectNotFound, ObjectStore
from fer.storage.rewrite import RemovedRow
from fer.storage.shards import PendingShard, parse_time
from fer.storage.tallies import Correction, Tallies, parse_tallies

FORMAT: Final = "1"
DEFAULT_CHUNK_BYTES: Final = 256 * 1024
"""Large enough that the cost per chunk is negligible, small compared with a function's memory."""

_OPEN_ATTEMPTS: Final = 5
"""Each retry needs a merge to commit between stat and open; merges commit at most once a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvState:
    """The manifest in the CSV object's metadata: which batches it holds, and their totals.

    ``withdrawn`` counts all rows ever removed, so ``rows + withdrawn`` never falls.
    """

    batch: int = 0
    intent_generation: int = 0
    rows: int = 0
    counts: Mapping[str, int]
    last_feedback: str = ""
    withdrawn: int = 0
    tallies: Tallies = field(default_factory=Tallies)

    def to_metadata(self) -> dict[str, str]:
        return {
            "format": FORMAT,
            "batch": str(self.batch),
            "intent_generation": str(self.intent_generation),
            "rows": str(self.rows),
            "counts": json.dumps(dict(self.counts), separators=(",", ":")),
            "last_feedback": self.last_feedback,
            **({"withdrawn": str(self.withdrawn)} if self.withdrawn else {}),
            **self.tallies.to_metadata(),
        }

    def with_batch(self, intent_generation: int, shards: tuple[PendingShard, ...]) -> "CsvState":
        """Return the state after one more batch; with no shards and generation 0, after an abandoned batch."""
        counts = dict(self.counts)
        for shard in shards:
            counts[shard.label] += 1
        corrections = [
            Correction(label=shard.label, time=shard.time, predicted=shard.predicted, model=shard.model)
            for shard in shards
        ]
        return replace(
            self,
            batch=self.batch + 1,
            intent_generation=intent_generation,
            rows=self.rows + len(shards),
            counts=counts,
            last_feedback=max([self.last_feedback, *(shard.time for shard in shards)]),
            tallies=self.tallies.changed(corrections, by=1),
        )

    def without(self, intent_generation: int, removed: Sequence[RemovedRow]) -> "CsvState":
        """Return the state after a batch that removed rows. The last feedback's time stays: rows carry none."""
        counts = dict(self.counts)
        for row in removed:
            counts[row.label] -= 1
        corrections = [
            Correction(label=row.label, time=row.shard.time, predicted=row.shard.predicted, model=row.shard.model)
            for row in removed
        ]
        return replace(
            self,
            batch=self.batch + 1,
            intent_generation=intent_generation,
            rows=self.rows - len(removed),
            counts=counts,
            withdrawn=self.withdrawn + len(removed),
            tallies=self.tallies.changed(corrections, by=-1),
        )


def empty_state() -> CsvState:
    """Return the state of a file that has only its header."""
    return CsvState(counts=dict.fromkeys(FEEDBACK_LABELS, 0))


def parse_state(info: ObjectInfo) -> CsvState:
    """Return the state in the object's metadata. Raises ``CorruptData`` if the merge did not write it."""
    metadata = info.metadata
    try:
        if metadata["format"] != FORMAT:
            raise ValueError(f"format {metadata['format']!r}")
        counts = cast("dict[str, Any]", json.loads(metadata["counts"]))
        return CsvState(
            batch=int(metadata["batch"]),
            intent_generation=int(metadata["intent_generation"]),
            rows=int(metadata["rows"]),
            counts={label: int(counts[label]) for label in FEEDBACK_LABELS},
            last_feedback=metadata["last_feedback"],
            withdrawn=int(metadata.get("withdrawn", "0")),
            tallies=parse_tallies(metadata),
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise CorruptData(f"{CSV_KEY} was not written by the merge; move it out of the bucket.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What the CSV holds: rows per label (every label, in ``FEEDBACK_LABELS`` order) and in total.

    ``generation`` is 0 and ``last_feedback`` None while nothing has been merged. ``withdrawn`` counts the rows that
    were removed again.
    """

    counts: Mapping[str, int]
    total: int
    last_feedback: datetime | None
    generation: int
    withdrawn: int
    tallies: Tallies


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvDownload:
    """An opened download: ``chunks`` yields exactly the ``info.size_bytes`` bytes of ``info.generation``."""

    info: ObjectInfo
    chunks: Iterator[bytes]


def pinned_csv(store: ObjectStore) -> ObjectInfo | None:
    """Return the CSV as it is now (generation, size), or None while no feedback has been merged.

    One metadata request; a file that has only its header counts as none.
    """
    info = store.stat(CSV_KEY)
    if info is None or parse_state(info).rows == 0:
        return None
    return info


def open_csv(store: ObjectStore, *, chunk_bytes: int = DEFAULT_CHUNK_BYTES) -> CsvDownload:
    """Open the CSV at its current generation for streaming in constant memory.

    Cloud Storage drops a generation when the next one is written, so if a merge commits between stat
    and open, the newer one is opened. Once this has returned, later merges do not disturb the download;
    if the connection to the store breaks and the rest is gone, ``chunks`` raises ``Unavailable`` rather
    than ending early. Raises ``NotFound`` while no feedback has been merged.
    """
    for _ in range(_OPEN_ATTEMPTS):
        info = pinned_csv(store)
        if info is None:
            raise NotFound("Expression CSV file not found. Submit some feedback first.")
        try:
            chunks = store.stream(info.key, generation=info.generation, chunk_bytes=chunk_bytes)
        except ObjectNotFound:
            continue
        return CsvDownload(info=info, chunks=chunks)
    raise Unavailable("The CSV keeps being rewritten; try again shortly.")


def read_statistics(store: ObjectStore) -> Statistics:
    """Return counts, total and time of the last feedback in the CSV, from its metadata alone.

    Unmerged feedback is not counted: call ``merge_pending`` first if it should be.
    An empty store has statistics too, all zero.
    """
    info = store.stat(CSV_KEY)
    state = empty_state() if info is None else parse_state(info)
    return Statistics(
        counts=state.counts,
        total=state.rows,
        last_feedback=parse_time(state.last_feedback) if state.last_feedback else None,
        generation=info.generation if info is not None and state.rows else 0,
        withdrawn=state.withdrawn,
        tallies=state.tallies,
    )
