"""A champion in the form that this training trains, whatever form it is served in."""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.config import Config
from training.conversion.own_model import every_layer
from training.data.fer2013 import LABELS, SIDE_PX
from training.nets.keras_engine import KerasEngine
from training.nets.keras_files import load_model

# As in serving: the smallest score of which a logarithm is taken.
_LEAST = 1e-12


def trainable_form(model: keras.Model, card: dict[str, Any]) -> keras.Model:
    """Return the model for faces (N, 48, 48, 1) in 0–1, with logits (N, 7) in the order of LABELS as its answers.

    ``card`` says what the model takes and gives; a model that already has this form is returned unchanged. The
    answers stay those that are served: the softmax of a score's logarithm is the score, divided by the sum of all.
    """
    scale, offset = card["preprocessing"]["scale"] * 255, card["preprocessing"]["offset"]
    size_hw = (card["input"]["height"], card["input"]["width"])
    order = [card["labels"].index(label) for label in LABELS]
    ranged = abs(scale - 1) < 1e-6 and offset == 0
    ordered = order == list(range(len(LABELS)))
    if ranged and ordered and size_hw == (SIDE_PX, SIDE_PX) and card["output"] == "logits":
        return model
    x = inputs = keras.Input((SIDE_PX, SIDE_PX, 1), name="face")
    # In float32 throughout: half of a byte's values are lost in bfloat16.
    if not ranged:
        x = keras.layers.Rescaling(scale, offset, dtype="float32")(x)
    if size_hw != (SIDE_PX, SIDE_PX):
        x = keras.layers.Resizing(*size_hw, interpolation="bilinear", dtype="float32")(x)
    x = model(x)
    if card["output"] == "probabilities":
        x = keras.ops.log(keras.ops.maximum(x, _LEAST))
    if not ordered:
        x = keras.ops.take(x, order, axis=1)
    return keras.Model(inputs, x, name=model.name)


def load_trainable(path: Path, card: dict[str, Any], *, freeze_normalisation: bool = False) -> keras.Model:
    """Load the ``.keras`` file at ``path`` in its trainable form; raises ValueError if nothing in it could change."""
    model = trainable_form(load_model(path), card)
    for layer in every_layer(model):
        layer.trainable = not (freeze_normalisation and isinstance(layer, keras.layers.BatchNormalization))
    if not model.trainable_weights:
        raise ValueError("the model has no weights that training could change")
    return model


def try_training(path: Path, card: dict[str, Any]) -> None:
    """Take one step on random faces; raises ValueError if retraining cannot start from this model."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    config = dataclasses.replace(Config(), engine="keras", distance_penalty=1e-3)
    faces = np.random.default_rng(0).random((2 * len(LABELS), SIDE_PX, SIDE_PX, 1), dtype=np.float32)
    targets = np.eye(len(LABELS), dtype=np.float32)[np.arange(len(faces)) % len(LABELS)]
    try:
        engine = KerasEngine(lambda: load_trainable(path, card), config)
        loss = engine.step(faces, targets, np.ones(len(faces), np.float32), np.zeros_like(targets), 1e-3)
    except (TypeError, AttributeError, NotImplementedError, RuntimeError, tf.errors.OpError) as error:
        raise ValueError(f"a step of training fails: {str(error)[:300]}") from error
    if not np.isfinite(loss):
        raise ValueError(f"a step of training ends with a loss of {loss}")
