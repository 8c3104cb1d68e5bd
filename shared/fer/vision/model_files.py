"""The expression model's files and its card, ``model_card.json``."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from fer.domain import CARD_NAME, EXPRESSIONS
from fer.errors import CorruptData, NotFound
from fer.vision.priors import Prior, read_priors

CARD_SCHEMA = 1
MAX_INPUT_SIDE_PX = 512
"""Ten times the chip's side; a card that states more is wrong, and its arrays could fill the memory."""

ModelOutput = Literal["logits", "probabilities"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """The checked content of ``model_card.json``, and the LiteRT file.

    The model's input is float32 (1, height, width, 1): grey uint8 · ``scale`` + ``offset``; ``labels`` are the
    seven expressions in the order of its output; ``priors`` is as ``read_priors`` gives it.
    """

    model_version: str
    labels: tuple[str, ...]
    input_hw: tuple[int, int]
    scale: float
    offset: float
    output: ModelOutput
    temperature: float
    litert_file: bytes = field(repr=False)
    priors: dict[str, Prior] = field(default_factory=dict[str, Prior])


def load_model_files(directory: Path) -> ModelFiles:
    """Return the model in ``directory``; raises as ``read_model_files``."""
    return read_model_files(lambda name: _read(directory, name))


def read_model_files(read: Callable[[str], bytes]) -> ModelFiles:
    """Read ``model_card.json`` and the LiteRT file it names, and check that file against its sha256.

    ``read`` takes a plain file name; it raises ``NotFound`` if there is no such file. Raises
    ``CorruptData`` if a file does not match the card.
    """
    try:
        card = cast("dict[str, Any]", json.loads(read(CARD_NAME)))
        if card["schema"] != CARD_SCHEMA:
            raise CorruptData(f"{CARD_NAME} has schema {card['schema']}, expected {CARD_SCHEMA}.")
        name = Path(str(card["files"]["litert"]["name"])).name
        litert_file = read(name)
        if hashlib.sha256(litert_file).hexdigest() != card["files"]["litert"]["sha256"]:
            raise CorruptData(f"{name} does not have the sha256 that {CARD_NAME} states.")
        return _from_card(card, litert_file)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CorruptData(f"{CARD_NAME} is not a model card: {error}") from error


def _read(directory: Path, name: str) -> bytes:
    path = directory / name
    if not path.is_file():
        raise NotFound(f"There is no {name} in the model's directory.")
    return path.read_bytes()


def _from_card(card: dict[str, Any], litert_file: bytes) -> ModelFiles:
    labels = tuple(str(label) for label in card["labels"])
    if sorted(labels) != sorted(EXPRESSIONS):
        raise ValueError(f"labels must be {EXPRESSIONS} in any order, got {labels}")
    shape = card["input"]
    if shape["channels"] != 1:
        raise ValueError(f"the input must have 1 channel, got {shape['channels']}")
    input_hw = (int(shape["height"]), int(shape["width"]))
    if not all(1 <= side_px <= MAX_INPUT_SIDE_PX for side_px in input_hw):
        raise ValueError(f"the input's sides must be 1 to {MAX_INPUT_SIDE_PX}, got {input_hw}")
    output = card["output"]
    if output not in ("logits", "probabilities"):
        raise ValueError(f"output must be logits or probabilities, got {output!r}")
    temperature = float(card["temperature"])
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature must be positive, got {temperature}")
    return ModelFiles(
        model_version=str(card["model_version"]),
        labels=labels,
        input_hw=input_hw,
        scale=float(card["preprocessing"]["scale"]),
        offset=float(card["preprocessing"]["offset"]),
        output=output,
        temperature=temperature,
        litert_file=litert_file,
        priors=read_priors(card.get("priors")),
    )
