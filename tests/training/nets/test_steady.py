"""The mean answer to a face wherever it lies, and a net that is taught it."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from tests.training.generated import make_faces, portraits
from tests.training.tiny import write_model
from training.config import Config
from training.conversion.card import make_priors
from training.data.fer2013 import LABELS
from training.data.sources import voted
from training.evaluation.evaluate import open_served, shifted
from training.nets.steady import steady_answers, taught

pytestmark = pytest.mark.filterwarnings("ignore")


def _corner_scores(images: np.ndarray) -> np.ndarray:
    """Depends on where the face lies: the share of light in the upper left quarter decides between two labels."""
    share = images[:, :24, :24].mean(axis=(1, 2)) / np.maximum(images.mean(axis=(1, 2)), 1) / 4
    scores = np.zeros((len(images), len(LABELS)), np.float32)
    scores[:, 0], scores[:, 3] = share, 1 - share
    return scores


def test_the_answer_is_the_mean_over_moves_and_the_mirror_image() -> None:
    images = portraits(5)
    answers = steady_answers(_corner_scores, images)
    by_hand = [
        _corner_scores(shifted(side, right, down))
        for side in (images, images[:, :, ::-1])
        for right in (-2, 0, 2)
        for down in (-2, 0, 2)
    ]
    assert np.allclose(answers, np.mean(by_hand, axis=0), atol=1e-6)
    assert np.allclose(answers, steady_answers(_corner_scores, images[:, :, ::-1]), atol=1e-6)
    assert answers.dtype == np.float32


def test_what_is_taught_are_the_answers_for_the_source_s_own_population(tmp_path: Path) -> None:
    even = np.full(len(LABELS), 1 / len(LABELS))
    directory = write_model(tmp_path, priors=make_priors(even, even))
    votes = voted(make_faces(), Config(label_smoothing=0.0))
    rare = np.where(np.arange(len(LABELS)) == 3, 0.94, 0.01).astype(np.float32)
    skewed = dataclasses.replace(votes, targets=np.tile(rare, (len(votes.targets), 1)))
    expected = steady_answers(open_served(directory, tuple(rare.tolist()))[0], skewed.images)
    assert expected[:, 3].mean() > 0.5
    assert np.allclose(taught(skewed, directory, 1.0).targets, expected, atol=1e-4)
    assert np.allclose(taught(skewed, directory, 0.25).targets, 0.75 * rare + 0.25 * expected, atol=1e-4)
