"""Shards: one acknowledged feedback each, written before the caller is told it is saved."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fer.domain import EXPRESSIONS, FEEDBACK_LABELS, Claim, Feedback
from fer.errors import Conflict
from fer.storage.keys import shard_key
from fer.storage.objects import ABSENT, ObjectInfo, ObjectStore, PreconditionFailed
from fer.storage.records_csv import CONTENT_TYPE, MAX_ROW_BYTES, MIN_ROW_BYTES, encode_row

LABEL: Final = "label"
SHA256: Final = "sha256"
TIME: Final = "time"
PREDICTED: Final = "predicted"
MODEL: Final = "model"
MERGED_BATCH: Final = "merged_batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardInfo:
    """A saved feedback. ``created`` is False if the same feedback had been saved before, at ``time``."""

    key: str
    generation: int
    created: bool
    sha256: str
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingShard:
    """A shard as the merge needs it, known from its metadata alone; ``predicted`` is empty if not stated."""

    key: str
    generation: int
    size_bytes: int
    label: str
    sha256: str
    time: str
    predicted: str = ""
    model: str = ""


def format_time(moment: datetime) -> str:
    """Format as ISO 8601 in UTC with microseconds, so that text order is time order."""
    if moment.tzinfo is None:
        raise ValueError("expected a datetime with a time zone, got one without")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_time(text: str) -> datetime:
    """Return the inverse of ``format_time``; raises ``ValueError``."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def day_of(moment: datetime) -> datetime:
    """Return the start of the day in UTC: all that is kept of the time when somebody sent a face."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def save_shard(
    store: ObjectStore,
    feedback: Feedback,
    *,
    idempotency_key: str,
    now: datetime,
    claim: Claim | None = None,
) -> ShardInfo:
    """Save one feedback; when this returns, it is durable and will be in the CSV exactly once.

    ``claim`` is what a model said about the face. Saving the same feedback under the same key again succeeds and
    adds nothing, even if it has been merged or withdrawn meanwhile. Raises ``Conflict`` for different feedback under
    the key, ``InvalidInput`` for an empty key, and ``Unavailable``, after which the caller retries with the same
    key.
    """
    key = shard_key(idempotency_key)
    row = encode_row(feedback)
    sha256 = hashlib.sha256(row).hexdigest()
    metadata = {LABEL: feedback.label, SHA256: sha256, TIME: format_time(day_of(now)), **_claim_metadata(claim)}
    while True:
        try:
            info = store.put(key, row, if_generation=ABSENT, content_type=CONTENT_TYPE, metadata=metadata)
            return ShardInfo(key=key, generation=info.generation, created=True, sha256=sha256, time=metadata[TIME])
        except PreconditionFailed as error:
            stored = store.stat(key)
            if stored is None:  # an expired tombstone has just been removed: the key is free again
                continue
            if stored.metadata.get(SHA256) != sha256:
                raise Conflict("This idempotency key was used for another correction.") from error
            time = stored.metadata.get(TIME) or format_time(day_of(stored.updated))
            return ShardInfo(key=key, generation=stored.generation, created=False, sha256=sha256, time=time)


def _claim_metadata(claim: Claim | None) -> dict[str, str]:
    if claim is None:
        return {}
    return {PREDICTED: claim.expression} | ({MODEL: claim.model_version} if claim.model_version else {})


def is_tombstone(info: ObjectInfo) -> bool:
    """Return whether the shard has been merged or withdrawn and only its key and hash remain."""
    return info.size_bytes == 0


def pending_shard(info: ObjectInfo) -> PendingShard | None:
    """Return the listed object as a shard to merge; None if ``save_shard`` cannot have written it."""
    label, sha256, time, predicted = (info.metadata.get(name, "") for name in (LABEL, SHA256, TIME, PREDICTED))
    if label not in FEEDBACK_LABELS or not sha256 or not _is_time(time):
        return None
    if not MIN_ROW_BYTES <= info.size_bytes <= MAX_ROW_BYTES:
        return None
    return PendingShard(
        key=info.key,
        generation=info.generation,
        size_bytes=info.size_bytes,
        label=label,
        sha256=sha256,
        time=time,
        predicted=predicted if predicted in EXPRESSIONS else "",
        model=info.metadata.get(MODEL, ""),
    )


def tombstone_metadata(shard: PendingShard, batch: int) -> Mapping[str, str]:
    """Return what a merged shard keeps: enough to recognise a late retry and count a withdrawal, but no label."""
    kept = {SHA256: shard.sha256, TIME: shard.time, MERGED_BATCH: str(batch)}
    return kept | {name: value for name, value in ((PREDICTED, shard.predicted), (MODEL, shard.model)) if value}


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True
