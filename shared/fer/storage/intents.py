"""Intents: the stored plan of one batch, so that any exporter can finish what another began."""

import json
from dataclasses import asdict, dataclass
from typing import Any, cast

from fer.errors import CorruptData
from fer.storage.keys import INTENTS, batch_of_intent, intent_key
from fer.storage.objects import ABSENT, ObjectNotFound, ObjectStore, PreconditionFailed
from fer.storage.shards import PendingShard
from fer.storage.withdrawals import WithdrawnShard

_CONTENT_TYPE = "application/json"


Segments = tuple[tuple[PendingShard, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """The withdrawn shards whose rows leave the CSV, and the maximum size of a piece of the new file."""

    withdrawn: tuple[WithdrawnShard, ...]
    piece_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The plan of one batch: which shards join the CSV, segment by segment in their order, or which rows leave it.

    One of ``segments`` and ``removal`` is empty. The division into segments and pieces is part of the plan: an
    exporter with other limits, say of a newer version, must reuse exactly those that another has composed.

    ``generation`` distinguishes this intent from another with the same batch number: a slow exporter can write one
    again after the batch was merged and its intent deleted.
    """

    batch: int
    generation: int
    segments: Segments = ()
    removal: Removal | None = None

    @property
    def shards(self) -> tuple[PendingShard, ...]:
        return tuple(shard for segment in self.segments for shard in segment)

    @property
    def keys(self) -> set[str]:
        """The names of all shards in the batch."""
        return {shard.key for shard in (self.removal.withdrawn if self.removal else self.shards)}


def write_intent(store: ObjectStore, batch: int, plan: Segments | Removal) -> Intent | None:
    """Write the plan, create-only; if the batch has one already, adopt that one.

    Returns None if the existing one was removed before it could be read: read the CSV again.
    """
    body = json.dumps(_encode(plan), indent=0) + "\n"
    try:
        info = store.put(
            intent_key(batch), body.encode(), if_generation=ABSENT, content_type=_CONTENT_TYPE, metadata={}
        )
    except PreconditionFailed:
        return read_intent(store, batch)
    return _intent(batch, info.generation, plan)


def read_intent(store: ObjectStore, batch: int) -> Intent | None:
    """Return the batch's current intent, or None."""
    info = store.stat(intent_key(batch))
    if info is None:
        return None
    try:
        body = store.read(info.key, generation=info.generation)
    except ObjectNotFound:
        return None
    return _intent(batch, info.generation, _decode(info.key, body))


def list_intents(store: ObjectStore) -> list[tuple[int, int]]:
    """Return (batch, generation) of every intent; usually there is none, or one from a crashed exporter."""
    return [(batch_of_intent(info.key), info.generation) for info in store.list(INTENTS)]


def delete_intent(store: ObjectStore, batch: int, generation: int) -> None:
    """Remove exactly this intent; it does not matter if another exporter was quicker or wrote another one."""
    try:
        store.delete(intent_key(batch), if_generation=generation)
    except (ObjectNotFound, PreconditionFailed):
        return


def _intent(batch: int, generation: int, plan: Segments | Removal) -> Intent:
    if isinstance(plan, Removal):
        return Intent(batch=batch, generation=generation, removal=plan)
    return Intent(batch=batch, generation=generation, segments=plan)


def _encode(plan: Segments | Removal) -> Any:
    if isinstance(plan, Removal):
        return {"piece_bytes": plan.piece_bytes, "withdrawn": [asdict(shard) for shard in plan.withdrawn]}
    return [[_encode_shard(shard) for shard in segment] for segment in plan]


def _encode_shard(shard: PendingShard) -> list[Any]:
    entry = [shard.key, shard.generation, shard.size_bytes, shard.label, shard.sha256, shard.time]
    return [*entry, shard.predicted, shard.model] if shard.predicted else entry


def _decode(key: str, body: bytes) -> Segments | Removal:
    try:
        plan: Any = json.loads(body)
        if isinstance(plan, dict):
            entries = cast("dict[str, Any]", plan)
            withdrawn = tuple(WithdrawnShard(**entry) for entry in entries["withdrawn"])
            return Removal(withdrawn=withdrawn, piece_bytes=int(entries["piece_bytes"]))
        segments = cast("list[list[list[Any]]]", plan)
        return tuple(tuple(_decode_shard(*entry) for entry in segment) for segment in segments)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptData(f"{key} is not an intent.") from error


def _decode_shard(
    key: str,
    generation: int,
    size_bytes: int,
    label: str,
    sha256: str,
    time: str,
    predicted: str = "",
    model: str = "",
) -> PendingShard:
    return PendingShard(
        key=key,
        generation=int(generation),
        size_bytes=int(size_bytes),
        label=label,
        sha256=sha256,
        time=time,
        predicted=predicted,
        model=model,
    )
