"""The expression model's files and its card, ``model_card.json``."""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from fer.domain import EXPRESSIONS
from fer.errors import CorruptData, NotFound

CARD_NAME = "model_card.json"
CARD_SCHEMA = 1

ModelOutput = Literal["logits", "probabilities"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """What ``model_card.json`` says, checked, and where the LiteRT file lies.

    The model's input is grey uint8 · ``scale`` + ``offset`` as float32 (1, height, width, 1); ``labels`` are the
    seven expressions in the order of its output.
    """

    model_version: str
    labels: tuple[str, ...]
    input_hw: tuple[int, int]
    scale: float
    offset: float
    output: ModelOutput
    temperature: float
    litert_path: Path


def load_model_files(directory: Path) -> ModelFiles:
    """Read ``model_card.json`` in ``directory`` and check the LiteRT file against its sha256.

    Raises ``NotFound`` where a file is missing and ``CorruptData`` where one is not what the card says.
    """
    card_path = directory / CARD_NAME
    if not card_path.is_file():
        raise NotFound(f"There is no {CARD_NAME} in the model's directory.")
    try:
        card = cast(dict[str, Any], json.loads(card_path.read_text(encoding="utf-8")))
        if card["schema"] != CARD_SCHEMA:
            raise CorruptData(f"{CARD_NAME} has schema {card['schema']}, expected {CARD_SCHEMA}.")
        litert_path = directory / Path(str(card["files"]["litert"]["name"])).name
        files = _from_card(card, litert_path)
        expected = str(card["files"]["litert"]["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptData(f"{CARD_NAME} is not a model card: {error}") from error
    if not litert_path.is_file():
        raise NotFound(f"There is no {litert_path.name} in the model's directory.")
    if hashlib.sha256(litert_path.read_bytes()).hexdigest() != expected:
        raise CorruptData(f"{litert_path.name} does not have the sha256 that {CARD_NAME} states.")
    return files


def _from_card(card: dict[str, Any], litert_path: Path) -> ModelFiles:
    labels = tuple(str(label) for label in card["labels"])
    if sorted(labels) != sorted(EXPRESSIONS):
        raise ValueError(f"labels must be {EXPRESSIONS} in any order, got {labels}")
    shape = card["input"]
    if shape["channels"] != 1:
        raise ValueError(f"the input must have 1 channel, got {shape['channels']}")
    output = card["output"]
    if output not in ("logits", "probabilities"):
        raise ValueError(f"output must be logits or probabilities, got {output!r}")
    temperature = float(card["temperature"])
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature must be positive, got {temperature}")
    return ModelFiles(
        model_version=str(card["model_version"]),
        labels=labels,
        input_hw=(int(shape["height"]), int(shape["width"])),
        scale=float(card["preprocessing"]["scale"]),
        offset=float(card["preprocessing"]["offset"]),
        output=output,
        temperature=temperature,
        litert_path=litert_path,
    )
