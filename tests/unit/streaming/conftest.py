"""The served recogniser, opened once."""

from pathlib import Path

import pytest

from fer.usecases.predict import Recogniser, open_recogniser
from tests.pictures import astronaut, encode


@pytest.fixture(scope="session")
def recogniser() -> Recogniser:
    return open_recogniser("auto", models_dir=Path(__file__).resolve().parents[3] / "models")


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A real photo of one person (NASA, public domain), as JPEG."""
    return encode(astronaut(), ".jpg")
