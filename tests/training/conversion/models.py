"""Small Keras classifiers as people have them."""

import keras
import numpy as np
from keras import layers

from training.data.fer2013 import LABELS, FaceData


def own_model(
    size: int | None = 48,
    activation: str | None = "softmax",
    *,
    classes: int = 7,
    channels: int = 1,
    first: tuple = (),
    name: str = "net",
):
    """A classifier of random weights whose answers differ from face to face; `first` are layers before its own."""
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((size, size, channels))
    for layer in first:
        x = layer(x)
    wide = keras.initializers.RandomNormal(stddev=1, seed=1)
    x = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3, activation="relu", kernel_initializer=wide)(x))
    x = layers.Dense(classes, kernel_initializer=wide)(x)
    return keras.Model(inputs, layers.Activation(activation)(x) if activation else x, name=name)


def nested(inner, *, size: int = 48):
    """The model inside another."""
    inputs = keras.Input((size, size, 1))
    return keras.Model(inputs, inner(inputs), name="outer")


def bright_or_dark(size: int = 64):
    """A model for faces from -1 to 1: those above 0 in the mean are happy, the others sad."""
    inputs = keras.Input((size, size, 1))
    dense = layers.Dense(7)
    model = keras.Model(inputs, dense(layers.GlobalAveragePooling2D()(inputs)), name="bright")
    weights = np.zeros((1, 7))
    weights[0, LABELS.index("happy")], weights[0, LABELS.index("sad")] = 1, -1
    dense.set_weights([weights, np.zeros(7)])
    return model


def bright_and_dark_faces(count: int = 80) -> FaceData:
    """Faces for it, by turns sad and happy."""
    bright = np.arange(count) % 2
    noise = np.random.default_rng(1).integers(0, 60, (count, 48, 48))
    return FaceData(
        images=(noise + 140 * bright[:, None, None]).astype(np.uint8),
        labels=np.where(bright, LABELS.index("happy"), LABELS.index("sad")),
        usage=np.array([""] * count),
        votes=None,
    )
