"""Shuffled epochs of augmented batches, and the learning rate as a function of progress."""

import math
import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from training.config import Config
from training.data.augment import augment, mix
from training.data.fer2013 import LABELS
from training.data.sources import Source

Batch = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Images float32 (B, H, W, 1) in 0–1, targets (B, 7) that sum to 1, weights (B,), and what the loss adds to the
logits (B, 7): the log of what a source's prior is to the network's own."""


Item = TypeVar("Item")


class Batches:
    """The faces of all sources, shuffled together.

    ``network_prior`` float32 (7,) is the population that the network's scores are meant for; None for that of the
    sources themselves, whatever they are.
    """

    def __init__(self, sources: Sequence[Source], config: Config, network_prior: np.ndarray | None = None):
        self.images = np.concatenate([source.images for source in sources])
        self.targets = np.concatenate([source.targets for source in sources]).astype(np.float32)
        self.weights = np.concatenate([source.weights for source in sources]).astype(np.float32)
        self.repeats = np.concatenate([source.repeats for source in sources])
        self.priors = np.concatenate([np.tile(source.prior(), (len(source.images), 1)) for source in sources])
        self.network_prior = network_prior
        self.config = config
        self.steps = max(1, int(self.repeats.sum()) // config.batch)

    def rows(self, rng: np.random.Generator) -> np.ndarray:
        """Return one epoch's rows: each as often as its repeat factor says, the fraction by chance, shuffled."""
        whole = np.floor(self.repeats)
        counts = (whole + (rng.random(len(whole)) < self.repeats - whole)).astype(np.int64)
        return rng.permutation(np.repeat(np.arange(len(counts)), counts))

    def epoch(self, number: int, *, mixing: bool) -> Iterator[Batch]:
        """Yield the batches of one epoch; the same number gives the same batches."""
        rng = np.random.default_rng([self.config.seed, number])
        rows = self.rows(rng)
        size = min(self.config.batch, len(rows))
        smoothing = np.float32(self.config.label_smoothing)
        for start in range(0, len(rows) - size + 1, size):
            chosen = rows[start : start + size]
            images = augment(self.images[chosen], self.config.augmentation, rng)
            goals = np.concatenate([self.targets[chosen], self.priors[chosen]], axis=1)
            if mixing:
                images, goals = mix(images, goals, self.config.augmentation, rng)
            targets, priors = np.split(goals, 2, axis=1)
            # Faces of which nothing is known have the source's shares, or, without priors, equal ones.
            unknown = np.float32(1 / len(LABELS)) if self.network_prior is None else priors
            targets = targets * (1 - smoothing) + smoothing * unknown
            yield (images / 255)[..., None], targets.astype(np.float32), self.weights[chosen], self._added(priors)

    def _added(self, priors: np.ndarray) -> np.ndarray:
        if self.network_prior is None:
            return np.zeros_like(priors)
        return np.log(priors) - np.log(self.network_prior)


def learning_rate(progress: float, config: Config) -> float:
    """Return a linear warm-up, a flat part, then a cosine to 0.2 % of the peak; ``progress`` in 0–1."""
    if progress < config.warmup:
        return config.learning_rate * max(progress, 1e-3) / config.warmup
    share = min(max((progress - config.hold) / (1 - config.hold), 0), 1)
    return config.learning_rate * (0.002 + 0.998 * (1 + math.cos(math.pi * share)) / 2)


def ahead(items: Iterator[Item], depth: int = 3) -> Iterator[Item]:
    """Yield the same items, made on another thread up to ``depth`` ahead."""
    ready: queue.Queue[Any] = queue.Queue(depth)
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
