"""The models in the bucket: `make publish`, `promote`, `rollback`, `models-list`.

    python -m tools.registry --bucket gs://bucket publish models/expression
    python -m tools.registry --bucket gs://bucket promote residual-09c4844f [--expected residual-1a2b3c4d]
    python -m tools.registry --bucket gs://bucket rollback
    python -m tools.registry --bucket gs://bucket list
    python -m tools.registry --bucket gs://bucket withdrawn

Exit status: 0 when done; 1 when somebody else changed the champion in between, or a published version has other
files; 2 when there is no such version, a file is damaged or an argument is wrong; 3 when the bucket does not answer.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fer.errors import Conflict, CorruptData, FerError, NotFound, Unavailable
from fer.settings import Settings
from fer.storage.factory import open_store
from fer.storage.registry import CARD_NAME, Champion, ModelRegistry, ModelVersion
from fer.vision.classifier import LiteRTClassifier, probe
from fer.vision.model_files import read_model_files
from tools.withdrawn import ROWS_NAME, withdrawn_rows

OPTIONAL_FILES = ("gate_report.json", ROWS_NAME)


def read_model_dir(directory: Path) -> tuple[str, dict[str, bytes]]:
    """The version and the files of the model in ``directory``: the card, what it names, and a gate's report."""
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
    version, files = read_model_dir(directory)
    probe(LiteRTClassifier(read_model_files(files.__getitem__)))
    registry.publish(version, files)
    return f"published {version}: {sum(map(len, files.values())) / 1e6:.1f} MB in {len(files)} files"


def promote(registry: ModelRegistry, version: str, expected: str | None) -> str:
    before = registry.champion()
    if expected is not None and (before is None or before.version != expected):
        raise Conflict(f"The champion is {before.version if before else 'none'}, not {expected}; look again.")
    return _told(before, registry.promote(version, expected=before, now=datetime.now(UTC)))


def rollback(registry: ModelRegistry) -> str:
    before = registry.champion()
    return _told(before, registry.rollback(now=datetime.now(UTC)))


def list_versions(registry: ModelRegistry) -> str:
    """One line a version, the oldest first; * marks the champion, a number how many rollbacks away one is."""
    champion, versions = registry.champion(), registry.versions()
    if not versions:
        return "no model was published yet"
    places = {} if champion is None else {champion.version: "*"}
    for number, version in enumerate(champion.previous if champion else (), start=1):
        places[version] = str(number)
    width = max(len(each.version) for each in versions)
    lines = [_line(each, places.get(each.version, ""), width) for each in versions]
    if champion is None:
        return "\n".join([*lines, "no champion: predict serves the model it came with"])
    return "\n".join([*lines, f"champion {champion.version} since {champion.promoted_at:%Y-%m-%d %H:%M} UTC"])


def _line(model: ModelVersion, place: str, width: int) -> str:
    accuracy = model.metrics.get("ferplus_accuracy")
    details = [
        f"{model.created:%Y-%m-%d %H:%M}",
        f"{model.size_bytes / 1e6:5.1f} MB",
        f"FER+ {accuracy:.1%}" if isinstance(accuracy, float) else "",
        f"from {model.parent}" if model.parent else "",
        f"DAMAGED: {model.fault}" if model.fault else "",
    ]
    return f"{place:>2} {model.version:<{width}}  " + "  ".join(filter(None, details))


def _told(before: Champion | None, after: Champion) -> str:
    if before is not None and before.generation == after.generation:
        return f"{after.version} is the champion already"
    return f"champion {after.version}, before: {before.version if before else 'none'}"


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bucket", help="gs://bucket or file:///directory; default: FER_BUCKET")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("publish").add_argument("directory", type=Path)
    promotion = commands.add_parser("promote")
    promotion.add_argument("version")
    promotion.add_argument("--expected", help="refuse where the champion is another than this")
    commands.add_parser("rollback")
    commands.add_parser("list")
    commands.add_parser("withdrawn")
    return parser.parse_args(arguments)


def run(options: argparse.Namespace) -> str:
    """Do what the command line asks for and return what to tell."""
    store = open_store(options.bucket or Settings.from_env().bucket_url)
    registry = ModelRegistry(store)
    match options.command:
        case "publish":
            return publish(registry, options.directory)
        case "promote":
            return promote(registry, options.version, options.expected)
        case "rollback":
            return rollback(registry)
        case "withdrawn":
            return withdrawn_rows(store, registry)
        case _:
            return list_versions(registry)


def main() -> int:
    try:
        print(run(parse(sys.argv[1:])))
    except FerError as error:
        print(error.message, file=sys.stderr)
        return 1 if isinstance(error, Conflict) else 3 if isinstance(error, Unavailable) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
