"""What retraining keeps in the bucket: the champion it starts from, its last run, and the frozen test's faces."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer.domain import CARD_NAME
from fer.errors import Conflict
from fer.storage.objects import ABSENT, ObjectStore, PreconditionFailed
from fer.storage.registry import Champion, ModelRegistry
from fer.usecases.publish import read_model_dir
from fer.usecases.withdrawn import TRAINED, read_rows_file

LAST_RUN_KEY = "retraining/last_run.json"
FROZEN_KEY = "retraining/frozen_test.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The model that a run starts from: its ``directory`` with the three files, its card, and the pointer to it.

    ``pointer`` is None if the bucket has no champion yet; the model is then the project's own.
    ``known`` are the digests of the feedback rows in the run that made the model.
    """

    directory: Path
    card: dict[str, Any]
    pointer: Champion | None
    known: frozenset[bytes] = frozenset()

    @property
    def version(self) -> str:
        return self.card["model_version"]


def fetch_start(registry: ModelRegistry, bundled: Path, into: Path, version: str | None = None) -> Start:
    """Write the champion's files, or those of another ``version``, into ``into``.

    The model in ``bundled`` is used if nothing has been promoted yet, or if ``version`` names it.
    """
    pointer = registry.champion()
    bundled_card = json.loads((bundled / CARD_NAME).read_text(encoding="utf-8"))
    wanted: str = version or (pointer.version if pointer else bundled_card["model_version"])
    if wanted == bundled_card["model_version"]:
        return Start(directory=bundled, card=bundled_card, pointer=pointer)
    into.mkdir(parents=True, exist_ok=True)
    for name, content in registry.fetch(wanted).items():
        (into / name).write_bytes(content)
    known = frozenset(digest for digest, _ in read_rows_file(registry, wanted))
    card = json.loads((into / CARD_NAME).read_text(encoding="utf-8"))
    return Start(directory=into, card=card, pointer=pointer, known=known)


def known_faces(start: Start, names: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the faces of which the run that made the model had a row, identified by their representative rows.

    ``names`` uint8 (N, 16) and ``groups`` int64 (N,) are of all rows. A row's place in the CSV does not matter, nor
    which others have been withdrawn since.
    """
    known = np.array([name.tobytes() in start.known for name in names], dtype=bool)
    return np.unique(groups[known])


def rows_file(names: np.ndarray, trained: np.ndarray) -> bytes:
    """Return what is published about a run's rows: a digest of each and whether its face was trained on."""
    flags = np.where(trained, TRAINED, b"-").astype("S1").view(np.uint8).reshape(-1, 1)
    return np.concatenate([names, flags], axis=1).tobytes()


def read_record(store: ObjectStore, key: str) -> dict[str, Any] | None:
    """Return the JSON object under a key, or None if there is none."""
    info = store.stat(key)
    return None if info is None else json.loads(store.read(key, generation=info.generation))


def write_last_run(store: ObjectStore, record: dict[str, Any]) -> None:
    """Replace the record of the last run."""
    info = store.stat(LAST_RUN_KEY)
    _put(store, LAST_RUN_KEY, record, ABSENT if info is None else info.generation)


def record_frozen(store: ObjectStore, digests: list[str]) -> None:
    """Record once and for all which faces are the frozen test set; the first run wins."""
    _put(store, FROZEN_KEY, {"faces": digests}, ABSENT)


def _put(store: ObjectStore, key: str, record: dict[str, Any], generation: int) -> None:
    data = (json.dumps(record, indent=2) + "\n").encode()
    try:
        store.put(key, data, if_generation=generation, content_type="application/json", metadata={})
    except PreconditionFailed as error:
        raise Conflict(f"Another retraining has just written {key}; run one at a time.") from error


def seen_before(last: dict[str, Any] | None, data_digest: str, champion: str) -> bool:
    """Return whether the last run judged the same data for the same champion, or trained this champion on it."""
    return (
        last is not None
        and last["data_digest"] == data_digest
        and champion in (last["champion"], last.get("challenger"))
    )


def publish(
    registry: ModelRegistry, start: Start, challenger: Path, *, promote: bool, now: datetime.datetime
) -> Champion | None:
    """Publish the model in the directory ``challenger``, and make it the champion if asked to; returns the new
    pointer.

    If the bucket has no champion, the model that the run started from is published and promoted first, so
    that a rollback leads back to it. Raises Conflict if somebody else has promoted since the run began.
    """
    version, files = read_model_dir(challenger)
    registry.publish(version, files)
    if not promote:
        return None
    pointer = start.pointer
    if pointer is None:
        registry.publish(*read_model_dir(start.directory))
        pointer = registry.promote(start.version, expected=None, now=now)
    return registry.promote(version, expected=pointer, now=now)
