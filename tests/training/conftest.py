"""What the training tests share."""

import os
from pathlib import Path

import pytest

# Keras and TensorFlow read these when they are first imported. More threads only slow such small nets.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained tiny net, as the model that the project comes with."""
    from tests.training.tiny import write_model

    return write_model(tmp_path_factory.mktemp("bundled"))


@pytest.fixture
def tiny_options(tmp_path: Path, bundled: Path):
    """Retraining of the tiny net; the CSV is still to be named."""
    from tests.training.tiny import CONFIG, LENIENT
    from training.retraining.retrain import Options

    return Options(
        csv="",
        bucket=(tmp_path / "bucket").as_uri(),
        workdir=tmp_path / "work",
        config=CONFIG,
        bounds=LENIENT,
        bundled=bundled,
        detector_dir=None,  # what it is trained on are no faces
    )
