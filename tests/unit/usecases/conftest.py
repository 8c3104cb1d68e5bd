"""The champion's tests: a registry to follow, and what was logged."""

import logging
from collections.abc import Generator

import pytest

from tests.unit.usecases.champions import World


@pytest.fixture
def world() -> Generator[World]:
    world = World()
    yield world
    for classifier in world.started:
        classifier.close()


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("fer"), "propagate", True)  # an endpoint of another test may have cut it
    caplog.set_level(logging.INFO, logger="fer")
    return caplog
