from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from fer.domain import FEEDBACK_LABELS
from fer.errors import CorruptData, NotFound
from fer.storage.csv_file import open_csv, pinned_csv, read_statistics
from fer.storage.keys import CSV_KEY, segment_key
from fer.storage.merge import merge_pending
from fer.storage.objects import ABSENT, MemoryObjectStore, ObjectInfo, ObjectStore
from fer.storage.plans import MergeLimits
from fer.storage.records_csv import HEADER, iterate_rows
from fer.storage.shards import save_shard
from tests.unit.storage.schedule import SMALL, feedback_number

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def save(store: ObjectStore, numbers: range) -> None:
    for number in numbers:
        now = NOW + timedelta(seconds=number)
        save_shard(store, feedback_number(number), idempotency_key=str(number), now=now)


def rows(store: ObjectStore) -> list[int]:
    return sorted(row.pixels[0] * 256 + row.pixels[1] for row in iterate_rows(open_csv(store).chunks))


def test_merging_nothing_creates_nothing() -> None:
    store = MemoryObjectStore()
    report = merge_pending(store, now=NOW)
    assert (report.generation, report.rows, report.merged_shards, report.complete) == (0, 0, 0, True)
    assert list(store.list("")) == []


def test_an_empty_store_has_no_csv_and_zero_statistics() -> None:
    store = MemoryObjectStore()
    assert pinned_csv(store) is None
    with pytest.raises(NotFound):
        open_csv(store)
    statistics = read_statistics(store)
    assert statistics.counts == dict.fromkeys(FEEDBACK_LABELS, 0)
    assert (statistics.total, statistics.last_feedback, statistics.generation) == (0, None, 0)


def test_a_file_with_only_its_header_counts_as_none() -> None:
    store = MemoryObjectStore()
    save(store, range(1))
    crashed = CrashAfterTheHeader(store)
    with pytest.raises(RuntimeError):
        merge_pending(crashed, now=NOW)
    assert store.read(CSV_KEY) == HEADER
    assert pinned_csv(store) is None
    assert merge_pending(store, now=NOW).rows == 1


class CrashAfterTheHeader(MemoryObjectStore):
    """Shares its objects with another store and fails at the first compose."""

    def __init__(self, shared: MemoryObjectStore) -> None:
        super().__init__()
        self.__dict__.update(shared.__dict__)

    def compose(self, *args: object, **options: object) -> ObjectInfo:
        raise RuntimeError("the process ends here")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("workers", [1, 4])
def test_every_row_arrives_once_whatever_the_batches(count: int, workers: int) -> None:
    store = MemoryObjectStore()
    save(store, range(count))
    report = merge_pending(store, now=NOW, limits=SMALL, workers=workers)
    assert (report.rows, report.merged_shards, report.complete) == (count, count, True)
    assert report.batches == -(-count // 4)
    assert rows(store) == list(range(count))


def test_statistics_come_from_the_metadata_and_agree_with_the_file() -> None:
    store = MemoryObjectStore()
    save(store, range(11))
    report = merge_pending(store, now=NOW, limits=SMALL)
    statistics = read_statistics(store)
    labels = Counter(row.label for row in iterate_rows(open_csv(store).chunks))
    assert statistics.counts == dict.fromkeys(FEEDBACK_LABELS, 0) | labels
    assert list(statistics.counts) == list(FEEDBACK_LABELS)
    assert statistics.total == 11
    assert statistics.last_feedback == NOW
    assert statistics.generation == report.generation


def test_a_spent_budget_ends_after_one_batch_and_the_next_call_goes_on() -> None:
    store = MemoryObjectStore()
    save(store, range(10))
    first = merge_pending(store, now=NOW, limits=SMALL, budget_s=0.0)
    assert (first.rows, first.pending_shards, first.complete) == (4, 6, False)
    second = merge_pending(store, now=NOW, limits=SMALL)
    assert (second.rows, second.merged_shards, second.complete) == (10, 6, True)


def test_nothing_but_the_csv_and_tombstones_is_left() -> None:
    store = MemoryObjectStore()
    save(store, range(10))
    merge_pending(store, now=NOW, limits=SMALL)
    for info in store.list(""):
        assert info.key == CSV_KEY or info.size_bytes == 0


def test_a_foreign_object_among_the_shards_is_left_alone() -> None:
    store = MemoryObjectStore()
    save(store, range(2))
    store.put("shards/readme.txt", b"hello", if_generation=ABSENT, content_type="text/plain", metadata={})
    report = merge_pending(store, now=NOW)
    assert (report.rows, report.foreign_objects, report.complete) == (2, 1, True)
    assert store.read("shards/readme.txt") == b"hello"


def test_a_csv_that_the_merge_did_not_write_is_not_touched() -> None:
    store = MemoryObjectStore()
    store.put(CSV_KEY, b"my own", if_generation=ABSENT, content_type="text/csv", metadata={})
    save(store, range(1))
    with pytest.raises(CorruptData):
        merge_pending(store, now=NOW)
    assert store.read(CSV_KEY) == b"my own"


def test_opening_follows_a_commit_that_comes_between() -> None:
    store = MergesBetweenLookingAndOpening()
    save(store, range(1))
    merge_pending(store, now=NOW)
    save(store, range(1, 2))
    download = open_csv(store)
    assert len(list(iterate_rows(download.chunks))) == 2
    assert download.info.size_bytes == len(store.read(CSV_KEY))


class MergesBetweenLookingAndOpening(MemoryObjectStore):
    def stream(self, key: str, *, generation: int, chunk_bytes: int):
        merge_pending(self, now=NOW)
        return super().stream(key, generation=generation, chunk_bytes=chunk_bytes)


def test_the_limits_are_those_of_compose() -> None:
    assert MergeLimits().batch == 31 * 32
    with pytest.raises(ValueError, match="1 to 31"):
        MergeLimits(segments=32)
    with pytest.raises(ValueError, match="1 to 32"):
        MergeLimits(shards_per_segment=33)


def test_segments_that_nobody_can_commit_are_removed_and_those_of_the_next_batch_kept() -> None:
    store = MemoryObjectStore()
    save(store, range(5))
    merge_pending(store, now=NOW, limits=SMALL)  # two batches
    for batch in (1, 2, 3):
        key = segment_key(batch, 7, 0)
        store.put(key, b"x", if_generation=ABSENT, content_type="text/csv", metadata={})
    merge_pending(store, now=NOW)
    assert [info.key for info in store.list("segments/")] == [segment_key(3, 7, 0)]
