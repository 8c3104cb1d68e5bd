"""Withdrawals on every kind of store: with a crash after each operation, lost replies, and alike rows."""

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from fer.domain import FEEDBACK_LABELS
from fer.errors import NotFound, Unavailable
from fer.storage.csv_file import open_csv, read_statistics
from fer.storage.keys import CSV_KEY, shard_key
from fer.storage.merge import merge_pending
from fer.storage.objects import MemoryObjectStore, ObjectStore
from fer.storage.receipts import Receipts
from fer.storage.records_csv import encode_row, iterate_rows
from fer.storage.shards import save_shard
from fer.storage.withdrawals import Withdrawal, withdraw_shard
from tests.unit.storage.schedule import SMALL, feedback_number

NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Two people sent the same row, and one of them takes it back: the contents 0 to 5, of which 1 and 4 lose one.
CONTENTS: tuple[int, ...] = (0, 1, 1, 2, 3, 4, 5)
TAKEN_BACK = (2, 5)
LEFT: Counter[int] = Counter([0, 1, 2, 3, 5])


class Crash(Exception):
    """The process is gone."""


class CountingStore:
    """Passes everything on, counts it, and does what ``fault`` says at the operation of a number."""

    def __init__(self, inner: ObjectStore, *, at: int = -1, fault: type[Exception] = Crash) -> None:
        self._inner, self._at, self._fault = inner, at, fault
        self.operations: list[tuple[str, str]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation = getattr(self._inner, name)

        def counted(key: str, *args: Any, **options: Any) -> Any:
            result = operation(key, *args, **options)
            if name == "list":
                result = iter([*result])
            self.operations.append((name, key))
            if len(self.operations) - 1 == self._at:
                raise self._fault("planned")
            return result

        return counted

    @property
    def as_store(self) -> ObjectStore:
        return cast("ObjectStore", self)


def fill(store: ObjectStore) -> None:
    for number, content in enumerate(CONTENTS):
        save_shard(store, feedback_number(content), idempotency_key=str(number), now=NOW)


def take_back(store: ObjectStore, number: int) -> Withdrawal:
    return withdraw_shard(store, shard_key(str(number)), is_meant=lambda _: True, now=NOW)


def check(store: ObjectStore, expected: Counter[int] = LEFT) -> None:
    rows = list(iterate_rows(open_csv(store).chunks))
    assert Counter(row.pixels[1] for row in rows) == expected
    statistics = read_statistics(store)
    assert statistics.total == len(rows)
    assert statistics.counts == dict.fromkeys(FEEDBACK_LABELS, 0) | Counter(row.label for row in rows)
    gone = [encode_row(feedback_number(content)) for content in CONTENTS if not expected[content]]
    for info in store.list(""):
        assert not info.key.startswith(("intents/", "segments/")), info.key
        data = store.read(info.key)
        assert not any(row in data for row in gone), f"{info.key} keeps what was withdrawn"


@pytest.mark.parametrize("merged", [False, True], ids=["before-the-merge", "after-the-merge"])
def test_what_is_taken_back_is_gone_and_the_rest_stays(store: ObjectStore, merged: bool) -> None:
    fill(store)
    if merged:
        merge_pending(store, now=NOW, limits=SMALL)
    for number in TAKEN_BACK:
        assert take_back(store, number) == take_back(store, number)
    report = merge_pending(store, now=NOW, limits=SMALL)
    assert (report.complete, report.withdrawn_rows) == (True, 2 if merged else 0)
    check(store)
    assert all(take_back(store, number).settled for number in TAKEN_BACK)
    for number, content in enumerate(CONTENTS):  # late retries bring nothing back
        assert not save_shard(store, feedback_number(content), idempotency_key=str(number), now=NOW).created
    merge_pending(store, now=NOW, limits=SMALL)
    check(store)


@pytest.mark.parametrize("fault", [Crash, Unavailable], ids=["crash", "lost-reply"])
def test_an_export_may_end_after_any_operation(store: ObjectStore, fault: type[Exception]) -> None:
    """Turn by turn on one store, an operation later each time, until one runs through; slow stores skip some."""
    at, turns, stride = 0, 0, 1 if isinstance(store, MemoryObjectStore) else 7
    while True:
        turns += 1
        begin(store, turns)
        faulty = CountingStore(store, at=at, fault=fault)
        with contextlib.suppress(fault):
            merge_pending(faulty.as_store, now=NOW, limits=SMALL, workers=1)
        merge_pending(store, now=NOW, limits=SMALL)
        check(store, Counter({content: turns * count for content, count in LEFT.items()}))
        if len(faulty.operations) <= at:
            break
        at += stride
    assert at > 20


def begin(store: ObjectStore, turn: int) -> None:
    """Some rows merged and one of them taken back, others waiting and one of them taken back."""
    for number, content in enumerate(CONTENTS):
        if number == 4:
            merge_pending(store, now=NOW)
        save_shard(store, feedback_number(content), idempotency_key=f"{turn}-{number}", now=NOW)
    for number in TAKEN_BACK:
        withdraw_shard(store, shard_key(f"{turn}-{number}"), is_meant=lambda _: True, now=NOW)


def test_any_number_of_withdrawals_is_one_rewrite_and_none_is_none(store: ObjectStore) -> None:
    fill(store)
    counted = CountingStore(store)
    merge_pending(counted.as_store, now=NOW)
    assert ("stream", CSV_KEY) not in counted.operations
    for number in range(5):
        take_back(store, number)
    counted = CountingStore(store)
    assert merge_pending(counted.as_store, now=NOW).withdrawn_rows == 5
    assert counted.operations.count(("stream", CSV_KEY)) == 1
    assert counted.operations.count(("compose", CSV_KEY)) == 1
    counted = CountingStore(store)
    merge_pending(counted.as_store, now=NOW)
    assert {name for name, _ in counted.operations} <= {"stat", "list"}
    check(store, Counter({4: 1, 5: 1}))


def test_the_last_row_may_go_and_others_come_after_it(store: ObjectStore) -> None:
    save_shard(store, feedback_number(1), idempotency_key="1", now=NOW)
    merge_pending(store, now=NOW)
    take_back(store, 1)
    assert merge_pending(store, now=NOW).rows == 0
    with pytest.raises(NotFound):
        open_csv(store)
    save_shard(store, feedback_number(2), idempotency_key="2", now=NOW)
    assert merge_pending(store, now=NOW).merged_shards == 1
    check(store, Counter({2: 1}))


def test_a_receipt_lasts_as_long_as_the_tombstone(store: ObjectStore) -> None:
    fill(store)
    merge_pending(store, now=NOW)
    month = timedelta(days=30)
    merge_pending(store, now=NOW + month)
    assert not take_back(store, 0).settled
    assert merge_pending(store, now=NOW + month + timedelta(days=1)).withdrawn_rows == 1
    with pytest.raises(NotFound):
        take_back(store, 1)
    assert take_back(store, 0).settled
    merge_pending(store, now=NOW + 3 * month)
    with pytest.raises(NotFound):
        take_back(store, 0)
    check(store, Counter(CONTENTS) - Counter([0]))


def test_receipts_of_two_processes_are_the_same_and_those_of_two_buckets_are_not(store: ObjectStore) -> None:
    saved = save_shard(store, feedback_number(1), idempotency_key="1", now=NOW)
    one, two = (Receipts(store, random_bytes=lambda count, byte=byte: byte * count) for byte in (b"1", b"2"))
    receipt = one.issue(saved.key, saved.sha256)
    assert two.issue(saved.key, saved.sha256) == receipt
    assert two.shard_key(receipt) == saved.key
    assert two.is_genuine(receipt, saved.sha256)
    assert not two.is_genuine(receipt, saved.sha256[::-1])  # the key was free again, and another used it
    elsewhere = Receipts(MemoryObjectStore(), random_bytes=lambda count: b"3" * count)
    assert not elsewhere.is_genuine(receipt, saved.sha256)


def test_what_is_no_feedback_is_not_withdrawn(store: ObjectStore) -> None:
    store.put(shard_key("1"), b"x", if_generation=0, content_type="text/csv", metadata={"sha256": "0"})
    with pytest.raises(NotFound):
        take_back(store, 1)
    assert store.read(shard_key("1")) == b"x"
