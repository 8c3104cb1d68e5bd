from datetime import UTC, datetime, timedelta, timezone

import pytest

from fer.domain import Feedback
from fer.errors import Conflict, InvalidInput
from fer.storage.csv_file import read_statistics
from fer.storage.exporter import TOMBSTONE_TTL
from fer.storage.merge import merge_pending
from fer.storage.objects import ABSENT, MemoryObjectStore
from fer.storage.records_csv import PIXEL_COUNT, decode_row
from fer.storage.shards import format_time, parse_time, pending_shard, save_shard

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAD = Feedback(label="sad", pixels=bytes(PIXEL_COUNT))
HAPPY = Feedback(label="happy", pixels=bytes(PIXEL_COUNT))


def test_a_saved_shard_is_one_row_and_tells_its_label_and_time() -> None:
    store = MemoryObjectStore()
    saved = save_shard(store, SAD, idempotency_key="k", now=NOW)
    assert saved.created
    assert decode_row(store.read(saved.key)) == SAD
    info = store.stat(saved.key)
    assert info is not None
    assert info.metadata["label"] == "sad"
    assert info.metadata["time"] == "2026-01-01T00:00:00.000000Z"
    assert "k" not in saved.key.removeprefix("shards/").removesuffix(".csv")


def test_saving_again_is_a_success_that_adds_nothing() -> None:
    store = MemoryObjectStore()
    first = save_shard(store, SAD, idempotency_key="k", now=NOW)
    again = save_shard(store, SAD, idempotency_key="k", now=NOW + timedelta(hours=1))
    assert (again.created, again.generation) == (False, first.generation)


def test_another_feedback_under_the_same_key_conflicts() -> None:
    store = MemoryObjectStore()
    save_shard(store, SAD, idempotency_key="k", now=NOW)
    with pytest.raises(Conflict):
        save_shard(store, HAPPY, idempotency_key="k", now=NOW)


def test_a_retry_after_the_merge_adds_nothing_and_still_conflicts_with_another() -> None:
    store = MemoryObjectStore()
    save_shard(store, SAD, idempotency_key="k", now=NOW)
    merge_pending(store, now=NOW)
    assert not save_shard(store, SAD, idempotency_key="k", now=NOW).created
    with pytest.raises(Conflict):
        save_shard(store, HAPPY, idempotency_key="k", now=NOW)
    assert merge_pending(store, now=NOW).rows == 1


def test_a_tombstone_says_no_label() -> None:
    store = MemoryObjectStore()
    saved = save_shard(store, SAD, idempotency_key="k", now=NOW)
    merge_pending(store, now=NOW)
    tombstone = store.stat(saved.key)
    assert tombstone is not None
    assert tombstone.size_bytes == 0
    assert "label" not in tombstone.metadata
    assert tombstone.custom_time == NOW


def test_a_key_is_free_again_when_its_tombstone_has_expired() -> None:
    store = MemoryObjectStore()
    saved = save_shard(store, SAD, idempotency_key="k", now=NOW)
    merge_pending(store, now=NOW)
    merge_pending(store, now=NOW + TOMBSTONE_TTL)
    assert store.stat(saved.key) is not None
    merge_pending(store, now=NOW + TOMBSTONE_TTL + timedelta(seconds=1))
    assert store.stat(saved.key) is None
    assert save_shard(store, HAPPY, idempotency_key="k", now=NOW).created


def test_of_the_time_only_the_day_is_kept() -> None:
    store = MemoryObjectStore()
    moment = datetime(2026, 3, 1, 1, 17, 9, 5, tzinfo=timezone(timedelta(hours=2)))
    saved = save_shard(store, SAD, idempotency_key="k", now=moment)
    shard = store.stat(saved.key)
    assert shard is not None
    assert shard.metadata["time"] == "2026-02-28T00:00:00.000000Z"
    merge_pending(store, now=moment)
    assert read_statistics(store).last_feedback == datetime(2026, 2, 28, tzinfo=UTC)


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(InvalidInput):
        save_shard(MemoryObjectStore(), SAD, idempotency_key="", now=NOW)


def test_odd_keys_are_keys_like_any_other() -> None:
    store = MemoryObjectStore()
    for key in ["../../etc", "a/b", "\udcff", "ü" * 5000, " "]:
        assert save_shard(store, SAD, idempotency_key=key, now=NOW).created


def test_times_are_kept_in_utc() -> None:
    moment = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert parse_time(format_time(moment)) == NOW
    with pytest.raises(ValueError, match="time zone"):
        format_time(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    "metadata",
    [{}, {"label": "bored", "sha256": "0", "time": format_time(NOW)}, {"label": "sad", "sha256": "0", "time": "x"}],
    ids=["none", "label", "time"],
)
def test_what_was_not_written_as_a_shard_is_not_one(metadata: dict[str, str]) -> None:
    store = MemoryObjectStore()
    info = store.put("shards/x", b"x" * 5000, if_generation=ABSENT, content_type="text/csv", metadata=metadata)
    assert pending_shard(info) is None
