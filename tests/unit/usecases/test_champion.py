"""The champion is followed, one model speaks in each answer, and what is broken never takes over."""

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.domain import CARD_NAME, EXPRESSIONS
from fer.errors import InvalidInput, NotPermitted
from fer.storage.keys import CHAMPION_KEY
from fer.usecases.champion import open_classifier
from fer.vision.priors import prior_of
from tests.published import model_version
from tests.unit.usecases.champions import (
    BUNDLED,
    CHIPS,
    NOW,
    REFRESH_NOW_S,
    REVERSED,
    ROOT,
    World,
    classifier_of,
    wait_until,
)


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
