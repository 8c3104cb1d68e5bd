# pyright: basic, reportMissingImports=false, reportMissingModuleSource=false
"""Make ``tiny.tflite``, which the classifier's tests use: ``.venv-training/bin/python make_tiny_model.py``.

Input float32 (1, 64, 64, 1), output seven probabilities. Each is the softmax of the mean of the input times its place
(0 to 6), so that a test can compute what must come out.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf


def main() -> None:
    inputs = keras.Input((64, 64, 1))
    mean = keras.layers.GlobalAveragePooling2D()(inputs)
    dense = keras.layers.Dense(7, use_bias=False, activation="softmax")
    model = keras.Model(inputs, dense(mean))
    dense.set_weights([np.arange(7, dtype=np.float32)[None]])
    converted = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    Path(__file__).with_name("tiny.tflite").write_bytes(converted)


if __name__ == "__main__":
    main()
