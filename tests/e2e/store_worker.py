"""A process that saves feedback, takes it back or merges, for the tests that kill it.

``store_worker.py ROLE FOLDER [NUMBERS]``
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from fer.errors import NotFound
from fer.storage.keys import shard_key
from fer.storage.merge import merge_pending
from fer.storage.shards import save_shard
from fer.storage.stores.local_directory import LocalDirectoryStore
from fer.storage.withdrawals import withdraw_shard
from tests.unit.storage.schedule import SMALL, feedback_number

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def save(store: LocalDirectoryStore, numbers: list[int]) -> None:
    """Save and acknowledge one after another."""
    for number in numbers:
        save_shard(store, feedback_number(number), idempotency_key=str(number), now=NOW)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def withdraw(store: LocalDirectoryStore, numbers: list[int]) -> None:
    """Take back, and acknowledge, one after another; what nobody has sent yet is waited for."""
    for number in numbers:
        while True:
            try:
                withdraw_shard(store, shard_key(str(number)), is_meant=lambda _: True, now=NOW)
            except NotFound:
                time.sleep(0.01)
                continue
            break
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def merge(store: LocalDirectoryStore) -> None:
    """Merge for ever, in small batches and with several threads."""
    while True:
        merge_pending(store, now=NOW, limits=SMALL, workers=3)


if __name__ == "__main__":
    role, folder, *rest = sys.argv[1:]
    opened = LocalDirectoryStore(Path(folder))
    if role == "save":
        save(opened, [int(number) for number in rest])
    elif role == "withdraw":
        withdraw(opened, [int(number) for number in rest])
    else:
        merge(opened)
