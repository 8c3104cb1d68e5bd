"""Writing the model files and their card: everything that serving needs to know about a model."""

import hashlib
import json
from pathlib import Path

SCHEMA = 1
KERAS_NAME = "facial_expression_model.keras"
LITERT_NAME = "facial_expression_model.tflite"
CARD_NAME = "model_card.json"


def _file_entry(name: str, content: bytes) -> dict:
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def make_card(
    *,
    architecture: str,
    labels: tuple[str, ...],
    size_hw: tuple[int, int],
    scale: float,
    offset: float,
    output: str,
    temperature: float,
    quantisation: str,
    keras_file: bytes,
    litert_file: bytes,
    created: str,
    metrics: dict | None = None,
    data: dict | None = None,
    training: dict | None = None,
    parent: str | None = None,
) -> dict:
    """The card; `labels` in the order of the model's output, input = grey 0–255 × scale + offset.

    `parent` is the version that the weights were fine-tuned from.
    """
    litert = {**_file_entry(LITERT_NAME, litert_file), "quantisation": quantisation}
    return {
        "schema": SCHEMA,
        "model_version": f"{architecture}-{litert['sha256'][:8]}",
        "parent": parent,
        "labels": list(labels),
        "input": {"height": size_hw[0], "width": size_hw[1], "channels": 1},
        "preprocessing": {"scale": scale, "offset": offset},
        "output": output,
        "temperature": temperature,
        "files": {"keras": _file_entry(KERAS_NAME, keras_file), "litert": litert},
        "metrics": metrics or {},
        "data": data or {},
        "training": training or {},
        "created": created,
    }


def write_model(directory: Path, card: dict, keras_file: bytes, litert_file: bytes) -> None:
    """Write the three files, the card last, each replaced as a whole: a reader never sees half a file."""
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    for name, content in ((KERAS_NAME, keras_file), (LITERT_NAME, litert_file), (CARD_NAME, text.encode())):
        partial = directory / f".{name}.partial"
        partial.write_bytes(content)
        partial.replace(directory / name)
