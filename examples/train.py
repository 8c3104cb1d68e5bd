"""Train a small classifier on the exported corrections: softmax regression on the 48×48 grey pixels.

    curl -s -OJ http://127.0.0.1:8080/download_expression_csv
    python train.py expression_pixel_data.csv

It shows how the file is read and how to measure honestly: on faces that were not trained on, next to always
answering the most frequent label. A linear model on pixels is weak; ``make retrain`` is the real thing. The same face
corrected twice may land on both sides of the split, which ``make retrain`` prevents and this example does not.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LABELS = ("angry", "disgusted", "fear", "happy", "sad", "surprised", "neutral")
SIDE_PX = 48


def read(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return faces, standardised, float32 (N, 2304), and the index of each one's label, int64 (N,).

    The label ``nan`` means "none of these, or not a face": such rows are left out.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in LABELS]
    names = [f"pixel{index}" for index in range(SIDE_PX * SIDE_PX)]
    pixels = np.array([[row[name] for name in names] for row in rows], np.float32).reshape(-1, len(names))
    pixels -= pixels.mean(axis=1, keepdims=True)
    pixels /= pixels.std(axis=1, keepdims=True) + 1e-3
    return pixels, np.array([LABELS.index(row["label"]) for row in rows], np.int64)


def train(faces: NDArray[np.float32], labels: NDArray[np.int64], *, steps: int) -> NDArray[np.float32]:
    """Return weights (2305, 7) after ``steps`` of gradient descent with weight decay; the last row is the bias."""
    inputs = with_bias(faces)
    weights = np.zeros((inputs.shape[1], len(LABELS)), np.float32)
    wanted = np.eye(len(LABELS), dtype=np.float32)[labels]
    for _ in range(steps):
        logits = inputs @ weights
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)
        weights -= 0.005 * (inputs.T @ (scores - wanted) / len(inputs) + 0.1 * weights)
    return weights


def with_bias(faces: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.hstack([faces, np.ones((len(faces), 1), np.float32)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--out", type=Path, default=Path("weights.npy"))
    options = parser.parse_args()

    faces, labels = read(options.csv)
    if len(labels) < 20:
        raise SystemExit(f"{len(labels)} labelled faces are too few to measure anything; collect at least 20")
    order = np.random.default_rng(0).permutation(len(labels))
    held_out, trained_on = order[: len(order) // 5], order[len(order) // 5 :]
    weights = train(faces[trained_on], labels[trained_on], steps=options.steps)
    right = (with_bias(faces[held_out]) @ weights).argmax(axis=1) == labels[held_out]
    most_frequent = int(np.bincount(labels[trained_on]).argmax())
    by_habit = labels[held_out] == most_frequent
    print(f"{len(trained_on)} faces trained on, {len(held_out)} held out")
    print(f"right: {right.mean():.0%}; always saying {LABELS[most_frequent]!r}: {by_habit.mean():.0%}")
    np.save(options.out, weights)
    print(f"weights {weights.shape} in {options.out}")


if __name__ == "__main__":
    main()
