"""``fer models``: list, publish, promote and roll back the models in a bucket, and find those to retrain."""

import argparse
from datetime import UTC, datetime

from fer.errors import Conflict
from fer.settings import Settings
from fer.storage.factory import open_store
from fer.storage.registry import Champion, ModelRegistry, ModelVersion
from fer.usecases.withdrawn import withdrawn_rows


def run_models(options: argparse.Namespace) -> str:
    """Run the action and return the text to print."""
    store = open_store(options.bucket or Settings.from_env().bucket_url)
    registry = ModelRegistry(store)
    match options.action:
        case "publish":
            from fer.usecases.publish import publish  # loads the vision packages, which the other actions do not need

            return publish(registry, options.directory)
        case "promote":
            return promote(registry, options.version, options.expected)
        case "rollback":
            return rollback(registry)
        case "withdrawn":
            return withdrawn_rows(store, registry)
        case _:
            return list_versions(registry)


def promote(registry: ModelRegistry, version: str, expected: str | None) -> str:
    before = registry.champion()
    if expected is not None and (before is None or before.version != expected):
        raise Conflict(f"The champion is {before.version if before else 'none'}, not {expected}; check again.")
    return _told(before, registry.promote(version, expected=before, now=datetime.now(UTC)))


def rollback(registry: ModelRegistry) -> str:
    before = registry.champion()
    return _told(before, registry.rollback(now=datetime.now(UTC)))


def list_versions(registry: ModelRegistry) -> str:
    """Return one line per version, oldest first; * marks the champion, a number how many rollbacks lead to one."""
    champion, versions = registry.champion(), registry.versions()
    if not versions:
        return "no model has been published yet"
    places = {} if champion is None else {champion.version: "*"}
    for number, version in enumerate(champion.previous if champion else (), start=1):
        places[version] = str(number)
    width = max(len(each.version) for each in versions)
    lines = [_line(each, places.get(each.version, ""), width) for each in versions]
    if champion is None:
        return "\n".join([*lines, "no champion: predict serves its built-in model"])
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
        return f"{after.version} is already the champion"
    return f"champion {after.version}, before: {before.version if before else 'none'}"
