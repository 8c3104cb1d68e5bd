"""Find the range of a model's input: from its own layers, otherwise from labelled faces, otherwise by asking."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from training.conversion.own_model import input_hw
from training.data.fer2013 import LABELS, FaceData
from training.nets.keras_files import outputs_of

Preprocessing = tuple[float, float]
"""Scale and offset: what the model takes is grey 0–255 × scale + offset."""

CANDIDATES: dict[str, Preprocessing] = {"1/255": (1 / 255, 0.0), "2·x/255−1": (2 / 255, -1.0), "as it is": (1.0, 0.0)}

# With fewer, two ranges are told apart only by chance.
FEWEST_TO_CHECK = 50
# What first layers are made for: 0–1 spreads over 1, faces with unit deviation over 4 to 5.
_SPREAD = (0.5, 6.0)
_FARTHEST = 10.0
# Labels in another order than the model's, or the wrong model; chance is a seventh.
HARDLY_ABOVE_CHANCE = 2 / len(LABELS)


def find_preprocessing(
    model: keras.Model, served: keras.Model, check: FaceData | None, labels: tuple[str, ...]
) -> Preprocessing:
    """Return what the model's own layers say, or the range in which it gets most of the labelled faces right.

    ``served`` is the model's form for chips of 48×48. One model scores 54 % with one of two usual ranges and 66 %
    with the other, so none is ever assumed. Raises ValueError if neither layers nor faces say.
    """
    stated = stated_range(model)
    if stated:
        print(f"range of the input, by the model's own layers: {stated}")
        return CANDIDATES[stated]
    if check is None:
        raise ValueError(
            "the model does not say which range its input has: give SCALE= and OFFSET= "
            "(0.00392157 and 0 for 0–1, or 0.00784314 and -1 for −1–1), or labelled faces as CHECK=faces.csv"
        )
    if len(check) < FEWEST_TO_CHECK:
        raise ValueError(f"expected at least {FEWEST_TO_CHECK} labelled faces to tell the range by, got {len(check)}")
    right = {name: _right(served, check, labels, each) for name, each in CANDIDATES.items()}
    for name, faces in right.items():
        print(f"accuracy on {len(check):,} faces with {name}: {faces.mean():.1%}")
    best, second = sorted(right, key=lambda name: -int(right[name].sum()))[:2]
    if _may_be_chance(right[best], right[second]):
        print(
            f"warning: these faces hardly tell {best} from {second}; if you know the range, give SCALE= and OFFSET="
        )
    return CANDIDATES[best]


def warn_of_two_ranges(model: keras.Model, given: Preprocessing) -> None:
    """Warn if a range is given for a model whose own layers already scale its input."""
    stated = stated_range(model)
    if stated and not np.allclose(given, CANDIDATES[stated]):
        print(f"warning: by its own layers, the model takes grey values {stated}; with {given} they are scaled twice")


def accuracy(served: keras.Model, check: FaceData, labels: tuple[str, ...], preprocessing: Preprocessing) -> float:
    """Return the share of the labelled faces that the served form gets right with this range."""
    return float(_right(served, check, labels, preprocessing).mean())


def _right(served: keras.Model, check: FaceData, labels: tuple[str, ...], preprocessing: Preprocessing) -> np.ndarray:
    scale, offset = preprocessing
    faces = check.images[..., None] * np.float32(scale) + np.float32(offset)
    outputs = outputs_of(served, faces)
    order = np.array([LABELS.index(label) for label in labels])
    return order[outputs.argmax(axis=1)] == check.labels


def _may_be_chance(better: np.ndarray, other: np.ndarray) -> bool:
    """Return whether the gain is within two standard deviations of the faces that only one of them gets right."""
    won, lost = int((better & ~other).sum()), int((other & ~better).sum())
    return won - lost <= 2 * (won + lost) ** 0.5


def stated_range(model: keras.Model) -> str | None:
    """Return the one of CANDIDATES that the model's own layers bring to a usual range; None if they do not say.

    Only what lies between the input and the first layer with weights counts, in nested models as well: a Rescaling
    elsewhere says nothing about the input.
    """
    if not _has_graph(model):
        return None
    height, width = input_hw(model)
    chips = np.zeros((2, height, width, model.inputs[0].shape[3]), np.float32)
    chips[1] = 255.0  # black and white
    reached = {
        name: list(_reached(model, chips * np.float32(scale) + np.float32(offset)))
        for name, (scale, offset) in CANDIDATES.items()
    }
    usual = [name for name, ends in reached.items() if ends and all(_is_usual(*end) for end in ends)]
    return usual[0] if len(usual) == 1 else None


def _is_usual(black: float, white: float) -> bool:
    return _SPREAD[0] <= abs(white - black) <= _SPREAD[1] and max(abs(black), abs(white)) <= _FARTHEST


def _reached(model: Any, chips: np.ndarray) -> Iterator[tuple[float, float]]:
    """Yield what a black and a white picture have become where they reach the first layers with weights."""
    for tensor, inner in _ends(model):
        here = any(tensor is each for each in model.inputs)
        values = chips if here else np.asarray(keras.Model(model.inputs[0], tensor)(chips, training=False))
        if inner is not None:
            yield from _reached(inner, values)
        else:
            black, white = values.reshape(2, -1).mean(axis=1).tolist()
            yield black, white


def _ends(model: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the tensors in which the input's path ends, each with the model that it enters there, or None."""
    graph = getattr(model, "_functional", None) or model  # Sequential keeps its graph inside
    on_path = {id(tensor) for tensor in graph.inputs}
    for operation in graph.operations:
        for node in operation._inbound_nodes:
            if not node.input_tensors or any(id(tensor) not in on_path for tensor in node.input_tensors):
                continue
            if _only_prepares(operation):
                on_path.update(id(tensor) for tensor in node.outputs)
            else:
                yield node.input_tensors[0], operation if _has_graph(operation) else None


def _only_prepares(operation: Any) -> bool:
    """Return whether it has no learnt weights, at most statistics of the data."""
    if getattr(operation, "layers", None):
        return all(_only_prepares(layer) for layer in operation.layers)
    return type(operation).__name__ == "Normalization" or not getattr(operation, "weights", None)


def _has_graph(model: Any) -> bool:
    return hasattr(getattr(model, "_functional", None) or model, "operations")
