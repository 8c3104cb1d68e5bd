"""A Keras classifier as somebody has it: opening its file, and the form in which it is served."""

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from fer.usecases.spellings import label_of
from training.conversion.litert import load_keras
from training.data.fer2013 import LABELS, SIDE_PX

Head = Literal["softmax", "sigmoid", "logits"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK\x03\x04"
SAVE_WHOLE = "save the model itself, with model.save('model.keras')"
# What a head may end in without being another head.
_PASSED_ON = ("Flatten", "Reshape", "Dropout", "Identity", "Cast")


def open_model(path: Path) -> tuple[keras.Model, bool]:
    """Open a ``.keras`` or HDF5 file, whatever its name; return the model and whether the file is a ``.keras`` one.

    Raises ValueError for anything else, and where Keras cannot open it.
    """
    if path.is_dir():
        raise ValueError(f"expected a .keras or HDF5 file, got the folder {path} (a SavedModel?); {SAVE_WHOLE}")
    with path.open("rb") as stream:
        begins = stream.read(len(_HDF5))
    if not begins.startswith((_ZIP, _HDF5)):
        raise ValueError(f"expected a .keras or an HDF5 file, got {path}, which begins with {begins!r}")
    is_keras = begins.startswith(_ZIP)
    if is_keras and not zipfile.is_zipfile(path):
        raise ValueError(f"Keras cannot open {path}: the end of the file is missing")
    with tempfile.TemporaryDirectory() as folder:
        # Keras goes by the name.
        named = Path(folder) / ("model.keras" if is_keras else "model.h5")
        named.symlink_to(path.resolve())
        try:
            model = load_keras(named)
        except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
            raise ValueError(f"Keras cannot open {path}: {_reason(error)}") from error
    return model, is_keras and not _rename(model)


def _reason(error: Exception) -> str:
    if "No model config found" in str(error):
        return f"it holds only weights; {SAVE_WHOLE}"
    if "`Lambda`" in str(error):
        return "a Lambda layer holds Python code, which is not run; use Rescaling or another layer in its place"
    return str(error)


def _rename(model: keras.Model) -> bool:
    """Give the model and its layers names that TensorFlow accepts as scopes; return whether any had another."""
    renamed = False
    for layer in (model, *every_layer(model)):
        name = "".join(c if c.isalnum() or c == "_" else "_" for c in layer.name)
        if name != layer.name:
            layer.name, renamed = name, True
    return renamed


def every_layer(model: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model, nested models and their layers."""
    for layer in getattr(model, "layers", []):
        yield layer
        yield from every_layer(layer)


def check_shapes(model: keras.Model, labels: tuple[str, ...]) -> None:
    """Raise ValueError unless the model classifies pictures with one output per label."""
    inputs, outputs = getattr(model, "inputs", None) or [], getattr(model, "outputs", None) or []
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(f"expected one input and one output, got {len(inputs)} and {len(outputs)}")
    taken, given = tuple(inputs[0].shape), tuple(outputs[0].shape)
    if len(taken) != 4 or taken[3] not in (1, 3):
        raise ValueError(f"expected an input of shape (None, height, width, 1 or 3), got {taken}")
    if len(given) != 2 or given[1] != len(labels):
        raise ValueError(f"expected an output of shape (None, {len(labels)}), one per label, got {given}")


def read_labels(text: str) -> tuple[str, ...]:
    """Return the labels of a comma-separated list or of a file with one per line, in the project's spelling.

    Spellings of common data sets are known; an unknown word stays as it is.
    """
    listed = Path(text).read_text(encoding="utf-8").splitlines() if Path(text).is_file() else text.split(",")
    return tuple(label_of(each, labels=LABELS) or each.strip() for each in listed if each.strip())


def check_labels(labels: tuple[str, ...]) -> None:
    """Raise ValueError unless the labels are the seven expressions, in any order."""
    if sorted(labels) != sorted(LABELS):
        raise ValueError(f"expected the labels {sorted(LABELS)} in the model's order, got {list(labels)}")


def input_hw(model: keras.Model) -> tuple[int, int]:
    """Return the sides of the model's input in px; those of a face chip if the model leaves them open."""
    _, height, width, _ = model.inputs[0].shape
    return height or SIDE_PX, width or SIDE_PX


def served_form(model: keras.Model) -> keras.Model:
    """Return the model for grey chips, float32 (N, 48, 48, 1) in its own range: resizing and repeating happen inside.

    A model that already takes such chips is returned unchanged.
    """
    if tuple(model.inputs[0].shape[1:]) == (SIDE_PX, SIDE_PX, 1):
        return model
    inputs = keras.Input((SIDE_PX, SIDE_PX, 1), name="face")
    faces = inputs
    if input_hw(model) != (SIDE_PX, SIDE_PX):
        faces = keras.layers.Resizing(*input_hw(model), interpolation="bilinear", dtype="float32")(faces)
    if model.inputs[0].shape[3] == 3:
        faces = keras.layers.Concatenate(dtype="float32")([faces, faces, faces])
    return keras.Model(inputs, model(faces), name=model.name)


def keras_bytes(served: keras.Model) -> bytes:
    """Save the served form as a ``.keras`` file."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model.keras"
        served.save(saved)
        return saved.read_bytes()


def head_of(model: keras.Model, outputs: np.ndarray) -> Head:
    """Return what the scores are, by the last layer if that says, otherwise by ``outputs`` (N, K) of the model."""
    match _last_activation(model):
        case "softmax":
            return "softmax"
        case "sigmoid" | "hard_sigmoid":
            return "sigmoid"
        case "linear" | "log_softmax":
            return "logits"
        case _:
            pass
    if (outputs < 0).any() or (outputs > 1).any():
        return "logits"
    return "softmax" if np.allclose(outputs.sum(axis=1), 1, atol=1e-3) else "sigmoid"


def _last_activation(model: Any) -> str | None:
    """Return the name of the activation that makes the output; None if the last operation does not say."""
    tensor = model.outputs[0]
    while True:
        operation = tensor._keras_history.operation
        kind = type(operation).__name__
        if getattr(operation, "layers", None) and getattr(operation, "outputs", None):
            return _last_activation(operation)
        activation = getattr(operation, "activation", None)
        name = getattr(activation, "__name__", None) if activation else kind.lower()
        passed_on = kind in _PASSED_ON or (kind == "Activation" and name == "linear")
        if not passed_on:
            return name
        tensor = operation.input
