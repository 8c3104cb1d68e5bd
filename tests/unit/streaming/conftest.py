"""The served recogniser, opened once."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer.http.json_lines import LOGGER
from fer.settings import Settings
from fer.usecases.predict import Recogniser, open_recogniser
from streaming.service import build_service, server_options
from tests.asgi_server import serving
from tests.pictures import astronaut, encode
from tests.unit.streaming.gates import Lines, Serve


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    return open_recogniser("auto", models_dir=Path(__file__).resolve().parents[3] / "models")


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A real photo of one person (NASA, public domain), as JPEG."""
    return encode(astronaut(), ".jpg")


@pytest.fixture
def serve(recogniser: Recogniser) -> Iterator[Serve]:
    """Starts the service with some settings and gives its host and port."""
    with ExitStack() as running:

        def start(
            recogniser: Recogniser = recogniser, *, send_buffer_bytes: int | None = None, **changes: Any
        ) -> str:
            settings = replace(Settings(), **changes)
            options = {"send_buffer_bytes": send_buffer_bytes, **server_options(settings)}
            return running.enter_context(serving(build_service(settings, recogniser), **options))

        yield start


@pytest.fixture
def lines() -> Iterator[Lines]:
    collected = Lines()
    level = LOGGER.level
    LOGGER.addHandler(collected)
    LOGGER.setLevel(logging.INFO)
    yield collected
    LOGGER.removeHandler(collected)
    LOGGER.setLevel(level)
