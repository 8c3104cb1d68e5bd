"""Accuracy, recall and calibration of logits or scores."""

from typing import Any

import numpy as np

from training.data.fer2013 import LABELS


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return scores that sum to 1, float64 (N, K), for logits (N, K)."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def recalls(predicted: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Recall of each expression that occurs in ``truth``; both int (N,) indices into LABELS."""
    return {
        name: float((predicted[truth == label] == label).mean())
        for label, name in enumerate(LABELS)
        if (truth == label).any()
    }


def calibration_error(
    scores: np.ndarray, truth: np.ndarray, bins: int = 15, weights: np.ndarray | None = None
) -> float:
    """Return the expected calibration error over equal-width bins (Guo et al. 2017); scores (N, K), truth int (N,).

    ``weights`` float (N,) say how much each row counts; None for all alike.
    """
    weights = np.ones(len(truth)) if weights is None else weights
    gaps = (scores.argmax(axis=1) == truth) - scores.max(axis=1)
    places = np.minimum((scores.max(axis=1) * bins).astype(int), bins - 1)
    sums = np.bincount(places, weights * gaps, minlength=bins)
    return float(np.abs(sums).sum() / max(weights.sum(), 1e-12))


def population_weights(truth: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """What each row counts, float (N,), so that the expressions have the ``shares`` (K,) of another population."""
    counts = np.bincount(truth, minlength=len(shares))
    return (shares * len(truth) / np.maximum(counts, 1))[truth]


def expression_measures(outputs: np.ndarray, labels: np.ndarray, majorities: np.ndarray) -> dict[str, Any]:
    """Return FER2013 and FER+ majority accuracy, macro and per-class recall; a majority of -1 does not count."""
    predicted = outputs.argmax(axis=1)
    counted = majorities >= 0
    per_class = recalls(predicted[counted], majorities[counted])
    return {
        "fer2013_accuracy": float((predicted == labels).mean()) if len(labels) else 0.0,
        "ferplus_accuracy": float((predicted == majorities)[counted].mean()) if counted.any() else 0.0,
        "macro_recall": float(np.mean(list(per_class.values()))) if per_class else 0.0,
        "recall": per_class,
    }


def confusion(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return counts int64 (7, 7): the true expression by row, the predicted one by column."""
    counts = np.zeros((len(LABELS), len(LABELS)), np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts
