"""Trains with Keras itself on any of its backends: bfloat16, AdamW, an averaged copy of the weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np

from fer.whole_files import replacing
from training.config import Config
from training.nets.keras_files import outputs_of

# Averaging costs a copy of all weights, so it is done only every few steps.
AVERAGE_EVERY = 8


def _shifted_cross_entropy(goals: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """The cross-entropy of the logits plus what is added to them; ``goals`` (B, 2, 7) are the targets and that."""
    targets, added = goals[:, 0], goals[:, 1]
    loss = keras.losses.categorical_crossentropy(
        targets, logits + keras.ops.cast(added, logits.dtype), from_logits=True
    )
    return cast("keras.KerasTensor", loss)


class KerasEngine:
    """Steps a Keras model; ``make_model`` is called once in float32, to save, and once in mixed_bfloat16."""

    suffix = ".npz"

    def __init__(self, make_model: Callable[[], keras.Model], config: Config):
        keras.utils.set_random_seed(config.seed)
        self.config, self.steps = config, 0
        self.model = make_model()
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy("mixed_bfloat16")
        try:
            self.net = make_model()
        finally:
            keras.config.set_dtype_policy(before)
        self.net.set_weights(self.model.get_weights())
        optimizer = keras.optimizers.AdamW(
            config.learning_rate, weight_decay=config.weight_decay, global_clipnorm=5.0
        )
        # Only kernels decay; the names below are those of the normalisation's and the dense layer's vectors.
        optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
        self.net.compile(
            optimizer=optimizer,
            loss=_shifted_cross_entropy,
            jit_compile=False,  # pyright: ignore[reportArgumentType] -- typed after its default, "auto"
        )
        optimizer.build(self.net.trainable_variables)
        self.averaged = self.net.get_weights()
        self.start = [keras.ops.copy(variable) for variable in self.net.trainable_variables]

    def step(
        self, images: np.ndarray, targets: np.ndarray, weights: np.ndarray, added: np.ndarray, rate: float
    ) -> float:
        """Make one update at learning rate ``rate``; return the weighted cross-entropy of logits plus ``added``."""
        self.net.optimizer.learning_rate.assign(rate)
        # Keras divides the loss by the batch size, not by the sum of the weights.
        share = weights / weights.mean()
        loss = self.net.train_on_batch(images, np.stack([targets, added], axis=1), sample_weight=share)
        self.steps += 1
        if self.config.distance_penalty:
            self._draw_back(rate * self.config.distance_penalty)
        if self.steps % AVERAGE_EVERY == 0:
            self._average()
        return float(np.asarray(loss))

    def _draw_back(self, share: float) -> None:
        for variable, start in zip(self.net.trainable_variables, self.start, strict=True):
            variable.assign_sub(min(share, 1.0) * (variable - start))

    def _average(self) -> None:
        decay = min(self.config.ema**AVERAGE_EVERY, self.steps / (10 + self.steps))
        for slow, fast in zip(self.averaged, self.net.get_weights(), strict=True):
            slow += (1 - decay) * (fast - slow)

    def logits(self, images: np.ndarray, batch: int = 256) -> np.ndarray:
        """Return the averaged net's logits, float32 (N, 7), for float32 (N, H, W, 1) in 0–1."""
        self.model.set_weights(self.averaged)
        return outputs_of(self.model, images, batch)

    def save_model(self, path: Path) -> None:
        """Write the averaged net as a ``.keras`` file, atomically."""
        self.model.set_weights(self.averaged)
        with replacing(path) as file:
            self.model.save(file.name)

    def save_state(self, path: Path, extra: dict[str, Any]) -> None:
        """Write everything that ``load_state`` needs to resume, atomically."""
        arrays = {"steps": np.array(self.steps)}
        arrays |= {f"extra_{key}": np.array(value) for key, value in extra.items()}
        optimizer = [keras.ops.convert_to_numpy(value) for value in self.net.optimizer.variables]
        for kind, values in (
            ("net", self.net.get_weights()),
            ("averaged", self.averaged),
            ("optimizer", optimizer),
        ):
            arrays |= {f"{kind}_{number}": value for number, value in enumerate(values)}
        with replacing(path) as file:
            np.savez(file, allow_pickle=False, **arrays)

    def load_state(self, path: Path) -> dict[str, Any]:
        """Restore a saved state and return its ``extra``."""
        with np.load(path) as arrays:
            self.net.set_weights([arrays[f"net_{n}"] for n in range(len(self.averaged))])
            self.averaged = [arrays[f"averaged_{n}"].copy() for n in range(len(self.averaged))]
            for number, variable in enumerate(self.net.optimizer.variables):
                variable.assign(arrays[f"optimizer_{number}"])
            self.steps = int(arrays["steps"])
            return {key[6:]: arrays[key].item() for key in arrays.files if key.startswith("extra_")}
