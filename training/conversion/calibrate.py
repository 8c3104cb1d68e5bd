"""The temperature that makes the scores mean something (Guo et al. 2017)."""

import numpy as np

from training.evaluation.measures import softmax


def negative_log_likelihood(
    logits: np.ndarray, truth: np.ndarray, temperature: float, shift: np.ndarray | float = 0.0
) -> float:
    """Return the mean over the rows; logits (N, K), truth int (N,); ``shift`` (K,) is their population's."""
    scores = softmax(logits / temperature + shift)
    return float(-np.log(np.maximum(scores[np.arange(len(truth)), truth], 1e-12)).mean())


def fit_temperature(logits: np.ndarray, truth: np.ndarray, shift: np.ndarray | float = 0.0) -> float:
    """Return the temperature in 0.05–20 with the least negative log-likelihood, by golden-section search."""
    low, high = np.log(0.05), np.log(20.0)
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        losses = [negative_log_likelihood(logits, truth, np.exp(end), shift) for end in (left, right)]
        if losses[0] < losses[1]:
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
