"""Recall, calibration, temperature."""

import numpy as np
import pytest

from training.conversion.calibrate import fit_temperature
from training.evaluation.measures import calibration_error, confusion, expression_measures, softmax


def test_rows_without_majority_do_not_count() -> None:
    scores = np.eye(7)[[0, 1, 2, 3]]
    measures = expression_measures(scores, np.array([0, 1, 0, 0]), np.array([0, -1, 2, 4]))
    assert measures["fer2013_accuracy"] == 0.5
    assert measures["ferplus_accuracy"] == pytest.approx(2 / 3)
    assert measures["recall"] == {"angry": 1.0, "fear": 1.0, "sad": 0.0}
    assert measures["macro_recall"] == pytest.approx(2 / 3)


def test_no_rows_measure_zero() -> None:
    measures = expression_measures(np.zeros((0, 7)), np.zeros(0, int), np.zeros(0, int))
    assert measures["ferplus_accuracy"] == 0


def test_confusion_counts_truth_by_row() -> None:
    counts = confusion(np.array([1, 1, 3]), np.array([0, 0, 3]))
    assert counts[0, 1] == 2
    assert counts[3, 3] == 1
    assert counts.sum() == 3


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    scores = np.tile([0.8, 0.2], (10, 1))
    truth = np.array([0] * 5 + [1] * 5)
    assert calibration_error(scores, truth) == pytest.approx(0.3)


def test_temperature_undoes_a_scaling_of_calibrated_logits() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4000, 7))
    truth = np.array([rng.choice(7, p=row) for row in softmax(logits)])
    assert fit_temperature(logits * 3, truth) == pytest.approx(3, rel=0.1)


def test_softmax_survives_large_logits() -> None:
    assert softmax(np.array([[1000.0, 0.0]])).tolist() == [[1.0, 0.0]]
