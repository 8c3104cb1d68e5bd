"""Serve a model of one's own: `python -m training.conversion.convert --model path.keras --labels angry,disgusted,…`.

Takes any Keras classifier of square grey faces (48×48 or 64×64, say), converts it to LiteRT, checks that both
give the same answers, and writes the files and the card that serving reads.
"""

import argparse
import datetime
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from training.conversion.card import make_card, write_model
from training.conversion.litert import Quantisation, Runner, convert, load_keras
from training.data.fer2013 import LABELS

# Largest difference of a score between Keras and LiteRT: float differs by rounding only.
TOLERANCES = {"none": 1e-3, "dynamic_int8": 0.1}


def check_shapes(model, labels: tuple[str, ...]) -> tuple[int, int]:
    """The input's (height, width); raises ValueError where the model is no grey classifier of the labels."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(f"expected one input and one output, got {len(model.inputs)} and {len(model.outputs)}")
    shape, outputs = tuple(model.inputs[0].shape), tuple(model.outputs[0].shape)
    if len(shape) != 4 or shape[3] != 1 or not shape[1] or not shape[2]:
        raise ValueError(f"expected an input of shape (None, height, width, 1), got {shape}")
    if len(outputs) != 2 or outputs[1] != len(labels):
        raise ValueError(f"expected an output of shape (None, {len(labels)}), one per label, got {outputs}")
    return shape[1], shape[2]


def check_labels(labels: tuple[str, ...]) -> None:
    """Raises ValueError unless the labels are the seven expressions, in any order."""
    if sorted(labels) != sorted(LABELS):
        raise ValueError(f"expected the labels {sorted(LABELS)} in the model's order, got {list(labels)}")


def guess_preprocessing(model) -> tuple[float, float]:
    """Scale and offset: none where the model itself rescales or normalises at its start, else 1/255 and 0."""
    first = [type(layer).__name__ for layer in model.layers[:3]]
    return (1.0, 0.0) if "Rescaling" in first or "Normalization" in first else (1 / 255, 0.0)


def output_kind(outputs: np.ndarray) -> str:
    """`probabilities` where all rows (N, K) are such, else `logits`."""
    sums_to_one = np.allclose(outputs.sum(axis=1), 1, atol=1e-3)
    return "probabilities" if sums_to_one and (outputs >= 0).all() else "logits"


def convert_and_check(
    path: Path,
    labels: tuple[str, ...],
    out: Path,
    *,
    created: str,
    quantisation: Quantisation = "none",
    preprocessing: tuple[float, float] | None = None,
    temperature: float = 1.0,
) -> dict:
    """Convert `path`, compare 64 random faces with Keras, write the model files into `out`, return the card.

    Raises ValueError for a model that cannot be served and RuntimeError where LiteRT disagrees with Keras.
    """
    check_labels(labels)
    model = load_keras(path)
    # TensorFlow takes the name as the name of a scope, and those hold no blanks.
    model.name = "".join(c if c.isalnum() or c == "_" else "_" for c in model.name)
    size_hw = check_shapes(model, labels)
    scale, offset = preprocessing or guess_preprocessing(model)
    content = convert(model, quantisation)
    chips = np.random.default_rng(0).integers(0, 256, (64, *size_hw, 1)).astype(np.float32)
    inputs = chips * np.float32(scale) + np.float32(offset)
    expected = np.asarray(model.predict(inputs, verbose=0))
    actual = Runner(content).outputs(inputs)
    kind = output_kind(expected)
    difference = float(np.abs(_scores(actual, kind) - _scores(expected, kind)).max())
    if difference > TOLERANCES[quantisation]:
        raise RuntimeError(f"LiteRT and Keras differ by {difference:.4f}, expected ≤ {TOLERANCES[quantisation]}")
    keras_file = path.read_bytes()
    card = make_card(
        architecture=model.name,
        labels=labels,
        size_hw=size_hw,
        scale=scale,
        offset=offset,
        output=kind,
        temperature=temperature,
        quantisation=quantisation,
        keras_file=keras_file,
        litert_file=content,
        created=created,
        metrics={"largest_score_difference": difference},
    )
    write_model(out, card, keras_file, content)
    return card


def _scores(outputs: np.ndarray, kind: str) -> np.ndarray:
    from training.evaluation.measures import softmax

    return outputs if kind == "probabilities" else softmax(outputs)


def main() -> None:
    """Parse the command line, convert, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a .keras file")
    parser.add_argument("--labels", default=",".join(LABELS), help="comma-separated, in the model's order")
    parser.add_argument("--out", type=Path, default=Path("runs/model"), help="default: %(default)s")
    parser.add_argument("--quantisation", choices=list(TOLERANCES), default="none")
    parser.add_argument("--scale", type=float, help="model input = grey 0–255 × scale + offset; default: guessed")
    parser.add_argument("--offset", type=float, default=0.0)
    parser.add_argument("--temperature", type=float, default=1.0)
    options = parser.parse_args()
    labels = tuple(label.strip() for label in options.labels.split(",") if label.strip())
    try:
        card = convert_and_check(
            options.model,
            labels,
            options.out,
            created=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            quantisation=options.quantisation,
            preprocessing=None if options.scale is None else (options.scale, options.offset),
            temperature=options.temperature,
        )
    except ValueError as error:
        parser.error(str(error))
    print(f"{options.out}: {card['model_version']}, {card['preprocessing']}, {card['output']}")


if __name__ == "__main__":
    main()
