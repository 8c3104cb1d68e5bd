"""Plots of a run: learning curves, a confusion matrix, accuracy against latency."""

import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from training.data.fer2013 import LABELS

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the software's name and date, equal figures give equal files.
    figure.savefig(path, dpi=110, bbox_inches="tight", metadata={"Software": None})
    plt.close(figure)


def plot_curves(history: Path, path: Path) -> None:
    """Draw loss, learning rate and the accuracy on the kept-apart tenth by epoch from ``history.jsonl``."""
    lines = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
    epochs = [line["epoch"] for line in lines]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    left.plot(epochs, [line["loss"] for line in lines], label="training loss (augmented, mixed)")
    rates = left.twinx()
    rates.plot(epochs, [line["learning_rate"] for line in lines], color="tab:grey", linestyle=":")
    rates.set_ylabel("learning rate (dotted)")
    for key, name in (
        ("ferplus_accuracy", "FER+ majority"),
        ("macro_recall", "macro recall"),
        ("fer2013_accuracy", "FER2013 labels"),
    ):
        right.plot(epochs, [100 * line[key] for line in lines], label=name)
    left.set_ylabel("loss")
    right.set_ylabel("kept-apart tenth, %")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.legend()
    _save(figure, path)


def plot_confusion(counts: np.ndarray, path: Path) -> None:
    """Draw a confusion matrix, int (7, 7), each row in per cent of the true expression."""
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(6.5, 5.5))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    for row, column in np.ndindex(*shares.shape):
        colour = "white" if shares[row, column] > 55 else "black"
        axes.text(column, row, f"{shares[row, column]:.0f}", ha="center", va="center", color=colour)
    axes.set_xticks(range(len(LABELS)), LABELS, rotation=40, ha="right")
    axes.set_yticks(range(len(LABELS)), [f"{n} ({c})" for n, c in zip(LABELS, counts.sum(axis=1), strict=True)])
    axes.set_xlabel("predicted, % of the row")
    axes.set_ylabel("FER+ majority (images)")
    _save(figure, path)


def plot_comparison(results: list[dict[str, Any]], path: Path) -> None:
    """Draw FER+ accuracy against LiteRT milliseconds per face, float and int8, for each architecture."""
    figure, axes = plt.subplots(figsize=(7.5, 5))
    for result in results:
        places = []
        for precision, marker in (("none", "o"), ("dynamic_int8", "s")):
            measured = result["conversions"][precision]
            places.append((measured["ms_per_face"], 100 * measured["ferplus_accuracy"]))
            axes.scatter(*places[-1], marker=marker, s=45, color="tab:blue")
        axes.plot(*zip(*places, strict=True), color="tab:blue", alpha=0.4)
        label = f"{result['architecture']} ({result['parameters'] / 1e6:.2f}M)"
        axes.annotate(label, places[1], xytext=(6, -14), textcoords="offset points")
    axes.margins(0.1)
    axes.set_xlabel("ms per face, LiteRT, one thread (circle: float, square: dynamic int8)")
    axes.set_ylabel("FER+ majority accuracy on the kept-apart tenth, %")
    axes.grid(alpha=0.3)
    _save(figure, path)


def plot_loop(figures: dict[str, Any], path: Path) -> None:
    """Draw recall by expression and accuracy, before and after retraining, from the demo loop's figures."""
    before, after, frozen = figures["before"], figures["after"], figures["gate"]["figures"]["frozen"]["accuracy"]
    names = ["all", *after["recall"], "frozen test"]
    columns = (
        ("before", [before["accuracy"], *before["recall"].values(), frozen["champion"]], "tab:grey"),
        ("after", [after["accuracy"], *after["recall"].values(), frozen["challenger"]], "tab:blue"),
    )
    figure, axes = plt.subplots(figsize=(9, 4.5))
    places = np.arange(len(names))
    for offset, (label, values, colour) in zip((-0.2, 0.2), columns, strict=True):
        bars = axes.bar(places + offset, [100 * value for value in values], 0.4, label=label, color=colour)
        axes.bar_label(bars, fmt="%.0f", fontsize=8)
    axes.set_xticks(places, names, rotation=25, ha="right")
    axes.set_ylabel("recall on held-out faces of the camera, %")
    axes.legend()
    axes.grid(axis="y", alpha=0.3)
    _save(figure, path)
