"""Intents: the written plan of one batch, so that any exporter can carry on what another began."""

import json
from dataclasses import dataclass
from typing import Any, cast

from fer.errors import CorruptData
from fer.storage.keys import INTENTS, batch_of_intent, intent_key
from fer.storage.objects import ABSENT, ObjectNotFound, ObjectStore, PreconditionFailed
from fer.storage.shards import PendingShard

_CONTENT_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """The shards of one batch, segment by segment, in the order in which they join the CSV.

    The division into segments belongs to the plan: an exporter with other limits, say of a newer version,
    must take over the very segments that another has composed in part.

    ``generation`` tells this intent from another of the same batch number: a slow exporter can write one
    again after the batch was merged and its intent deleted.
    """

    batch: int
    generation: int
    segments: tuple[tuple[PendingShard, ...], ...]

    @property
    def shards(self) -> tuple[PendingShard, ...]:
        return tuple(shard for segment in self.segments for shard in segment)


def write_intent(store: ObjectStore, batch: int, segments: tuple[tuple[PendingShard, ...], ...]) -> Intent | None:
    """Write the plan, create-only; if the batch has one already, adopt that one.

    None where the existing one was removed before it could be read: look at the CSV again.
    """
    body = json.dumps([[_encode(shard) for shard in segment] for segment in segments], indent=0) + "\n"
    try:
        info = store.put(
            intent_key(batch), body.encode(), if_generation=ABSENT, content_type=_CONTENT_TYPE, metadata={}
        )
    except PreconditionFailed:
        return read_intent(store, batch)
    return Intent(batch=batch, generation=info.generation, segments=segments)


def read_intent(store: ObjectStore, batch: int) -> Intent | None:
    """The batch's intent as it is now, or None."""
    info = store.stat(intent_key(batch))
    if info is None:
        return None
    try:
        body = store.read(info.key, generation=info.generation)
    except ObjectNotFound:
        return None
    return Intent(batch=batch, generation=info.generation, segments=_decode(info.key, body))


def list_intents(store: ObjectStore) -> list[tuple[int, int]]:
    """(batch, generation) of every intent there is; usually none, or one of a crashed exporter."""
    return [(batch_of_intent(info.key), info.generation) for info in store.list(INTENTS)]


def delete_intent(store: ObjectStore, batch: int, generation: int) -> None:
    """Remove this very intent; that another exporter was quicker, or wrote another, is fine."""
    try:
        store.delete(intent_key(batch), if_generation=generation)
    except (ObjectNotFound, PreconditionFailed):
        return


def _encode(shard: PendingShard) -> list[Any]:
    return [shard.key, shard.generation, shard.size_bytes, shard.label, shard.sha256, shard.time]


def _decode(key: str, body: bytes) -> tuple[tuple[PendingShard, ...], ...]:
    try:
        segments = cast("list[list[list[Any]]]", json.loads(body))
        return tuple(tuple(_decode_shard(*entry) for entry in segment) for segment in segments)
    except (TypeError, ValueError) as error:
        raise CorruptData(f"{key} is not an intent.") from error


def _decode_shard(key: str, generation: int, size_bytes: int, label: str, sha256: str, time: str) -> PendingShard:
    return PendingShard(
        key=key,
        generation=int(generation),
        size_bytes=int(size_bytes),
        label=label,
        sha256=sha256,
        time=time,
    )
