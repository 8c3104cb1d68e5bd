"""The whole loop, small: a real server on an empty bucket, an untrained tiny net, marked copies of one face."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from fer.storage.factory import open_store
from fer.storage.registry import ModelRegistry
from tests.training.generated import marked_portraits
from training.data.fer2013 import FaceData, unanimous_votes
from training.demo.camera import Camera
from training.demo.loop import Demo, choose_rows, run_demo, table
from training.evaluation.plots import plot_loop
from training.retraining.retrain import Options
from training.retraining.served_answer import ROOT

pytestmark = pytest.mark.filterwarnings("ignore")


def _base(count: int) -> FaceData:
    labels = np.arange(count) % 7
    usage = np.where(np.arange(count) < count * 2 // 3, "Training", "PublicTest")
    return FaceData(images=marked_portraits(labels), labels=labels, usage=usage, votes=unanimous_votes(labels))


def test_corrections_become_a_served_model_and_a_poisoned_batch_does_not(
    tiny_options: Options, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "expression").symlink_to(tiny_options.bundled)
    (models / "detector").symlink_to(ROOT / "models/detector")
    config = dataclasses.replace(tiny_options.config, epochs=20)
    # The tiny net is so sure that most random labels go into quarantine, and few are left to judge by.
    bounds = dataclasses.replace(tiny_options.bounds, fewest_held_out=3)
    demo = Demo(
        workdir=tmp_path / "demo",
        options=dataclasses.replace(tiny_options, base=_base(630), config=config, bounds=bounds),
        corrections=210,
        poisoned=210,
        held_out=70,
        camera=Camera(rows_px=44, stretch=1.3, gain=0.5),
        environ={"FER_MODELS_DIR": str(models)},
    )
    figures = run_demo(demo)
    assert figures["after"]["accuracy"] > figures["before"]["accuracy"] + 0.3
    assert figures["before"]["model_version"] == [figures["gate"]["champion"]]
    assert figures["after"]["model_version"] == [figures["gate"]["challenger"]]
    assert figures["served_at_the_end"] == figures["gate"]["challenger"]
    champion = ModelRegistry(open_store((tmp_path / "demo/bucket").as_uri())).champion()
    assert champion is not None
    assert champion.version == figures["gate"]["challenger"]
    assert not figures["poisoned"]["gate"]["passed"]
    assert figures["gate"]["feedback"]["rows"] == 210
    withdrawal = figures["withdrawal"]
    assert withdrawal["rows after"] == withdrawal["rows before"] - withdrawal["taken back"]
    assert f"{withdrawal['taken back']} of its 210 rows have been withdrawn" in withdrawal["models"]
    assert f"{figures['poisoned']['sent']} more with random labels: refused" in "\n".join(table(figures))
    plot_loop(figures, tmp_path / "loop.png")
    assert (tmp_path / "loop.png").stat().st_size > 0


def test_no_picture_is_both_corrected_and_measured_on() -> None:
    faces = _base(90)
    copy = faces.images.copy()
    copy[5] = copy[-1]  # a picture of PublicTest once more in Training
    faces = FaceData(images=copy, labels=faces.labels, usage=faces.usage, votes=faces.votes)
    pool, held_out = choose_rows(faces, faces.labels, seed=1)
    assert 5 not in pool
    assert len(pool) == 59
    assert set(faces.usage[held_out]) == {"PublicTest"}
