"""Opening Keras models and asking them, with the types that Keras leaves open."""

from pathlib import Path

import keras
import numpy as np


def load_model(path: Path | str) -> keras.Model:
    """Load a ``.keras`` or HDF5 file, not compiled; raises TypeError if it holds no model."""
    model = keras.models.load_model(path, compile=False)
    if not isinstance(model, keras.Model):
        raise TypeError(f"expected a Keras model in {path}, got a {type(model).__name__}")
    return model


def outputs_of(model: keras.Model, inputs: np.ndarray, batch: int = 256) -> np.ndarray:
    """Return the model's outputs, float32 (N, K), for a batch of inputs, float32 (N, H, W, C)."""
    return np.asarray(model.predict(inputs, batch_size=batch, verbose=0))  # pyright: ignore[reportArgumentType]
