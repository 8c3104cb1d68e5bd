"""A registry with champions, and classifiers that follow it."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from fer.domain import EXPRESSIONS
from fer.errors import Unavailable
from fer.storage.keys import CHAMPION_KEY
from fer.storage.objects import MemoryObjectStore, ObjectInfo
from fer.storage.registry import Champion, ModelRegistry
from fer.usecases.champion import ChampionClassifier
from fer.vision.arrays import FaceChips
from fer.vision.classifier import LiteRTClassifier
from fer.vision.model_files import read_model_files
from fer.vision.priors import PriorChoice
from tests.published import model_version

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
