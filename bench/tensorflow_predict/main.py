"""The function ``predict`` with the Keras model in TensorFlow, to compare its cold start with LiteRT's.

``bench.cold_start`` puts this file beside a copy of the built function, whose own main.py becomes ``served.py``:
everything but the classifier is the same.
"""

import threading
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import fer.vision.classifier
from fer.domain import EXPRESSIONS
from fer.settings import default_models_dir

KERAS_FILE = "facial_expression_model.keras"


class KerasClassifier:
    """Takes the place of ``LiteRTClassifier``: the same model, card and calibration."""

    def __init__(self, model_files: Any) -> None:
        self._files = model_files
        self._path = default_models_dir() / "expression" / KERAS_FILE
        self._order = [model_files.labels.index(name) for name in EXPRESSIONS]
        self._lock = threading.Lock()
        self._run: Any = None

    @property
    def model_version(self) -> str:
        return self._files.model_version

    def classify(self, face_chips: Any) -> Any:
        if not len(face_chips):
            return np.empty((0, len(EXPRESSIONS)), np.float32)
        pixels = np.asarray(face_chips, np.float32)[..., None] * self._files.scale + self._files.offset
        outputs = self._open()(tf.constant(pixels.astype(np.float32))).numpy()
        if self._files.output == "probabilities":
            outputs = np.log(np.maximum(outputs, 1e-7))
        logits = outputs[:, self._order] / self._files.temperature
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)

    def pinned(self) -> "KerasClassifier":
        return self

    def _open(self) -> Any:
        """Load at the first call: TensorFlow's threads do not survive the fork of the server's worker."""
        with self._lock:
            if self._run is None:
                self._run = keras.saving.load_model(self._path, compile=False)
        return self._run


fer.vision.classifier.LiteRTClassifier = KerasClassifier

from served import predict  # noqa: E402, F401  it must find the other classifier in place
