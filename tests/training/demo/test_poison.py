"""The kinds of bad batches are what they say; retraining publishes none of those that are tried here."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from tests.training.generated import marked, portraits
from training.data.fer2013 import LABELS, FaceData, unanimous_votes
from training.demo.poison import KINDS, Pool, make_batch, table, try_batch
from training.retraining.parts import Faces
from training.retraining.retrain import Options

pytestmark = pytest.mark.filterwarnings("ignore")

COUNT = 70


@pytest.fixture(scope="module")
def pool() -> Pool:
    labels = np.arange(COUNT) % 7
    scores = np.random.default_rng(0).dirichlet(np.ones(7), COUNT)
    return Pool(faces=Faces(images=portraits(COUNT), labels=labels), scores=scores)


@pytest.mark.parametrize("name", list(KINDS))
def test_a_bad_batch_has_rows_and_is_the_same_for_the_same_seed(pool: Pool, name: str) -> None:
    first, again = make_batch(KINDS[name], pool, 1), make_batch(KINDS[name], pool, 1)
    assert len(first) == COUNT
    assert first.images.shape == (COUNT, 48, 48)
    assert first.images.dtype == np.uint8
    assert (first.images == again.images).all()
    assert (first.labels == again.labels).all()
    assert set(first.labels) <= set(range(7))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("one-label", 6 / 7), ("swapped", 2 / 7), ("hidden", 1 / 7), ("turned", 1), ("rare-label", 6 / 7)],
)
def test_as_many_labels_are_wrong_as_it_says(pool: Pool, name: str, wrong: float) -> None:
    batch = make_batch(KINDS[name], pool, 1)
    assert (batch.images == pool.faces.images).all()
    assert (batch.labels != pool.faces.labels).mean() == pytest.approx(wrong)


def test_the_second_choice_is_the_model_s(pool: Pool) -> None:
    labels = make_batch(KINDS["second-choice"], pool, 1).labels
    above = (pool.scores > pool.scores[np.arange(COUNT), labels][:, None]).sum(axis=1)
    assert (above == 1).all()


def test_copies_are_of_one_face_and_noise_is_of_none(pool: Pool) -> None:
    copies = make_batch(KINDS["copies"], pool, 1).images.reshape(COUNT, -1).astype(float)
    assert np.corrcoef(copies).min() > 0.95
    noise = make_batch(KINDS["no-faces"], pool, 1).images.reshape(COUNT, -1).astype(float)
    assert np.median(np.abs(np.corrcoef(noise)[np.triu_indices(COUNT, 1)])) < 0.3


def test_bad_batches_are_not_published(tmp_path: Path, tiny_options: Options) -> None:
    labels = np.arange(350) % 7
    base = FaceData(
        images=marked(labels, seed=2),
        labels=labels,
        usage=np.array(["Training"] * 210 + ["PublicTest"] * 140),
        votes=unanimous_votes(labels),
    )
    options = dataclasses.replace(
        tiny_options,
        base=base,
        workdir=tmp_path / "one",
        config=dataclasses.replace(tiny_options.config, epochs=1),
        bounds=dataclasses.replace(tiny_options.bounds, fewest_held_out=5),
    )
    bad = Pool(faces=Faces(images=marked(labels, seed=3), labels=labels), scores=np.full((350, 7), 1 / 7))
    results = [try_batch(name, make_batch(KINDS[name], bad, 1), options) for name in ("random", "copies")]
    assert [result["outcome"] for result in results] == ["refused", "waiting"]
    assert not options.workdir.exists()
    lines = list(table(results))
    assert "better on new feedback never trained on" in lines[2]
    assert "too few faces to judge a challenger" in lines[3]
    assert LABELS[0] not in "".join(lines)
