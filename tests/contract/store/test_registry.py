"""The model registry on every store: versions never change, the pointer moves only from where it was seen."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fer.domain import CARD_NAME
from fer.errors import Conflict, CorruptData, InvalidInput, NotFound, Unavailable
from fer.storage.keys import CHAMPION_KEY, model_key
from fer.storage.objects import MemoryObjectStore, ObjectInfo, ObjectStore
from fer.storage.registry import MAX_PREVIOUS, Champion, ModelRegistry
from tests.published import KERAS_NAME, LITERT_NAME, model_version, overwrite

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def registry(store: ObjectStore) -> ModelRegistry:
    return ModelRegistry(store)


def publish(registry: ModelRegistry, *versions: str) -> None:
    for version in versions:
        registry.publish(version, model_version(version))


def promote(registry: ModelRegistry, version: str) -> Champion:
    return registry.promote(version, expected=registry.champion(), now=NOW)


def test_an_empty_registry_has_nothing(registry: ModelRegistry) -> None:
    assert registry.versions() == []
    assert registry.champion() is None
    with pytest.raises(NotFound):
        registry.fetch("a")
    with pytest.raises(NotFound):
        registry.promote("a", expected=None, now=NOW)
    with pytest.raises(NotFound):
        registry.rollback(now=NOW)


def test_a_published_version_is_fetched_as_it_was(registry: ModelRegistry) -> None:
    files = model_version("a-1")
    report = {"gate_report.json": b"{}"}
    registry.publish("a-1", files | report)
    assert registry.fetch("a-1") == files
    assert registry.fetch("a-1", [LITERT_NAME]) == {LITERT_NAME: files[LITERT_NAME]}
    assert registry.fetch("a-1", [CARD_NAME, "gate_report.json"]) == {CARD_NAME: files[CARD_NAME], **report}
    with pytest.raises(NotFound):
        registry.fetch("a-1", ["nothing.json"])


def test_versions_are_listed_with_what_their_cards_say(registry: ModelRegistry) -> None:
    registry.publish("b", model_version("b", created="2026-01-03T00:00:00Z", parent="c", metrics={"accuracy": 0.5}))
    registry.publish("c", model_version("c", created="2026-01-02T00:00:00Z"))
    first, second = registry.versions()
    assert (first.version, first.parent, first.metrics) == ("c", None, {})
    assert (second.version, second.parent, second.metrics) == ("b", "c", {"accuracy": 0.5})
    assert first.created == NOW + timedelta(days=1)
    assert first.size_bytes == sum(map(len, model_version("c", created="2026-01-02T00:00:00Z").values()))


def test_a_version_with_a_damaged_card_is_listed_with_its_fault(store: ObjectStore, registry: ModelRegistry) -> None:
    publish(registry, "a", "b")
    overwrite(store, model_key("b", CARD_NAME), b"{")
    listed = {each.version: each.fault for each in registry.versions()}
    assert listed["a"] == ""
    assert CARD_NAME in listed["b"]


def test_a_version_without_its_card_is_not_there(store: ObjectStore, registry: ModelRegistry) -> None:
    overwrite(store, model_key("a", LITERT_NAME), b"half of an upload")
    assert registry.versions() == []
    with pytest.raises(NotFound):
        registry.fetch("a")


def test_publishing_the_same_again_changes_nothing(store: ObjectStore, registry: ModelRegistry) -> None:
    publish(registry, "a")
    before = list(store.list("models/"))
    publish(registry, "a")
    assert list(store.list("models/")) == before


class FullStore(MemoryObjectStore):
    """Takes everything but one file."""

    def put(self, key: str, data: bytes, **how: Any) -> ObjectInfo:
        if key.endswith(LITERT_NAME):
            raise Unavailable("The object store did not answer as it should.")
        return super().put(key, data, **how)


def test_a_publication_that_breaks_off_leaves_no_version() -> None:
    registry = ModelRegistry(FullStore())
    with pytest.raises(Unavailable):
        publish(registry, "a")
    assert registry.versions() == []


def test_an_interrupted_publication_is_completed_by_the_next(store: ObjectStore, registry: ModelRegistry) -> None:
    overwrite(store, model_key("a", KERAS_NAME), model_version("a")[KERAS_NAME])
    publish(registry, "a")
    assert registry.fetch("a") == model_version("a")


@pytest.mark.parametrize("changes", [{"keras": b"other"}, {"temperature": 2.0}], ids=["file", "card"])
def test_a_version_never_changes(registry: ModelRegistry, changes: dict[str, Any]) -> None:
    publish(registry, "a")
    with pytest.raises(Conflict):
        registry.publish("a", model_version("a", **changes))
    assert registry.fetch("a") == model_version("a")


BROKEN = {
    "no-card": {CARD_NAME: None},
    "no-litert-file": {LITERT_NAME: None},
    "no-keras-file": {KERAS_NAME: None},
    "wrong-sha256": {KERAS_NAME: b"sarek"},
    "truncated": {LITERT_NAME: model_version("a")[LITERT_NAME][:-1]},
    "card-of-another-version": {CARD_NAME: model_version("b")[CARD_NAME]},
    "card-is-no-json": {CARD_NAME: b"{"},
    "card-is-a-list": {CARD_NAME: b"[]"},
    "card-names-no-file": {CARD_NAME: json.dumps({"model_version": "a", "files": {}}).encode()},
    "card-without-a-time-zone": {CARD_NAME: model_version("a", created="2026-01-01T00:00:00")[CARD_NAME]},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_not_whole_is_not_published(
    store: ObjectStore, registry: ModelRegistry, changes: dict[str, bytes | None]
) -> None:
    files = {name: data for name, data in (model_version("a") | changes).items() if data is not None}
    with pytest.raises(CorruptData):
        registry.publish("a", files)
    assert list(store.list("models/")) == []


@pytest.mark.parametrize("version", ["", ".", "..", "a/b", "-a", "a b", "ä", "a" * 101])
def test_a_name_that_is_no_version_is_refused(registry: ModelRegistry, version: str) -> None:
    with pytest.raises((InvalidInput, CorruptData)):
        registry.publish(version, model_version(version))
    with pytest.raises(InvalidInput):
        registry.fetch(version)
    with pytest.raises(InvalidInput):
        registry.promote(version, expected=None, now=NOW)


def test_a_name_that_is_no_file_is_refused_before_anything_is_written(
    store: ObjectStore, registry: ModelRegistry
) -> None:
    with pytest.raises(InvalidInput):
        registry.publish("a", model_version("a") | {"../other": b""})
    assert list(store.list("models/")) == []


@pytest.mark.parametrize("name", [LITERT_NAME, KERAS_NAME, CARD_NAME])
@pytest.mark.parametrize("damage", ["truncated", "longer", "changed", "empty"])
def test_what_was_damaged_in_the_store_is_not_handed_out(
    store: ObjectStore, registry: ModelRegistry, name: str, damage: str
) -> None:
    publish(registry, "a", "b")
    champion = promote(registry, "b")
    data = model_version("a")[name]
    damages = {"truncated": data[:-1], "longer": data + b"\0", "changed": b"?" + data[1:], "empty": b""}
    overwrite(store, model_key("a", name), damages[damage])
    with pytest.raises(CorruptData):
        registry.fetch("a")
    with pytest.raises(CorruptData):
        registry.promote("a", expected=champion, now=NOW)
    assert registry.champion() == champion


def test_a_damaged_file_that_no_card_names_is_not_handed_out(store: ObjectStore, registry: ModelRegistry) -> None:
    registry.publish("a", model_version("a") | {"gate_report.json": b'{"passed": false}'})
    key = model_key("a", "gate_report.json")
    info = store.stat(key)
    assert info is not None
    forged = b'{"passed": true}'
    store.put(key, forged, if_generation=info.generation, content_type="text/plain", metadata=info.metadata)
    with pytest.raises(CorruptData):
        registry.fetch("a", ["gate_report.json"])


def test_what_serves_is_the_card_and_the_litert_file(registry: ModelRegistry) -> None:
    publish(registry, "a")
    files = model_version("a")
    assert registry.fetch_served(promote(registry, "a")) == {name: files[name] for name in (CARD_NAME, LITERT_NAME)}


def test_a_card_that_is_not_the_promoted_one_does_not_serve(store: ObjectStore, registry: ModelRegistry) -> None:
    publish(registry, "a")
    champion = promote(registry, "a")
    overwrite(store, model_key("a", CARD_NAME), model_version("a", temperature=9.0)[CARD_NAME])
    with pytest.raises(CorruptData, match="promoted"):
        registry.fetch_served(champion)


def test_promotions_and_rollbacks_remember_what_served_before(registry: ModelRegistry) -> None:
    publish(registry, "a", "b", "c")
    assert promote(registry, "a").previous == ()
    assert promote(registry, "b").previous == ("a",)
    third = promote(registry, "c")
    assert (third.version, third.previous, third.promoted_at) == ("c", ("b", "a"), NOW)
    assert registry.champion() == third

    back = registry.rollback(now=NOW + timedelta(hours=1))
    assert (back.version, back.previous) == ("b", ("a",))
    assert back.generation != third.generation
    assert registry.champion() == back
    assert registry.rollback(now=NOW).version == "a"
    with pytest.raises(NotFound):
        registry.rollback(now=NOW)


def test_a_version_that_comes_back_is_not_its_own_predecessor(registry: ModelRegistry) -> None:
    publish(registry, "a", "b")
    promote(registry, "a")
    promote(registry, "b")
    champion = promote(registry, "a")
    assert (champion.version, champion.previous) == ("a", ("b",))


def test_promoting_the_champion_again_changes_nothing(registry: ModelRegistry) -> None:
    publish(registry, "a")
    champion = promote(registry, "a")
    assert registry.promote("a", expected=champion, now=NOW + timedelta(hours=1)) == champion
    assert registry.champion() == champion


def test_the_pointer_remembers_a_limited_number_of_champions(registry: ModelRegistry) -> None:
    versions = [f"v{number}" for number in range(MAX_PREVIOUS + 3)]
    publish(registry, *versions)
    champion = [promote(registry, version) for version in versions][-1]
    assert champion.previous == tuple(reversed(versions[2:-1]))


def test_a_promotion_from_an_outdated_view_is_told_so(registry: ModelRegistry) -> None:
    publish(registry, "a", "b", "c")
    with pytest.raises(Conflict):
        registry.promote("a", expected=Champion(
            version="x", card_sha256="", promoted_at=NOW, previous=(), generation=12345), now=NOW)  # fmt: skip
    first = promote(registry, "a")
    second = registry.promote("b", expected=first, now=NOW)
    for version in ("a", "c"):
        with pytest.raises(Conflict):
            registry.promote(version, expected=first, now=NOW)
        with pytest.raises(Conflict):
            registry.promote(version, expected=None, now=NOW)
    assert registry.champion() == second


def test_of_promotions_at_once_one_wins_and_the_others_are_told(registry: ModelRegistry) -> None:
    versions = [f"v{number}" for number in range(6)]
    publish(registry, "first", *versions)
    seen = promote(registry, "first")
    start = threading.Barrier(len(versions))
    outcomes: dict[str, Champion | Conflict] = {}

    def run(version: str) -> None:
        start.wait()
        try:
            outcomes[version] = registry.promote(version, expected=seen, now=NOW)
        except Conflict as error:
            outcomes[version] = error

    threads = [threading.Thread(target=run, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [each for each in outcomes.values() if isinstance(each, Champion)]
    assert len(outcomes) == len(versions)
    assert [registry.champion()] == winners
    assert winners[0].previous == ("first",)


POINTERS = {
    "empty": b"",
    "no-json": b"{",
    "a-list": b"[]",
    "no-version": b"{}",
    "path": json.dumps(
        {"version": "../x", "card_sha256": "", "promoted_at": "2026-01-01T00:00:00.000000Z", "previous": []}
    ).encode(),
    "no-time": json.dumps({"version": "a", "card_sha256": "", "promoted_at": "now", "previous": []}).encode(),
    "too-large": b" " * (1 << 20) + b"{}",
}


@pytest.mark.parametrize("pointer", POINTERS.values(), ids=POINTERS.keys())
def test_a_damaged_pointer_is_corrupt(store: ObjectStore, registry: ModelRegistry, pointer: bytes) -> None:
    overwrite(store, CHAMPION_KEY, pointer)
    with pytest.raises(CorruptData):
        registry.champion()
