"""Compare architectures under one recipe and budget: ``python -m training.compare --data … --votes …``.

Trains each experiment of ``training/experiments/compare/`` for the same processor time, converts it to LiteRT
and writes ``docs/architectures.md`` and ``docs/architectures.png``.
"""

import argparse
import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2

from training.config import Config, read_config
from training.conversion.export_model import figures, measure_conversions, model_input
from training.conversion.litert import load_keras
from training.data.fer2013 import FaceData, load
from training.evaluation.plots import plot_comparison
from training.nets.train import split, train_and_evaluate

EXPERIMENTS = Path("training/experiments/compare")


def compare_one(config: Config, workdir: Path, faces: FaceData) -> dict[str, Any]:
    """Train one experiment (or take a finished one from ``workdir``) and measure its conversions."""
    result_file = workdir / "result.json"
    if result_file.exists():
        return json.loads(result_file.read_text(encoding="utf-8"))
    # Processor time, not wall time: other work on the machine must not favour one of them.
    train_and_evaluate(config, workdir, faces, clock=time.process_time)
    training, kept_apart = split(faces)
    model = load_keras(workdir / "averaged.keras")
    representative = model_input(training.images[:: max(1, len(training) // 300)])
    conversions = measure_conversions(model, kept_apart, representative)
    last = json.loads((workdir / "history.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    result = {
        "architecture": config.architecture,
        "parameters": model.count_params(),
        "epochs": last["epoch"],
        "minutes": round(last["seconds"] / 60, 1),
        "conversions": figures(conversions),
    }
    result_file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


def table(results: list[dict[str, Any]]) -> str:
    """Return the comparison as a Markdown table, the most accurate first."""
    lines = [
        "| architecture | parameters | epochs | CPU minutes | FER+ majority | macro recall "
        "| float ms | int8 ms | int8 FER+ | int8 MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in sorted(results, key=lambda r: -r["conversions"]["none"]["ferplus_accuracy"]):
        exact, small = result["conversions"]["none"], result["conversions"]["dynamic_int8"]
        lines.append(
            f"| {result['architecture']} | {result['parameters'] / 1e6:.2f}M | {result['epochs']} "
            f"| {result['minutes']} | {exact['ferplus_accuracy']:.1%} | {exact['macro_recall']:.1%} "
            f"| {exact['ms_per_face']:.2f} | {small['ms_per_face']:.2f} | {small['ferplus_accuracy']:.1%} "
            f"| {small['bytes'] / 1e6:.2f} |"
        )
    return "\n".join(lines)


def write_page(results: list[dict[str, Any]], minutes: float, docs: Path) -> None:
    """Write ``architectures.md`` and its plot into ``docs``."""
    plot_comparison(results, docs / "architectures.png")
    page = f"""# Architectures compared

One recipe (data, augmentation, optimiser, schedule) and one budget for all: {minutes:g} minutes of processor time
each (all threads together), so a slower network sees fewer epochs. FER+ majority and macro recall are those of the
last averaged weights on the kept-apart tenth of the training faces; milliseconds are for one face in LiteRT on one
thread.

{table(results)}

![FER+ accuracy against milliseconds per face](architectures.png)

Made by `make compare DATA=fer2013.csv VOTES=fer2013new.csv MINUTES={minutes:g}`, which trains, converts,
measures and writes this page. A smaller budget favours small networks, which see every face more
often. The first branch of the served network is the residual net, which kept improving for 86 epochs:
`training/README.md` has its accuracy by epoch.
"""
    (docs / "architectures.md").write_text(page, encoding="utf-8")


def main() -> None:
    """Parse the command line and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--votes", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--experiments", type=Path, default=EXPERIMENTS)
    parser.add_argument("--workdir", type=Path, default=Path("runs/compare"))
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    faces = load(options.data, options.votes)
    results = []
    for path in sorted(options.experiments.glob("*.toml")):
        config = dataclasses.replace(read_config(path), budget_minutes=options.minutes)
        results.append(compare_one(config, options.workdir / path.stem, faces))
        print(json.dumps(results[-1]), flush=True)
    write_page(results, options.minutes, options.docs)
    print(table(results))


if __name__ == "__main__":
    main()
