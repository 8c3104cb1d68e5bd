"""Serve a model of one's own: `python -m training.conversion.convert --model path.keras --labels angry,disgusted,…`.

Takes any Keras classifier of square grey faces (48×48 or 64×64, say), converts it to LiteRT, checks that both
give the same answers, and writes the files and the card that serving reads.
"""

import argparse
import datetime
import os
import tempfile
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np

from training.conversion.card import make_card, write_model
from training.conversion.litert import Quantisation, Runner, convert, load_keras
from training.data.feedback import NAN, read_rows
from training.data.fer2013 import LABELS, FaceData, read_faces
from training.retraining.trainable import check_trainable

# Largest difference of a score between Keras and LiteRT: float differs by rounding only.
TOLERANCES = {"none": 1e-3, "dynamic_int8": 0.1}
# With fewer, two ranges of the input are told apart by chance.
FEWEST_TO_CHECK = 50


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


Preprocessing = tuple[float, float]
"""Scale and offset: what the model takes is grey 0–255 × scale + offset."""

CANDIDATES: dict[str, Preprocessing] = {"1/255": (1 / 255, 0.0), "2·x/255−1": (2 / 255, -1.0), "as it is": (1.0, 0.0)}


def rescales_itself(model) -> bool:
    """Whether the model brings its input to its own range, in one of its layers or of the models inside it."""
    layers = getattr(model, "layers", [])
    return any(type(layer).__name__ in ("Rescaling", "Normalization") or rescales_itself(layer) for layer in layers)


def find_preprocessing(model, check: FaceData | None, labels: tuple[str, ...]) -> Preprocessing:
    """What the model's own layers say, or else labelled faces: the range in which it gets most of them right.

    One model scores 54 % with one of two usual ranges and 66 % with the other, so none is taken in silence. Raises
    ValueError where neither says it.
    """
    if rescales_itself(model):
        return CANDIDATES["as it is"]
    if check is None:
        raise ValueError(
            "the model does not say which range its input has: give SCALE= and OFFSET= "
            "(0.00392157 and 0 for 0–1, or 0.00784314 and -1 for −1–1), or labelled faces as CHECK=faces.csv"
        )
    found = {name: accuracy(model, check, labels, each) for name, each in CANDIDATES.items()}
    for name, share in found.items():
        print(f"accuracy on {len(check):,} faces with {name}: {share:.1%}")
    best = max(found, key=lambda name: found[name])
    if len(check) < FEWEST_TO_CHECK:
        raise ValueError(f"expected at least {FEWEST_TO_CHECK} labelled faces to tell the range by, got {len(check)}")
    return CANDIDATES[best]


def accuracy(model, check: FaceData, labels: tuple[str, ...], preprocessing: Preprocessing) -> float:
    """The share of the labelled faces that the model gets right with this range of its input."""
    scale, offset = preprocessing
    height, width = model.inputs[0].shape[1:3]
    faces = np.stack([cv2.resize(image, (width, height)) for image in check.images]).astype(np.float32)
    outputs = np.asarray(model.predict(faces[..., None] * np.float32(scale) + np.float32(offset), verbose=0))
    order = np.array([LABELS.index(label) for label in labels])
    return float((order[outputs.argmax(axis=1)] == check.labels).mean())


def read_check(path: Path, limit: int = 2000) -> FaceData:
    """Labelled faces from FER2013 in any of its shapes, or from a CSV in the feedback's format; at most `limit`."""
    try:
        faces = read_faces(path)
        chosen = np.random.default_rng(0).permutation(len(faces))[:limit]
        return faces.take(chosen)
    except ValueError as not_fer2013:
        with tempfile.TemporaryDirectory() as folder, path.open("rb") as stream:
            try:
                rows = read_rows(iter(lambda: stream.read(1 << 20), b""), Path(folder) / "pixels.u8")
            except ValueError as error:
                raise ValueError(f"{path} is neither ({not_fer2013}) nor ({error})") from error
            chosen = np.random.default_rng(0).permutation(np.flatnonzero(rows.labels != NAN))[:limit]
            images, found = rows.pixels[chosen], rows.labels[chosen].astype(np.int64)
    return FaceData(images=images, labels=found, usage=np.array([""] * len(found)), votes=None)


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
    preprocessing: Preprocessing | None = None,
    check: FaceData | None = None,
    temperature: float = 1.0,
) -> dict:
    """Convert `path`, compare 64 random faces with Keras, write the model files into `out`, return the card.

    `check` are labelled faces, on which the accuracy is printed before anything is replaced. Raises ValueError for a
    model that cannot be served and RuntimeError where LiteRT disagrees with Keras.
    """
    check_labels(labels)
    model = load_keras(path)
    # TensorFlow takes the name as the name of a scope, and those hold no blanks.
    model.name = "".join(c if c.isalnum() or c == "_" else "_" for c in model.name)
    size_hw = check_shapes(model, labels)
    scale, offset = preprocessing or find_preprocessing(model, check, labels)
    content = convert(model, quantisation)
    chips = np.random.default_rng(0).integers(0, 256, (64, *size_hw, 1)).astype(np.float32)
    inputs = chips * np.float32(scale) + np.float32(offset)
    expected = np.asarray(model.predict(inputs, verbose=0))
    actual = Runner(content).outputs(inputs)
    kind = output_kind(expected)
    difference = float(np.abs(_scores(actual, kind) - _scores(expected, kind)).max())
    if difference > TOLERANCES[quantisation]:
        raise RuntimeError(f"LiteRT and Keras differ by {difference:.4f}, expected ≤ {TOLERANCES[quantisation]}")
    metrics = {"largest_score_difference": difference}
    if check is not None:
        metrics["check_accuracy"] = accuracy(model, check, labels, (scale, offset))
        metrics["check_faces"] = len(check)
        print(f"accuracy on {len(check):,} faces to check: {metrics['check_accuracy']:.1%}")
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
        metrics=metrics,
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
    parser.add_argument("--scale", type=float, help="model input = grey 0–255 × scale + offset")
    parser.add_argument("--offset", type=float, default=0.0)
    parser.add_argument("--check", type=Path, help="labelled faces: FER2013, or a CSV in the feedback's format")
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
            check=read_check(options.check) if options.check else None,
            temperature=options.temperature,
        )
    except ValueError as error:
        parser.error(str(error))
    print(f"{options.out}: {card['model_version']}, {card['preprocessing']}, {card['output']}")
    try:
        check_trainable(card)
    except ValueError as error:
        print(f"make retrain cannot go on from it: {error}")


if __name__ == "__main__":
    main()
