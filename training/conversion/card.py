"""Writes the model files and their card: everything that serving needs to know about a model."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from fer.domain import CARD_NAME
from fer.vision.model_files import CARD_SCHEMA
from fer.vision.priors import BALANCED, read_priors
from fer.whole_files import replacing
from training.data.fer2013 import LABELS

KERAS_NAME = "facial_expression_model.keras"
LITERT_NAME = "facial_expression_model.tflite"


def _file_entry(name: str, content: bytes) -> dict[str, Any]:
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
    metrics: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    parent: str | None = None,
    priors: dict[str, dict[str, float]] | None = None,
) -> dict[str, Any]:
    """Return the card; ``labels`` in the order of the model's output, input = grey 0–255 × scale + offset.

    ``parent`` is the version that the weights were fine-tuned from; ``priors`` are the populations that scores can be
    meant for (``make_priors``).
    """
    litert = {**_file_entry(LITERT_NAME, litert_file), "quantisation": quantisation}
    card = {
        "schema": CARD_SCHEMA,
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
    return card if priors is None else {**card, "priors": priors}


def make_priors(network: np.ndarray, ferplus: np.ndarray) -> dict[str, dict[str, float]]:
    """Return the card's priors: the network's own, the default and FER+'s; shares (7,) in LABELS' order.

    By default all seven expressions count alike.
    """
    shares = {"network": network, "default": np.array(BALANCED), "ferplus": ferplus}
    return {
        name: {label: round(float(share), 6) for label, share in zip(LABELS, values, strict=True)}
        for name, values in shares.items()
    }


def network_prior(card: dict[str, Any]) -> np.ndarray | None:
    """Return the population that the network's scores are for, float32 (7,) in LABELS' order; None if not stated."""
    known = read_priors(card.get("priors"))
    return np.array(known["network"], np.float32) if known else None


def write_model(directory: Path, card: dict[str, Any], keras_file: bytes, litert_file: bytes) -> None:
    """Write the three files, the card last, each atomically: a reader never sees half a file."""
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    for name, content in ((KERAS_NAME, keras_file), (LITERT_NAME, litert_file), (CARD_NAME, text.encode())):
        with replacing(directory / name) as file:
            file.write(content)
