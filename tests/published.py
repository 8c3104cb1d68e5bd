"""Model versions for tests: the tiny LiteRT model of the vision tests with a card of its own each time."""

import hashlib
import json
from typing import Any

from tests.unit.vision.test_model_files import TINY, card

LITERT_NAME = "tiny.tflite"
KERAS_NAME = "facial_expression_model.keras"
CREATED = "2026-01-01T00:00:00Z"


def entry(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def model_version(version: str, *, litert: bytes = TINY, keras: bytes = b"keras", **changes: Any) -> dict[str, bytes]:
    """The files of a version, name to bytes; ``litert`` need not be a model. ``changes`` go into the card."""
    files = {"keras": entry(KERAS_NAME, keras), "litert": entry(LITERT_NAME, litert)}
    written = card(**{"model_version": version, "files": files, "created": CREATED, **changes})
    return {KERAS_NAME: keras, LITERT_NAME: litert, "model_card.json": json.dumps(written).encode()}
