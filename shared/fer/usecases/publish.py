"""A model's files from a directory into the bucket, once they have been shown to serve."""

import json
from pathlib import Path
from typing import Any

from fer.domain import CARD_NAME
from fer.errors import CorruptData, NotFound
from fer.storage.registry import ModelRegistry
from fer.usecases.withdrawn import ROWS_NAME
from fer.vision.classifier import LiteRTClassifier, probe
from fer.vision.model_files import read_model_files

OPTIONAL_FILES = ("gate_report.json", ROWS_NAME)


def read_model_dir(directory: Path) -> tuple[str, dict[str, bytes]]:
    """Return the version and files of the model in ``directory``: the card, the files it names, a gate's report."""
    try:
        card: dict[str, Any] = json.loads((directory / CARD_NAME).read_bytes())
        names = [CARD_NAME, *(str(entry["name"]) for entry in card["files"].values())]
        names += [name for name in OPTIONAL_FILES if (directory / name).is_file()]
        return str(card["model_version"]), {name: (directory / Path(name).name).read_bytes() for name in names}
    except FileNotFoundError as error:
        raise NotFound(f"There is no {error.filename}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptData(f"{directory / CARD_NAME} is not a model card.") from error


def publish(registry: ModelRegistry, directory: Path) -> str:
    """Publish the model in ``directory`` and return the text to print; raises as ``probe`` and the registry do."""
    version, files = read_model_dir(directory)
    probe(LiteRTClassifier(read_model_files(files.__getitem__)))
    registry.publish(version, files)
    return f"published {version}: {sum(map(len, files.values())) / 1e6:.1f} MB in {len(files)} files"
