"""The champion is followed, one model speaks in each answer, and what is broken never takes over."""

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.domain import EXPRESSIONS
from fer.errors import InvalidInput, NotPermitted, Unavailable
from fer.storage.keys import CHAMPION_KEY, model_key
from fer.storage.objects import MemoryObjectStore, ObjectInfo
from fer.storage.registry import CARD_NAME, Champion, ModelRegistry
from fer.usecases.champion import ChampionClassifier, open_classifier
from fer.vision.arrays import FaceChips
from fer.vision.classifier import LiteRTClassifier
from fer.vision.model_files import read_model_files
from fer.vision.priors import PriorChoice, prior_of
from tests.published import LITERT_NAME, forge_champion, model_version, overwrite
from tests.unit.vision.test_model_files import TINY

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
REFRESH_S = 3600.0
REFRESH_NOW_S = 0.005
CHIPS: FaceChips = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
REVERSED: dict[str, Any] = {"labels": list(reversed(EXPRESSIONS))}
BUNDLED = model_version("bundled", temperature=3.0)


def classifier_of(files: dict[str, bytes]) -> LiteRTClassifier:
    return LiteRTClassifier(read_model_files(files.__getitem__))


class CountedStore(MemoryObjectStore):
    """Counts what is read, fails for keys with ``failing_prefix``, and holds readers up while ``gate`` is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.read_keys: list[str] = []
        self.failing_prefix: str | None = None
        self.failure = Unavailable("The object store did not answer as it should.")
        self.gate = threading.Event()
        self.gate.set()

    def stat(self, key: str) -> ObjectInfo | None:
        self.gate.wait()
        self.read_keys.append(key)
        if self.failing_prefix is not None and key.startswith(self.failing_prefix):
            raise self.failure
        return super().stat(key)


class World:
    """A registry, and classifiers that follow it."""

    def __init__(self) -> None:
        self.store = CountedStore()
        self.registry = ModelRegistry(self.store)
        self.started: list[ChampionClassifier] = []

    def start(self, *, refresh_s: float = REFRESH_S, prior: PriorChoice = "default") -> ChampionClassifier:
        classifier = ChampionClassifier(
            classifier_of(BUNDLED), lambda: ModelRegistry(self.store), refresh_s=refresh_s, prior=prior
        )
        self.started.append(classifier)
        return classifier

    def promote(self, version: str, **changes: Any) -> Champion:
        self.registry.publish(version, model_version(version, **changes))
        return self.registry.promote(version, expected=self.registry.champion(), now=NOW)

    def looks(self) -> int:
        return self.store.read_keys.count(CHAMPION_KEY)


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


@pytest.fixture
def world() -> Generator[World]:
    world = World()
    yield world
    for classifier in world.started:
        classifier.close()


@pytest.fixture(autouse=True)
def heard(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("fer"), "propagate", True)  # an endpoint of another test may have cut it
    caplog.set_level(logging.INFO, logger="fer")
    return caplog


def test_without_a_champion_the_first_model_serves_and_says_so(world: World, heard: pytest.LogCaptureFixture) -> None:
    classifier = world.start()
    assert classifier.model_version == "bundled"
    assert classifier.classify(CHIPS).tobytes() == classifier_of(BUNDLED).classify(CHIPS).tobytes()
    assert heard.messages == ["There is no champion in the bucket; bundled keeps serving"]
    classifier.look()
    assert len(heard.messages) == 1


def test_a_bucket_that_refuses_a_missing_pointer_is_no_error_until_there_was_one(
    world: World, heard: pytest.LogCaptureFixture
) -> None:
    world.store.failure = NotPermitted("The object store did not answer as it should.")
    world.store.failing_prefix = CHAMPION_KEY
    classifier = world.start()
    assert [(record.levelname, record.message) for record in heard.records] == [
        ("WARNING", "There is no champion in the bucket, or it may not be read; bundled keeps serving")
    ]
    world.store.failing_prefix = None
    world.promote("a")
    classifier.look()
    world.store.failing_prefix = CHAMPION_KEY
    classifier.look()
    assert heard.records[-1].levelname == "ERROR"
    assert classifier.model_version == "a"


def test_the_champion_serves_from_the_start(world: World) -> None:
    world.promote("a", **REVERSED)
    classifier = world.start()
    assert classifier.model_version == "a"
    expected = classifier_of(model_version("a", **REVERSED)).classify(CHIPS)
    assert classifier.classify(CHIPS).tobytes() == expected.tobytes()


def test_promotion_and_rollback_are_followed(world: World) -> None:
    world.promote("a")
    classifier = world.start()
    world.promote("b")
    classifier.look()
    assert classifier.model_version == "b"
    world.registry.rollback(now=NOW)
    classifier.look()
    assert classifier.model_version == "a"


def followers() -> set[threading.Thread]:
    """Return the threads that look now, those that other tests left behind among them."""
    return {thread for thread in threading.enumerate() if thread.name == "champion"}


def test_the_pointer_is_followed_without_any_request(world: World, heard: pytest.LogCaptureFixture) -> None:
    world.promote("a")
    classifier = world.start(refresh_s=REFRESH_NOW_S)
    assert classifier.model_version == "a"
    world.promote("b")
    wait_until(lambda: heard.messages[-1] == "The champion b takes over from a")
    assert classifier.model_version == "b"


def test_requests_cause_no_looks_of_their_own(world: World) -> None:
    world.promote("a")
    classifier = world.start()
    world.promote("b")
    world.store.read_keys.clear()
    for _ in range(100):
        classifier.classify(CHIPS)
    assert world.store.read_keys == []
    assert classifier.model_version == "a"


def test_nothing_looks_before_the_first_request_and_after_the_end(world: World) -> None:
    world.promote("a")
    threads = followers()
    classifier = world.start(refresh_s=REFRESH_NOW_S)
    assert followers() <= threads
    looks = world.looks()
    classifier.pinned()
    wait_until(lambda: world.looks() > looks + 2)
    classifier.close()
    wait_until(lambda: followers() <= threads)
    assert classifier.model_version == "a"


def test_a_request_waits_for_no_look_and_one_thread_looks(world: World) -> None:
    world.promote("a")
    classifier = world.start(refresh_s=REFRESH_NOW_S)
    world.promote("b")
    world.store.gate.clear()
    threads = followers()
    with ThreadPoolExecutor(8) as callers:
        answers = [callers.submit(lambda: classifier.pinned().model_version) for _ in range(64)]
        assert {answer.result() for answer in answers} == {"a"}
    assert len(followers() - threads) == 1
    world.store.gate.set()
    wait_until(lambda: classifier.model_version == "b")


def test_who_pinned_a_model_keeps_it(world: World) -> None:
    world.promote("a")
    classifier = world.start()
    pinned = classifier.pinned()
    before = pinned.classify(CHIPS)
    world.promote("b", **REVERSED)
    classifier.look()
    assert classifier.model_version == "b"
    assert (pinned.model_version, pinned.classify(CHIPS).tobytes()) == ("a", before.tobytes())


def lose(key: str) -> Callable[[World], None]:
    def damage(world: World) -> None:
        info = world.store.stat(key)
        assert info is not None
        world.store.delete(key, if_generation=info.generation)

    return damage


def write(key: str, data: bytes) -> Callable[[World], None]:
    return lambda world: overwrite(world.store, key, data)


def forge(**changes: Any) -> Callable[[World], None]:
    return lambda world: forge_champion(world.store, "bad", **changes)


def not_a_number(model: bytes) -> bytes:
    """Return the tiny model with weights that are no numbers."""
    weights = np.arange(7, dtype=np.float32).tobytes()
    assert model.count(weights) == 1
    return model.replace(weights, np.full(7, np.nan, np.float32).tobytes())


DAMAGES = {
    "litert-truncated": write(model_key("bad", LITERT_NAME), TINY[:-100]),
    "litert-emptied": write(model_key("bad", LITERT_NAME), b""),
    "litert-changed": write(model_key("bad", LITERT_NAME), bytes(len(TINY))),
    "litert-lost": lose(model_key("bad", LITERT_NAME)),
    "card-lost": lose(model_key("bad", CARD_NAME)),
    "card-truncated": write(model_key("bad", CARD_NAME), b"{"),
    "card-of-another-temperature": write(
        model_key("bad", CARD_NAME), model_version("bad", temperature=9.0)[CARD_NAME]
    ),
    "truncated-when-published": forge(litert=TINY[:-100]),
    "zeros-when-published": forge(litert=TINY[: len(TINY) // 2] + bytes(len(TINY) // 2)),
    "no-model": forge(litert=b"not a model"),
    "scores-are-no-numbers": forge(litert=not_a_number(TINY)),
    "wrong-input-shape": forge(input={"height": 48, "width": 48, "channels": 1}),
    "huge-input": forge(input={"height": 10**6, "width": 10**6, "channels": 1}),
    "wrong-labels": forge(labels=["happy"]),
    "wrong-schema": forge(schema=2),
    "no-temperature": forge(temperature=0),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_broken_champion_never_takes_over(
    world: World, heard: pytest.LogCaptureFixture, damage: Callable[[World], None]
) -> None:
    world.promote("a")
    classifier = world.start()
    before = classifier.classify(CHIPS)
    world.promote("bad", **REVERSED)
    damage(world)
    heard.clear()
    classifier.look()

    assert classifier.model_version == "a"
    assert classifier.classify(CHIPS).tobytes() == before.tobytes()
    (record,) = heard.records
    assert record.levelname == "ERROR"
    assert record.getMessage().startswith("The champion bad cannot serve; a keeps serving: ")
    assert world.start().model_version == "bundled"  # and neither at a cold start


def test_a_champion_that_only_its_publication_forged_does_take_over(world: World) -> None:
    world.promote("a")
    classifier = world.start()
    world.promote("bad", **REVERSED)
    forge(**REVERSED)(world)
    classifier.look()
    assert classifier.model_version == "bad"


def test_a_broken_champion_is_tried_and_told_once_until_the_pointer_changes(
    world: World, heard: pytest.LogCaptureFixture
) -> None:
    world.promote("a")
    classifier = world.start()
    world.promote("bad")
    overwrite(world.store, model_key("bad", LITERT_NAME), b"")
    heard.clear()
    world.store.read_keys.clear()
    for _ in range(5):
        classifier.look()
    assert world.store.read_keys.count(model_key("bad", LITERT_NAME)) == 1
    assert len(heard.records) == 1
    world.promote("c")
    classifier.look()
    assert classifier.model_version == "c"


def test_a_store_that_is_down_is_told_once_and_asked_again(world: World, heard: pytest.LogCaptureFixture) -> None:
    world.promote("a")
    classifier = world.start()
    world.store.failing_prefix = ""
    heard.clear()
    for _ in range(3):
        classifier.look()
    assert classifier.model_version == "a"
    assert len(heard.records) == 1
    world.store.failing_prefix = None
    world.promote("b")
    classifier.look()
    assert classifier.model_version == "b"


def test_a_store_that_fails_in_the_middle_is_asked_again_for_the_same_champion(world: World) -> None:
    world.promote("a")
    classifier = world.start()
    world.promote("b")
    world.store.failing_prefix = model_key("b", LITERT_NAME)
    classifier.look()
    assert classifier.model_version == "a"
    world.store.failing_prefix = None
    classifier.look()
    assert classifier.model_version == "b"


@pytest.mark.parametrize("pointer", [b"", b"{", b"[]", b'{"version": "../a"}'])
def test_a_damaged_pointer_changes_nothing(world: World, heard: pytest.LogCaptureFixture, pointer: bytes) -> None:
    world.promote("a")
    classifier = world.start()
    overwrite(world.store, CHAMPION_KEY, pointer)
    heard.clear()
    for _ in range(3):
        classifier.look()
    assert classifier.model_version == "a"
    assert len(heard.records) == 1
    assert world.start().model_version == "bundled"


def test_a_pointer_that_is_removed_changes_nothing(world: World) -> None:
    world.promote("a")
    classifier = world.start()
    lose(CHAMPION_KEY)(world)
    classifier.look()
    assert classifier.model_version == "a"


def test_answers_from_eight_threads_are_each_of_one_model_while_models_change(world: World) -> None:
    changes: dict[str, dict[str, Any]] = {"a": {}, "b": REVERSED, "c": {"temperature": 2.0}}
    expected = {
        name: classifier_of(model_version(name, **change)).classify(CHIPS).tobytes()
        for name, change in changes.items()
    }
    assert len(set(expected.values())) == 3
    for name, change in changes.items():
        world.promote(name, **change)
    classifier = world.start(refresh_s=REFRESH_NOW_S)
    stop = threading.Event()

    def answer(_: int) -> set[str]:
        seen: set[str] = set()
        while not stop.is_set():
            model = classifier.pinned()
            assert model.classify(CHIPS).tobytes() == expected[model.model_version]
            seen.add(model.model_version)
        return seen

    with ThreadPoolExecutor(8) as threads:
        seen = [threads.submit(answer, number) for number in range(8)]
        try:
            for name in [*"abc"] * 20:
                champion = world.registry.champion()
                world.registry.promote(name, expected=champion, now=NOW)
                time.sleep(0.02)
        finally:
            stop.set()
        assert set.union(*(each.result() for each in seen)) == set(expected)


def test_a_champion_answers_for_the_wanted_population(world: World) -> None:
    balanced = dict.fromkeys(EXPRESSIONS, 1.0)
    mostly_sad = prior_of([1, 1, 1, 1, 94, 1, 1])
    world.promote("a", priors={"network": balanced, "default": balanced})
    scores = world.start().classify(CHIPS)
    expected = scores * mostly_sad / (scores * mostly_sad).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(world.start(prior=mostly_sad).classify(CHIPS), expected, atol=1e-6)


def test_a_champion_that_does_not_know_the_wanted_population_does_not_serve(world: World) -> None:
    world.promote("a")
    assert world.start(prior="ferplus").model_version == "bundled"


def test_without_an_address_the_bundled_model_serves_and_no_storage_is_loaded() -> None:
    code = (
        "import sys; from pathlib import Path; from fer.usecases.champion import open_classifier;"
        "open_classifier(Path('models'), model_uri=None, refresh_s=60);"
        "print([name for name in sys.modules if name.startswith(('fer.storage', 'google.auth', 'requests'))])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_a_wrong_address_stops_the_start() -> None:
    with pytest.raises(InvalidInput):
        open_classifier(ROOT / "models", model_uri="gs://bucket/folder", refresh_s=60)


def test_a_directory_that_cannot_be_made_does_not_stop_the_start(
    tmp_path: Path, heard: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"")
    url = (tmp_path / "file" / "bucket").as_uri()
    classifier = open_classifier(ROOT / "models", model_uri=url, refresh_s=60)
    card = json.loads((ROOT / "models" / "expression" / CARD_NAME).read_text(encoding="utf-8"))
    assert classifier.model_version == card["model_version"]
    assert len(heard.records) == 1
