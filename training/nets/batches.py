"""Endless-shuffle epochs of augmented batches, and the learning rate as a function of progress."""

import math
import queue
import threading
from collections.abc import Iterator

import numpy as np

from training.config import Config
from training.data.augment import augment, mix
from training.data.fer2013 import LABELS, FaceData, majority, vote_targets


class Batches:
    """Training batches: images float32 (B, H, W, 1) in 0–1, targets (B, 7) that sum to 1, weights (B,).

    `answers`, float32 (N, 7), are the targets' other part where the experiment wants `steadiness`.
    """

    def __init__(self, faces: FaceData, config: Config, answers: np.ndarray | None = None):
        targets, weights = vote_targets(faces.votes)
        if answers is not None:
            targets = targets + np.float32(config.steadiness) * (answers - targets)
        rows = np.flatnonzero(weights > 0)
        if len(rows) == 0:
            raise ValueError("no training row has votes for an expression")
        self.images, self.targets, self.weights = faces.images[rows], targets[rows], weights[rows]
        self.repeats = repeat_factors(majority(faces.votes)[rows], config.repeat_below)
        self.config = config
        self.steps = max(1, int(self.repeats.sum()) // config.batch)

    def rows(self, rng: np.random.Generator) -> np.ndarray:
        """One epoch's rows: each as often as its repeat factor says, the fraction by chance, shuffled."""
        whole = np.floor(self.repeats)
        counts = (whole + (rng.random(len(whole)) < self.repeats - whole)).astype(np.int64)
        return rng.permutation(np.repeat(np.arange(len(counts)), counts))

    def epoch(self, number: int, *, mixing: bool) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The batches of one epoch; the same number gives the same batches."""
        rng = np.random.default_rng([self.config.seed, number])
        rows = self.rows(rng)
        size = min(self.config.batch, len(rows))
        smoothing = np.float32(self.config.label_smoothing)
        for start in range(0, len(rows) - size + 1, size):
            chosen = rows[start : start + size]
            images = augment(self.images[chosen], self.config.augmentation, rng)
            targets = self.targets[chosen]
            if mixing:
                images, targets = mix(images, targets, self.config.augmentation, rng)
            targets = targets * (1 - smoothing) + smoothing / len(LABELS)
            yield (images / 255)[..., None], targets.astype(np.float32), self.weights[chosen]


def repeat_factors(labels: np.ndarray, below: float) -> np.ndarray:
    """How often a row is seen per epoch, float64 (N,) ≥ 1; `labels` int (N,), -1 for none."""
    factors = np.ones(len(labels))
    for label in range(len(LABELS)):
        share = (labels == label).mean() if len(labels) else 0
        if 0 < share < below:
            factors[labels == label] = math.sqrt(below / share)
    return factors


def learning_rate(progress: float, config: Config) -> float:
    """Linear warm-up, a flat part, then a cosine to 0.2 % of the peak; `progress` in 0–1."""
    if progress < config.warmup:
        return config.learning_rate * max(progress, 1e-3) / config.warmup
    share = min(max((progress - config.hold) / (1 - config.hold), 0), 1)
    return config.learning_rate * (0.002 + 0.998 * (1 + math.cos(math.pi * share)) / 2)


def ahead(items: Iterator, depth: int = 3) -> Iterator:
    """The same items, made on a thread of their own `depth` ahead."""
    ready: queue.Queue = queue.Queue(depth)
    end = object()

    def fill() -> None:
        try:
            for item in items:
                ready.put(item)
            ready.put(end)
        except Exception as error:  # noqa: BLE001 -- passed on to the reader
            ready.put(error)

    threading.Thread(target=fill, daemon=True).start()
    while (item := ready.get()) is not end:
        if isinstance(item, Exception):
            raise item
        yield item
