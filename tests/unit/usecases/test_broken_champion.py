"""What is broken never takes over, is told once, and is tried again when there is hope."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fer.domain import CARD_NAME
from fer.storage.keys import CHAMPION_KEY, model_key
from tests.published import LITERT_NAME, forge_champion, model_version, overwrite
from tests.unit.usecases.champions import CHIPS, REVERSED, World
from tests.unit.vision.test_model_files import TINY


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
