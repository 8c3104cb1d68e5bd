"""A challenger from a champion: further training in small steps that do not lead far away.

The Keras engine on TensorFlow with deterministic operations: the same data and seed give the same weights on the same
kind of machine.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from training.config import Config
from training.conversion.card import network_prior
from training.conversion.own_model import every_layer
from training.conversion.trainable import load_trainable
from training.data.fer2013 import FaceData
from training.data.sources import Source, voted
from training.evaluation.measures import softmax
from training.nets.batches import Batch, Batches, learning_rate
from training.nets.keras_engine import KerasEngine


def fine_tune(
    champion: Path,
    card: dict[str, Any],
    feedback: FaceData,
    replay: FaceData,
    config: Config,
    out: Path,
    *,
    extra: Sequence[Source] = (),
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Train the ``.keras`` file at ``champion`` on both sets of faces, which have votes, and on ``extra``, and write
    the result to ``out``.

    What is written takes faces in 0–1 and gives logits, whatever ``card`` says of the champion (``trainable_form``).
    They are for the same population as the champion's, where the card says which.

    Each batch holds feedback with ``extra``, and replay, in the proportion of the sets; ``replay`` may be empty.
    Returns what goes into the card: epochs, steps, minutes and the loss by epoch. Raises ValueError where no row has
    votes for an expression.
    """
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    started = clock()
    freeze = config.freeze_normalisation
    engine = KerasEngine(lambda: load_trainable(champion, card, freeze_normalisation=freeze), config)
    before = engine.model.get_weights()
    batches = _Mixed(feedback, extra, replay, config, engine.model, network_prior(card))
    losses = [_epoch(engine, batches, config, epoch) for epoch in range(1, config.epochs + 1)]
    for layer in every_layer(engine.model):
        layer.trainable = True
    tuned = zip(before, engine.averaged, strict=True)
    engine.averaged = [old + config.interpolation * (new - old) for old, new in tuned]
    engine.save_model(out)
    return {
        "epochs": config.epochs,
        "steps": engine.steps,
        "minutes": round((clock() - started) / 60, 1),
        "loss": [round(loss, 4) for loss in losses],
    }


class _Mixed:
    """Batches of fresh and replayed rows; of the latter, ``champion`` answers for a part of the target."""

    def __init__(
        self,
        feedback: FaceData,
        extra: Sequence[Source],
        replay: FaceData,
        config: Config,
        champion: keras.Model,
        prior: np.ndarray | None,
    ):
        seen = len(feedback) + sum(float(source.repeats.sum()) for source in extra)
        size = max(1, round(config.batch * seen / (seen + len(replay))))
        self.fresh = _batches([voted(feedback, config), *extra], config, size, prior)
        self.replay = _batches([voted(replay, config)], config, config.batch - size, prior) if len(replay) else None
        self.champion, self.distillation = champion, np.float32(config.distillation)
        self.steps = min(self.fresh.steps, self.replay.steps) if self.replay else self.fresh.steps

    def epoch(self, number: int, *, mixing: bool) -> Iterator[Batch]:
        """Yield the batches of one epoch; the same number gives the same batches."""
        fresh = self.fresh.epoch(number, mixing=mixing)
        if self.replay is None:
            yield from fresh
            return
        for one, (images, targets, weights, added) in zip(
            fresh, self.replay.epoch(number, mixing=mixing), strict=False
        ):
            # Votes hold for the replayed rows' population, so the champion is asked for its scores there.
            logits = self.champion.predict_on_batch(images)
            answers = softmax(logits + added).astype(np.float32)
            other = (images, targets + self.distillation * (answers - targets), weights, added)
            images, targets, weights, added = (np.concatenate(pair) for pair in zip(one, other, strict=True))
            yield images, targets, weights, added


def _batches(sources: Sequence[Source], config: Config, size: int, prior: np.ndarray | None) -> Batches:
    return Batches(sources, dataclasses.replace(config, batch=size), prior)


def _epoch(engine: KerasEngine, batches: _Mixed, config: Config, epoch: int) -> float:
    def progress() -> float:
        return engine.steps / (batches.steps * config.epochs)

    source = batches.epoch(epoch, mixing=progress() < config.mix_until)
    steps = tqdm(source, total=batches.steps, desc=f"epoch {epoch}", mininterval=20)
    return float(np.mean([engine.step(*batch, learning_rate(progress(), config)) for batch in steps]))
