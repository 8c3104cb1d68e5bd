"""Serve a model of your own: ``python -m training.conversion.convert --model path.keras --labels angry,sad,…``.

Takes a Keras classifier of faces in a ``.keras`` or HDF5 file, of any size, grey or with three channels, converts it
to LiteRT, checks that both give the same answers, and writes the files and the card that serving reads.
"""

import argparse
import datetime
import math
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from training.conversion.card import KERAS_NAME, make_card, write_model
from training.conversion.input_range import (
    HARDLY_ABOVE_CHANCE,
    Preprocessing,
    accuracy,
    find_preprocessing,
    warn_of_two_ranges,
)
from training.conversion.litert import Quantisation, Runner, convert
from training.conversion.own_model import (
    Head,
    check_labels,
    check_shapes,
    head_of,
    keras_bytes,
    open_model,
    read_labels,
    served_form,
)
from training.conversion.trainable import try_training
from training.data.feedback import NAN, read_rows
from training.data.fer2013 import LABELS, SIDE_PX, FaceData, read_faces
from training.evaluation.measures import softmax
from training.nets.keras_files import outputs_of

# Largest difference of a score between Keras and LiteRT: float differs by rounding only.
TOLERANCES = {"none": 1e-3, "dynamic_int8": 0.1}


def read_check(path: Path, limit: int = 2000) -> FaceData:
    """Read labelled faces, at most ``limit``, from FER2013 in any of its forms or a CSV in the feedback's format."""
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
) -> dict[str, Any]:
    """Convert ``path``, compare 64 random faces with Keras, write the model files into ``out``, return the card.

    The accuracy on ``check``, labelled faces, is printed before anything is replaced. Raises ValueError for a model
    that cannot be served and RuntimeError if LiteRT disagrees with Keras.
    """
    check_labels(labels)
    if not 0 < temperature < math.inf:
        raise ValueError(f"expected a positive temperature, got {temperature}")
    model, is_keras = open_model(path)
    check_shapes(model, labels)
    served = served_form(model)
    if preprocessing:
        warn_of_two_ranges(model, preprocessing)
    scale, offset = preprocessing or find_preprocessing(model, served, check, labels)
    content = convert(served, quantisation)
    head, difference = _compare(served, content, (scale, offset))
    if math.isnan(difference):
        raise ValueError(
            f"the model's outputs are not numbers (NaN) where its input is grey × {scale:g} + {offset:g}"
        )
    if difference > TOLERANCES[quantisation]:
        raise RuntimeError(f"LiteRT and Keras differ by {difference:.4f}, expected ≤ {TOLERANCES[quantisation]}")
    metrics = {"largest_score_difference": difference}
    if check is not None:
        metrics |= _measure(served, check, labels, (scale, offset))
    keras_file = path.read_bytes() if is_keras and served is model else keras_bytes(served)
    card = make_card(
        architecture=model.name,
        labels=labels,
        size_hw=(SIDE_PX, SIDE_PX),
        scale=scale,
        offset=offset,
        output="logits" if head == "logits" else "probabilities",
        temperature=temperature,
        quantisation=quantisation,
        keras_file=keras_file,
        litert_file=content,
        created=created,
        metrics=metrics,
        training={"head": head},
    )
    write_model(out, card, keras_file, content)
    return card


def _compare(served: keras.Model, content: bytes, preprocessing: Preprocessing) -> tuple[Head, float]:
    """Return what kind of scores the model gives, and the largest difference of one between Keras and LiteRT."""
    scale, offset = preprocessing
    chips = np.random.default_rng(0).integers(0, 256, (64, SIDE_PX, SIDE_PX, 1)).astype(np.float32)
    inputs = chips * np.float32(scale) + np.float32(offset)
    expected = outputs_of(served, inputs)
    head = head_of(served, expected)
    actual = _scores(Runner(content).outputs(inputs), head)
    return head, float(np.abs(actual - _scores(expected, head)).max())


def _scores(outputs: np.ndarray, head: Head) -> np.ndarray:
    """Return scores (N, K) that sum to 1, computed from the outputs as serving does."""
    if head == "logits":
        return softmax(outputs)
    return outputs / np.maximum(outputs.sum(axis=1, keepdims=True), 1e-12)


def _measure(
    served: keras.Model, check: FaceData, labels: tuple[str, ...], preprocessing: Preprocessing
) -> dict[str, Any]:
    share = accuracy(served, check, labels, preprocessing)
    print(f"accuracy on {len(check):,} faces to check: {share:.1%}")
    if share < HARDLY_ABOVE_CHANCE:
        print(f"warning: that is hardly above chance; are {', '.join(labels)} in the model's order?")
    return {"check_accuracy": share, "check_faces": len(check)}


def main() -> None:
    """Parse the command line, convert, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a .keras or HDF5 file")
    parser.add_argument("--labels", default=",".join(LABELS), help="in the model's order; or a file, one per line")
    parser.add_argument("--out", type=Path, default=Path("runs/model"), help="default: %(default)s")
    parser.add_argument("--quantisation", choices=list(TOLERANCES), default="none")
    parser.add_argument("--scale", type=float, help="model input = grey 0–255 × scale + offset")
    parser.add_argument("--offset", type=float, default=0.0)
    parser.add_argument("--check", type=Path, help="labelled faces: FER2013, or a CSV in the feedback's format")
    parser.add_argument("--temperature", type=float, default=1.0)
    options = parser.parse_args()
    try:
        labels = read_labels(options.labels)
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
    except (ValueError, OSError, RuntimeError) as error:
        parser.error(str(error))
    print(f"{options.out}: {card['model_version']}, {card['preprocessing']}, head: {card['training']['head']}")
    try:
        try_training(options.out / KERAS_NAME, card)
    except ValueError as error:
        print(f"make retrain cannot start from it: {error}")
    else:
        print("make retrain can start from it")
    print(f"to serve it: make publish MODEL_DIR={options.out} and make promote VERSION={card['model_version']}")


if __name__ == "__main__":
    main()
