"""The classifier in LiteRT and in ONNX Runtime, from one Keras file: ``make bench-engines DATA= VOTES= MODEL=``.

Accuracy and macro recall on PublicTest, how often the answer is Keras', milliseconds a face on one thread (the
engines take turns), and what each adds to a cold start. The ranges for static int8 come from training rows alone.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from bench.engines import static_int8
from bench.harness.measures import circumstances
from training.conversion.export_model import model_input
from training.conversion.litert import Runner, convert, load_keras
from training.data.fer2013 import FaceData, load, majority
from training.evaluation.measures import expression_measures, softmax
from training.nets.keras_files import outputs_of

CALIBRATION_FACES = 160
PERCENTILE = 99.999
COLD_RUNS = 5
ROUNDS, CALLS = 40, 8
SLOW_MS = 50.0
"""What takes longer a face is not a candidate, and its accuracy would take minutes."""

Run = Callable[[np.ndarray], np.ndarray]


def make_files(model: Any, training: FaceData) -> dict[str, bytes]:
    """Name of the variant → its file."""
    size_hw = model.inputs[0].shape[1:3]
    exact = static_int8.export(model, size_hw)
    chosen = np.random.default_rng(0).permutation(len(training))[:CALIBRATION_FACES]
    ranges = static_int8.activation_ranges(exact, model_input(training.images[chosen]), PERCENTILE)

    def static(row: int, *, stem: bool, head: bool) -> bytes:
        exclude = static_int8.left_in_float(exact, stem=stem, head=head)
        return static_int8.quantise_static(exact, ranges, row=row, exclude=exclude)

    return {
        "litert float": convert(model, "none"),
        "litert dynamic int8": convert(model, "dynamic_int8"),
        "onnx float": exact,
        "onnx dynamic int8": static_int8.quantise_dynamic(exact),
        "onnx static int8, extremes": static(0, stem=False, head=False),
        "onnx static int8, extremes, float stem": static(0, stem=True, head=False),
        f"onnx static int8, {PERCENTILE} %": static(1, stem=False, head=False),
        f"onnx static int8, {PERCENTILE} %, float stem": static(1, stem=True, head=False),
        f"onnx static int8, {PERCENTILE} %, float stem and head": static(1, stem=True, head=True),
    }


def open_runs(files: dict[str, bytes]) -> dict[str, Run]:
    """Name of the variant → a function that runs it for one face, (1, H, W, 1) → (1, 7)."""
    return {
        name: Runner(content).outputs if name.startswith("litert") else static_int8.open_session(content)
        for name, content in files.items()
    }


def milliseconds(runs: dict[str, Run], face: np.ndarray) -> dict[str, dict[str, float]]:
    """Median and least of a call; the least is what a machine that does other things disturbs least."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            if len(times[name]) >= 2 * CALLS and min(times[name]) > SLOW_MS / 1000:
                continue
            run(face)  # the caches are its own again
            for _ in range(CALLS):
                started_s = time.perf_counter()
                run(face)
                times[name].append(time.perf_counter() - started_s)
    return {
        name: {"median_ms": round(statistics.median(each) * 1000, 3), "least_ms": round(min(each) * 1000, 3)}
        for name, each in times.items()
    }


def cold(files: dict[str, bytes]) -> dict[str, dict[str, float]]:
    """Median of what ``cold.py`` says of each variant in fresh processes."""
    script = Path(__file__).with_name("cold.py")
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, content) in enumerate(files.items()):
            path = Path(folder) / f"{number}.{'tflite' if name.startswith('litert') else 'onnx'}"
            path.write_bytes(content)
            found = [_ask(script, path) for _ in range(COLD_RUNS)]
            results[name] = {
                f"cold_{key}": round(statistics.median(each[key] for each in found), 1)
                for key in ("cpu_ms", "added_mb")
            }
    return results


def _ask(script: Path, path: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, str(script), str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def accuracy(run: Run, public: FaceData, votes: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Return what the answers for all faces are worth, and how far they are from Keras'."""
    inputs, truth = model_input(public.images), majority(votes)
    logits = np.concatenate([run(inputs[place : place + 1]) for place in range(len(inputs))])
    measures = expression_measures(logits, public.labels, truth)
    return {
        "ferplus_accuracy": round(measures["ferplus_accuracy"], 4),
        "macro_recall": round(measures["macro_recall"], 4),
        "agreement_with_keras": round(float((logits.argmax(1) == reference.argmax(1)).mean()), 4),
        "largest_score_difference": round(float(np.abs(softmax(logits) - softmax(reference)).max()), 4),
    }


def compare(model_path: Path, faces: FaceData) -> dict[str, Any]:
    """Return all variants with all figures."""
    model = load_keras(model_path)
    training, public = (faces.take(faces.usage == name) for name in ("Training", "PublicTest"))
    if public.votes is None:
        raise ValueError("expected FER+'s votes")
    reference = outputs_of(model, model_input(public.images))
    files = make_files(model, training)
    runs, results = open_runs(files), cold(files)
    for name, figures in milliseconds(runs, model_input(public.images[:1])).items():
        results[name] |= {**figures, "bytes": len(files[name])}
        if figures["least_ms"] <= SLOW_MS:
            results[name] |= accuracy(runs[name], public, public.votes, reference)
        print(json.dumps({name: results[name]}), flush=True)
    return {"benchmark": "engines", **circumstances(), "model": model_path.name, "results": results}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--votes", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("models/expression/facial_expression_model.keras"))
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    report = compare(options.model, load(options.data, options.votes))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
