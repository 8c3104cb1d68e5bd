"""Make one network of several: ``python -m training.nets.join a.keras b.keras --out joined.keras``.

Its logits are the mean of theirs, so its scores are the geometric mean of their scores. Networks that were built and
started differently err on different faces, and together on fewer (Lakshminarayanan et al. 2017).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import keras
import numpy as np

from training.nets.keras_files import load_model


def join(models: Sequence[keras.Model], name: str = "joined") -> keras.Model:
    """One flat network with the weights of all; raises ValueError unless inputs and outputs have the same shapes.

    Each model must end in a dense layer of logits without an activation.
    """
    shapes = {(model.input_shape, model.output_shape) for model in models}
    if len(shapes) != 1:
        raise ValueError(f"expected models of one input and output shape, got {sorted(shapes, key=str)}")
    inputs = cast("keras.KerasTensor", keras.Input(models[0].input_shape[1:], name="face"))
    branches = [_branch(model, inputs, number, len(models)) for number, model in enumerate(models, start=1)]
    return keras.Model(inputs, keras.layers.Add(dtype="float32", name="logits")(branches), name=name)


def _branch(model: keras.Model, inputs: keras.KerasTensor, number: int, count: int) -> keras.KerasTensor:
    """The model's layers on other inputs, with its share of the mean; returns its logits (N, K)."""
    last = model.layers[-1]
    if not isinstance(last, keras.layers.Dense) or last.activation is not keras.activations.linear:
        raise ValueError(f"expected {model.name} to end in a dense layer of logits, got {last.name}")

    def renamed(layer: keras.layers.Layer) -> keras.layers.Layer:
        return type(layer).from_config({**layer.get_config(), "name": f"branch{number}_{layer.name}"})

    copy = keras.models.clone_model(model, input_tensors=inputs, clone_function=renamed)
    copy.set_weights(model.get_weights())
    dense = copy.layers[-1]
    dense.set_weights([value / np.float32(count) for value in dense.get_weights()])
    return cast("keras.KerasTensor", copy.output)


def main() -> None:
    """Parse the command line and join."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="joined", help="prefix of the model's version")
    options = parser.parse_args()
    joined = join([load_model(path) for path in options.models], options.name)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    joined.save(options.out)
    print(f"{options.out}: {joined.count_params():,} parameters")


if __name__ == "__main__":
    main()
