"""The expression model's files and its card."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer.domain import EXPRESSIONS
from fer.errors import CorruptData, NotFound

CARD_NAME = "model_card.json"
OUTPUTS = ("logits", "probabilities")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """What ``model_card.json`` says, checked, and where the LiteRT file lies.

    The model's input is float32 (N, height, width, 1), grey · ``scale`` + ``offset``; its output ``labels`` in
    that order, as ``logits`` or ``probabilities``.
    """

    model_version: str
    labels: tuple[str, ...]
    input_hw: tuple[int, int]
    scale: float
    offset: float
    output: str
    temperature: float
    litert_path: Path

    def __post_init__(self) -> None:
        if sorted(self.labels) != sorted(EXPRESSIONS):
            raise ValueError(f"labels must be the seven of {EXPRESSIONS}, got {self.labels}")
        if self.output not in OUTPUTS:
            raise ValueError(f"output must be one of {OUTPUTS}, got {self.output!r}")
        if not 0 < self.temperature < 100:
            raise ValueError(f"temperature must be positive, got {self.temperature}")
        if min(self.input_hw) < 1:
            raise ValueError(f"input must have a size, got {self.input_hw}")


def load_model_files(directory: Path) -> ModelFiles:
    """Read ``model_card.json`` in ``directory`` and check the LiteRT file against its sha256.

    Raises ``NotFound`` where a file is missing and ``CorruptData`` where one is not what the card says.
    """
    try:
        card: dict[str, Any] = json.loads((directory / CARD_NAME).read_bytes())
        litert_path = directory / Path(card["files"]["litert"]["name"]).name
        expected = card["files"]["litert"]["sha256"]
        model_files = _from_card(card, litert_path)
        actual = hashlib.sha256(litert_path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise NotFound(f"The model directory {directory} lacks a file.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptData(f"{CARD_NAME} in {directory} cannot be used.") from error
    if actual != expected:
        raise CorruptData(f"{litert_path} is not the file that {CARD_NAME} names.")
    return model_files


def _from_card(card: dict[str, Any], litert_path: Path) -> ModelFiles:
    if card["schema"] != 1 or card["input"]["channels"] != 1:
        raise ValueError("expected schema 1 and one channel")
    return ModelFiles(
        model_version=str(card["model_version"]),
        labels=tuple(card["labels"]),
        input_hw=(int(card["input"]["height"]), int(card["input"]["width"])),
        scale=float(card["preprocessing"]["scale"]),
        offset=float(card["preprocessing"]["offset"]),
        output=card["output"],
        temperature=float(card["temperature"]),
        litert_path=litert_path,
    )
