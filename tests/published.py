"""Model versions for tests: the tiny LiteRT model of the vision tests with a card of its own each time."""

import hashlib
import json
from typing import Any

from fer.domain import CARD_NAME
from fer.storage.keys import CHAMPION_KEY, model_key
from fer.storage.objects import ABSENT, ObjectStore
from tests.unit.vision.test_model_files import TINY, card

LITERT_NAME = "tiny.tflite"
KERAS_NAME = "facial_expression_model.keras"
CREATED = "2026-01-01T00:00:00Z"


def entry(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def model_version(version: str, *, litert: bytes = TINY, keras: bytes = b"keras", **changes: Any) -> dict[str, bytes]:
    """Return the files of a version, name to bytes; ``litert`` need not be a model. ``changes`` go into the card."""
    files = {"keras": entry(KERAS_NAME, keras), "litert": entry(LITERT_NAME, litert)}
    written = card(**{"model_version": version, "files": files, "created": CREATED, **changes})
    return {KERAS_NAME: keras, LITERT_NAME: litert, CARD_NAME: json.dumps(written).encode()}


def overwrite(store: ObjectStore, key: str, data: bytes) -> None:
    """What a person with the rights can always do, and the registry never does."""
    info = store.stat(key)
    generation = info.generation if info else ABSENT
    store.put(key, data, if_generation=generation, content_type="application/octet-stream", metadata={})


def forge_champion(store: ObjectStore, version: str, **changes: Any) -> None:
    """Write a version and the pointer to it with all checksums in order, whatever the files are."""
    files = model_version(version, **changes)
    for name, data in files.items():
        overwrite(store, model_key(version, name), data)
    pointer: dict[str, Any] = {
        "version": version,
        "card_sha256": hashlib.sha256(files[CARD_NAME]).hexdigest(),
        "promoted_at": "2026-01-01T00:00:00.000000Z",
        "previous": [],
    }
    overwrite(store, CHAMPION_KEY, json.dumps(pointer).encode())
