"""Downloads and statistics say whether their merge came to its end."""

from datetime import UTC, datetime

import flask
import pytest

from fer.http.answers import csv_answer, redirect_answer
from fer.http.dashboard import dashboard_page
from fer.http.statistics_json import statistics_json
from fer.storage.objects import MemoryObjectStore
from fer.storage.shards import save_shard
from fer.usecases import export
from tests.unit.storage.schedule import feedback_number

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MORE_THAN_A_BATCH = 31 * 32 + 3


@pytest.fixture
def store() -> MemoryObjectStore:
    """With more corrections than a merge takes on before it looks at its budget."""
    store = MemoryObjectStore()
    for number in range(MORE_THAN_A_BATCH):
        save_shard(store, feedback_number(number), idempotency_key=str(number), now=NOW)
    return store


def download(store: MemoryObjectStore, budget_s: float) -> export.Download:
    return export.download(
        store, now=NOW, receipt_days=30, redirect_above_bytes=10**9, wanted=lambda _: True, budget_s=budget_s
    )


def test_what_a_spent_budget_left_over_is_said_and_the_next_call_has_it(store: MemoryObjectStore) -> None:
    first = download(store, 0.0)
    assert not first.complete
    assert sum(chunk.count(b"\n") for chunk in first.chunks or ()) < 1 + MORE_THAN_A_BATCH
    second = download(store, 30.0)
    assert second.complete
    assert sum(chunk.count(b"\n") for chunk in second.chunks or ()) == 1 + MORE_THAN_A_BATCH


def test_statistics_and_their_page_say_that_they_are_not_complete(store: MemoryObjectStore) -> None:
    first = export.statistics(store, now=NOW, receipt_days=30, budget_s=0.0)
    assert not statistics_json(first.statistics, complete=first.complete)["complete"]
    assert "waiting to be merged" in dashboard_page(first.statistics, [], complete=first.complete)
    second = export.statistics(store, now=NOW, receipt_days=30)
    assert statistics_json(second.statistics, complete=second.complete)["complete"]
    assert "waiting to be merged" not in dashboard_page(second.statistics, [], complete=second.complete)


@pytest.mark.parametrize("complete", [True, False])
def test_every_answer_to_a_download_has_the_header(complete: bool) -> None:
    with flask.Flask(__name__).test_request_context(headers={"If-None-Match": '"1"'}):
        answers = [
            csv_answer(flask.request, chunks=(), size_bytes=0, etag=etag, complete=complete, announce_size=True)
            for etag in ("1", "2")
        ]
        answers.append(redirect_answer("https://example.org/", complete=complete))
    assert [answer.status_code for answer in answers] == [304, 200, 302]
    assert {answer.headers["Merge-Complete"] for answer in answers} == {str(complete).lower()}
