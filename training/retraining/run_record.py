"""What retraining keeps in the bucket: the champion it starts from, its last run, and the frozen test's faces."""

import json
from dataclasses import dataclass
from pathlib import Path

from fer.errors import Conflict
from fer.storage.objects import ABSENT, ObjectStore, PreconditionFailed
from fer.storage.registry import CARD_NAME, Champion, ModelRegistry
from tools.registry import read_model_dir
from training.data.feedback import FeedbackRows

LAST_RUN_KEY = "retraining/last_run.json"
FROZEN_KEY = "retraining/frozen_test.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The model that a run starts from: its `directory` with the three files, its card, and the pointer to it.

    `pointer` is None where the bucket has no champion yet; the model is then the one that the project comes with.
    """

    directory: Path
    card: dict
    pointer: Champion | None

    @property
    def version(self) -> str:
        return self.card["model_version"]


def fetch_champion(registry: ModelRegistry, bundled: Path, into: Path) -> Start:
    """Write the champion's files into `into`, or take the model in `bundled` where nothing was promoted yet."""
    pointer = registry.champion()
    directory = bundled
    if pointer is not None:
        directory = into
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in registry.fetch(pointer.version).items():
            (directory / name).write_bytes(content)
    card = json.loads((directory / CARD_NAME).read_text(encoding="utf-8"))
    return Start(directory=directory, card=card, pointer=pointer)


def seen_rows(rows: FeedbackRows) -> dict:
    """What a model's card says of the feedback that its run had, for `known_rows`."""
    return {"feedback_rows": len(rows), "feedback_rows_digest": rows.digest(len(rows))}


def known_rows(card: dict, rows: FeedbackRows) -> int:
    """How many of the first rows the run that made this model had too; 0 where it had others, or none."""
    data = card.get("data") or {}
    count = data.get("feedback_rows", 0)
    return count if count <= len(rows) and data.get("feedback_rows_digest") == rows.digest(count) else 0


def read_record(store: ObjectStore, key: str) -> dict | None:
    """The JSON object under a key, None where there is none."""
    info = store.stat(key)
    return None if info is None else json.loads(store.read(key, generation=info.generation))


def write_last_run(store: ObjectStore, record: dict) -> None:
    """Replace the record of the last run."""
    info = store.stat(LAST_RUN_KEY)
    _put(store, LAST_RUN_KEY, record, ABSENT if info is None else info.generation)


def record_frozen(store: ObjectStore, digests: list[str]) -> None:
    """Write down once and for all which faces are the frozen test set; the first run wins."""
    _put(store, FROZEN_KEY, {"faces": digests}, ABSENT)


def _put(store: ObjectStore, key: str, record: dict, generation: int) -> None:
    data = (json.dumps(record, indent=2) + "\n").encode()
    try:
        store.put(key, data, if_generation=generation, content_type="application/json", metadata={})
    except PreconditionFailed as error:
        raise Conflict(f"Another retraining has just written {key}; one at a time.") from error


def seen_before(last: dict | None, data_digest: str, champion: str) -> bool:
    """Whether the last run judged the same data for the same champion, or made this champion from it."""
    return (
        last is not None
        and last["data_digest"] == data_digest
        and champion in (last["champion"], last.get("challenger"))
    )


def publish(registry: ModelRegistry, start: Start, challenger: Path, *, promote: bool, now) -> Champion | None:
    """Publish the model in the directory `challenger`, and make it the champion if asked to; returns the new pointer.

    Where the bucket has no champion, the model that the run started from is published and promoted before it, so
    that a rollback leads back there. Raises Conflict where somebody else promoted since the run began.
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
