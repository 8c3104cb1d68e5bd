"""Measure the whole chain on photos: ``python -m training.evaluation.evaluate_photos --dir … --labels …``.

Each photo goes through ``fer.usecases.predict`` as a request would; its largest face counts. ``labels.csv`` has the
columns ``file,expression``.
"""

import argparse
import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from training.data.fer2013 import LABELS
from training.evaluation.measures import confusion, recalls

# An encoded picture → scores (7,) of its largest face, or None, and the milliseconds of the request.
Recognise = Callable[[bytes], tuple[np.ndarray | None, float]]
MAX_PIXELS = 25_000_000
PREDECESSOR_MACRO_RECALL = 0.287


def open_recogniser(models: Path, detector: str) -> tuple[Recognise, str]:
    """Return the chain as the functions wire it, and its name."""
    from fer.usecases.predict import Recogniser, predict
    from fer.vision.alignment import FaceAligner
    from fer.vision.classifier import LiteRTClassifier
    from fer.vision.detection.detector import open_detector
    from fer.vision.model_files import load_model_files

    recogniser = Recogniser(
        detector=open_detector(detector, models_dir=models / "detector"),
        aligner=FaceAligner(models / "detector"),
        classifier=LiteRTClassifier(load_model_files(models / "expression")),
    )

    def recognise(picture: bytes) -> tuple[np.ndarray | None, float]:
        outcome = predict(picture, recogniser=recogniser, annotate="none", max_image_pixels=MAX_PIXELS)
        scores = np.array(outcome.predictions[0].scores) if outcome.predictions else None
        return scores, sum(outcome.timings_ms.values())

    return recognise, f"{recogniser.detector.name} + {recogniser.classifier.model_version}"


def is_for_training(file: str) -> bool:
    """Return whether a photo is of the two thirds, chosen by person, that may be trained on; the rest only reports.

    The person is what stands before the last ``_`` of the file's name, as in Labeled Faces in the Wild.
    """
    person = Path(file).stem.rpartition("_")[0]
    return int(hashlib.sha256(person.encode()).hexdigest()[:8], 16) % 3 != 0


def read_labels(path: Path, part: str = "all") -> list[tuple[str, int]]:
    """File names and indices into LABELS of a ``part``: all, training or report.

    Raises ValueError for another expression.
    """
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [(row["file"], row["expression"].strip()) for row in csv.DictReader(stream)]
    if part != "all":
        rows = [row for row in rows if is_for_training(row[0]) == (part == "training")]
    unknown = sorted({expression for _, expression in rows} - set(LABELS))
    if unknown:
        raise ValueError(f"{path}: expected the expressions {LABELS}, got {unknown}")
    return [(name, LABELS.index(expression)) for name, expression in rows]


def rolled(picture: bytes, degrees: float) -> bytes:
    """Return the picture turned about its centre on a canvas that holds all of it, as PNG; unchanged at 0°."""
    if degrees == 0:
        return picture
    with Image.open(io.BytesIO(picture)) as image:
        turned = image.convert("RGB").rotate(degrees, resample=Image.Resampling.BICUBIC, expand=True)
    stream = io.BytesIO()
    turned.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def evaluate_photos(
    recognise: Recognise, folder: Path, labels: list[tuple[str, int]], roll_deg: float
) -> dict[str, Any]:
    """Return face found, accuracy, macro and per-class recall; a photo without a face is a wrong answer."""
    predicted, times = [], []
    for name, _ in labels:
        scores, milliseconds = recognise(rolled((folder / name).read_bytes(), roll_deg))
        predicted.append(-1 if scores is None else int(scores.argmax()))
        times.append(milliseconds)
    truth, answers = np.array([label for _, label in labels]), np.array(predicted)
    found = answers >= 0
    per_class = recalls(answers, truth)
    return {
        "roll_deg": roll_deg,
        "photos": len(labels),
        "face_found": float(found.mean()),
        "accuracy": float((answers == truth).mean()),
        "macro_recall": float(np.mean(list(per_class.values()))),
        "recall": per_class,
        "confusion": confusion(answers[found], truth[found]).tolist(),
        "ms_p50": float(np.median(times)),
    }


def describe(report: dict[str, Any]) -> str:
    """Return one report in words."""
    classes = ", ".join(f"{name} {value:.1%}" for name, value in report["recall"].items())
    points = 100 * (report["macro_recall"] - PREDECESSOR_MACRO_RECALL)
    return (
        f"roll {report['roll_deg']:+g}°: {report['photos']} photos, face found {report['face_found']:.2%}, "
        f"accuracy {report['accuracy']:.2%}, macro recall {report['macro_recall']:.2%} ({points:+.1f} points on "
        f"the predecessor's 28.7 %), p50 {report['ms_p50']:.1f} ms\n  recall: {classes}"
    )


def main() -> None:
    """Parse the command line, evaluate, print and write the reports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder of the photos")
    parser.add_argument("--labels", type=Path, required=True, help="CSV with the columns file,expression")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--part", choices=["all", "training", "report"], default="all", help="which of the photos")
    parser.add_argument("--detector", default="auto", help="auto, yunet, mtcnn or haar")
    parser.add_argument("--roll", default="0", help="degrees to turn the photos by, comma-separated")
    parser.add_argument("--out", type=Path, help="write the reports here, as JSON")
    options = parser.parse_args()
    labels = read_labels(options.labels, options.part)
    recognise, name = open_recogniser(options.models, options.detector)
    print(name)
    reports = []
    for degrees in options.roll.split(","):
        reports.append(evaluate_photos(recognise, options.dir, labels, float(degrees)))
        print(describe(reports[-1]), flush=True)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps({"chain": name, "reports": reports}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
