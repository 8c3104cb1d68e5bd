"""Measure the served model: ``python -m training.evaluation.evaluate --data … --votes … --usage PublicTest``.

The model runs exactly as in the functions: the LiteRT file and its card through ``fer.vision``, the 48×48
images of the rows as face chips, one forward pass each.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fer.vision.priors import PriorChoice, parse_prior
from training.data.fer2013 import LABELS, FaceData, load, majority
from training.evaluation.measures import calibration_error, confusion, expression_measures

Classify = Callable[[np.ndarray], np.ndarray]
SHIFT_PX = 2
# Larger blocks only cost memory.
BLOCK = 512


def open_served(directory: Path, prior: PriorChoice = "default") -> tuple[Classify, str]:
    """Return the served classifier, on one thread, and its version; chips uint8 (N, 48, 48) → scores (N, 7)."""
    from fer.vision.classifier import LiteRTClassifier
    from fer.vision.model_files import load_model_files

    classifier = LiteRTClassifier(load_model_files(directory), prior=prior, threads=1)
    return classifier.classify, classifier.model_version


def score_all(classify: Classify, images: np.ndarray) -> np.ndarray:
    """Return scores (N, 7) of uint8 (N, 48, 48), block by block."""
    blocks = [classify(images[start : start + BLOCK]) for start in range(0, len(images), BLOCK)]
    return np.concatenate(blocks) if blocks else np.zeros((0, len(LABELS)), np.float32)


def shifted(images: np.ndarray, right_px: int, down_px: int) -> np.ndarray:
    """Return the images moved by whole pixels, the border replicated; shape and dtype stay."""
    side = images.shape[1]
    rows = np.clip(np.arange(side) - down_px, 0, side - 1)
    columns = np.clip(np.arange(side) - right_px, 0, side - 1)
    return images[:, rows][:, :, columns]


def shift_agreement(classify: Classify, images: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Share of images that keep their expression when moved by 2 px, by direction, and their ``mean``."""
    result = {}
    for down in (-SHIFT_PX, 0, SHIFT_PX):
        for right in (-SHIFT_PX, 0, SHIFT_PX):
            if right or down:
                moved = score_all(classify, shifted(images, right, down)).argmax(axis=1)
                result[f"{right:+d},{down:+d}"] = float((moved == predicted).mean())
    result["mean"] = float(np.mean(list(result.values())))
    return result


def milliseconds_per_face(classify: Classify, images: np.ndarray, repeats: int = 300) -> dict[str, float]:
    """Return median and p95 of one call with one face, after a warm-up."""
    times = []
    for number in range(repeats + 20):
        face = images[number % len(images)][None]
        start = time.perf_counter()
        classify(face)
        times.append((time.perf_counter() - start) * 1000)
    return {"p50": float(np.median(times[20:])), "p95": float(np.percentile(times[20:], 95))}


def evaluate(classify: Classify, faces: FaceData) -> dict[str, Any]:
    """Return every figure of the report for these rows; FER+ figures only if there are votes."""
    scores = score_all(classify, faces.images)
    predicted = scores.argmax(axis=1)
    majorities = np.full(len(faces), -1) if faces.votes is None else majority(faces.votes)
    counted = majorities >= 0
    report = {
        "rows": len(faces),
        "ferplus_rows": int(counted.sum()),
        **expression_measures(scores, faces.labels, majorities),
    }
    if counted.any():
        truth = majorities[counted]
        report["expected_calibration_error"] = calibration_error(scores[counted], truth)
        report["confusion"] = confusion(predicted[counted], truth).tolist()
    else:
        for name in ("ferplus_accuracy", "macro_recall", "recall"):
            report.pop(name)
    report["shift_agreement"] = shift_agreement(classify, faces.images, predicted)
    report["ms_per_face"] = milliseconds_per_face(classify, faces.images)
    return report


def describe(report: dict[str, Any]) -> str:
    """Return the report in words, one figure per line."""
    lines = [f"{report['model_version']}, {report['usage']}: {report['rows']} rows"]
    lines.append(f"FER2013 accuracy           {report['fer2013_accuracy']:.2%}")
    if "ferplus_accuracy" in report:
        lines.append(f"FER+ majority accuracy     {report['ferplus_accuracy']:.2%}  ({report['ferplus_rows']} rows)")
        lines.append(f"macro recall               {report['macro_recall']:.2%}")
        lines += [f"  {name:<12} recall      {value:.2%}" for name, value in report["recall"].items()]
        lines.append(f"expected calibration error {report['expected_calibration_error']:.4f}  (15 bins)")
    lines.append(f"agreement under 2 px shift {report['shift_agreement']['mean']:.2%}  (mean of 8 directions)")
    times = report["ms_per_face"]
    lines.append(f"ms per face, one thread    p50 {times['p50']:.2f}, p95 {times['p95']:.2f}")
    return "\n".join(lines)


def main() -> None:
    """Parse the command line, evaluate, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv, also .gz or .zip")
    parser.add_argument("--votes", type=Path, help="fer2013new.csv; without it only FER2013 accuracy")
    parser.add_argument("--usage", default="PublicTest", help="Training, PublicTest, PrivateTest, or all")
    parser.add_argument("--model", type=Path, default=Path("models/expression"))
    parser.add_argument(
        "--prior", type=parse_prior, default="default", help="the population that scores are for, as in FER_PRIOR"
    )
    parser.add_argument("--out", type=Path, help="write the report here, as JSON")
    parser.add_argument("--confusion", type=Path, help="draw the confusion matrix here, as PNG")
    options = parser.parse_args()
    faces = load(options.data, options.votes)
    if options.usage != "all":
        faces = faces.take(faces.usage == options.usage)
    if len(faces) == 0:
        parser.error(f"{options.data} has no rows of usage {options.usage}")
    classify, version = open_served(options.model, options.prior)
    report = {"model_version": version, "usage": options.usage, **evaluate(classify, faces)}
    print(describe(report))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if options.confusion and "confusion" in report:
        from training.evaluation.plots import plot_confusion

        plot_confusion(np.array(report["confusion"]), options.confusion)


if __name__ == "__main__":
    main()
