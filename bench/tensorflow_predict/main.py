"""The function ``predict`` with the Keras model in TensorFlow, to compare its cold start with LiteRT's.

``bench.cold_start`` puts this file next to a copy of the built function, whose own main.py becomes ``served.py``:
everything but the classifier is the same.
"""

import importlib
import threading
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import fer.vision.classifier
from fer.domain import EXPRESSIONS
from fer.settings import default_models_dir

MODEL = default_models_dir() / "expression" / "facial_expression_model.keras"


class KerasClassifier(fer.vision.classifier.LiteRTClassifier):
    """The same model, card, calibration and prior, run by TensorFlow."""

    def __init__(self, model_files: Any, **options: Any) -> None:
        super().__init__(model_files, **options)
        self._lock = threading.Lock()
        self._run: Any = None

    def classify(self, face_chips: Any) -> Any:
        if not len(face_chips):
            return np.zeros((0, len(EXPRESSIONS)), np.float32)
        inputs = np.concatenate([self._prepare(chip) for chip in face_chips])
        outputs = self._network()(tf.constant(inputs)).numpy()
        return self._calibrate(outputs[:, self._order])

    def _open(self) -> Any:
        """There is no interpreter to open."""

    def _network(self) -> Any:
        """Load at the first call: TensorFlow's threads do not survive the fork of the server's worker."""
        with self._lock:
            if self._run is None:
                self._run = keras.saving.load_model(MODEL, compile=False)
        return self._run


fer.vision.classifier.LiteRTClassifier = KerasClassifier

predict = importlib.import_module("served").predict  # it must find the other classifier in place
