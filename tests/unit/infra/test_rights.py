"""The accounts' rights are just enough: with them the protocol runs, and without any one of them it does not."""

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta

import pytest

from fer.errors import Conflict
from fer.storage.csv_file import open_csv, pinned_csv
from fer.storage.exporter import TOMBSTONE_TTL
from fer.storage.keys import SEGMENTS, SHARDS, shard_key
from fer.storage.merge import merge_pending
from fer.storage.objects import MemoryObjectStore
from fer.storage.receipts import Receipts
from fer.storage.records_csv import iterate_rows
from fer.storage.registry import ModelRegistry
from fer.storage.shards import save_shard
from fer.storage.withdrawals import withdraw_shard
from fer.usecases.export import models
from tests.published import model_version
from tests.unit.infra.rules.access import Right, effective_rights
from tests.unit.infra.rules.authorised import AuthorisedStore, Forbidden
from tests.unit.infra.rules.configuration import INFRA, Configuration, changed
from tests.unit.storage.schedule import feedback_number

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def feedback_at_work(rights: Collection[Right]) -> None:
    """What the function ``feedback`` does with the bucket."""
    store = AuthorisedStore(MemoryObjectStore(), "feedback", rights)
    assert pinned_csv(store) is None  # the health check of a new installation
    saved = save_shard(store, feedback_number(1), idempotency_key="key", now=NOW)
    assert not save_shard(store, feedback_number(1), idempotency_key="key", now=NOW).created
    for _ in range(2):  # the first makes the secret
        Receipts(store, random_bytes=bytes).issue(saved.key, saved.sha256)
    with pytest.raises(Conflict):
        save_shard(store, feedback_number(2), idempotency_key="key", now=NOW)
    withdraw_shard(store, saved.key, is_meant=lambda _: True, now=NOW)


def export_at_work(rights: Collection[Right]) -> None:
    """What the function ``export`` does with the bucket, the clean-up after a crash and the downloads included."""
    bucket = MemoryObjectStore()
    store = AuthorisedStore(bucket, "export", rights)
    merge_pending(store, now=NOW)
    for number in range(70):
        save_shard(bucket, feedback_number(number), idempotency_key=str(number), now=NOW)
    without = [right for right in rights if right.object != "shards/" or right.permission != "storage.objects.delete"]
    crashing = AuthorisedStore(bucket, "export", without)
    with pytest.raises(Forbidden):  # ends after its commit, before it has cleaned up
        merge_pending(crashing, now=NOW)
    merge_pending(store, now=NOW)
    withdraw_shard(bucket, shard_key("7"), is_meant=lambda _: True, now=NOW)
    assert merge_pending(store, now=NOW).withdrawn_rows == 1
    ModelRegistry(bucket).publish("m-1", model_version("m-1"))
    assert [each.version for each in models(ModelRegistry(store))] == ["m-1"]
    merge_pending(store, now=NOW + TOMBSTONE_TTL + timedelta(days=1))
    assert len(list(iterate_rows(open_csv(store).chunks))) == 69
    assert list(bucket.list(SHARDS)) == list(bucket.list(SEGMENTS)) == []


WORK: dict[str, Callable[[Collection[Right]], None]] = {"feedback": feedback_at_work, "export": export_at_work}


@pytest.mark.parametrize("account", WORK)
def test_rights_are_enough(configuration: Configuration, account: str) -> None:
    WORK[account](effective_rights(configuration))


@pytest.mark.parametrize("account", WORK)
def test_no_right_is_one_too_many(configuration: Configuration, account: str) -> None:
    rights = effective_rights(configuration)
    for right in (right for right in rights if right.account == account):
        with pytest.raises(Forbidden):
            WORK[account](rights - {right})


def test_table_of_rights_is_that_of_the_configuration(configuration: Configuration) -> None:
    """Also for the accounts that the tests above do not cover, a wider right shows here."""
    assert documented_rights() == effective_rights(configuration)


def documented_rights() -> set[Right]:
    """Return rows of the table in infra/README.md: account, object, permissions, why."""
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \| (.+?) \|", (INFRA / "README.md").read_text("utf-8"), re.MULTILINE)
    return {
        Right(account, f"storage.objects.{permission}", "" if where == "the bucket" else where.strip("`"))
        for account, where, permissions in rows
        for permission in re.findall(r"`(get|list|create|delete|update)`", permissions)
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('reader   = ["storage.objects.get"]', 'reader = ["storage.objects.get", "storage.objects.delete"]'),
        ('creator  = ["storage.objects.create"]', 'creator = ["storage.objects.create", "storage.objects.update"]'),
        ('role = "reader", object = "models/"', 'role = "reader", object = ""'),
        ('role = "creator", object = "secrets/receipts"', 'role = "replacer", object = "secrets/receipts"'),
        ('role = "reader", object = "models/"', 'role = "replacer", object = "models/"'),
    ],
    ids=["reader deletes", "creator updates", "all objects", "feedback changes the secret", "predict writes models"],
)
def test_a_wider_right_is_noticed(old: str, new: str) -> None:
    assert effective_rights(changed("accounts.tf", old, new)) != documented_rights()
