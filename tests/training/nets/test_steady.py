"""The mean answer to a face wherever it lies, and a net that is taught it."""

import dataclasses

import numpy as np

from tests.training.generated import make_faces, portraits
from training.config import Config
from training.data.fer2013 import LABELS
from training.data.sources import voted
from training.evaluation.evaluate import shifted
from training.nets.steady import steady_answers


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


def test_steadiness_is_the_share_of_the_answers_in_the_targets() -> None:
    faces = make_faces()
    answers = np.zeros((len(faces), len(LABELS)), np.float32)
    answers[:, 2] = 1
    config = Config(batch=len(faces), label_smoothing=0.0)
    votes = voted(faces, config)
    half = voted(faces, dataclasses.replace(config, steadiness=0.5), answers)
    assert np.allclose(half.targets, (votes.targets + answers[: len(votes.targets)]) / 2)
