"""Train one experiment: `python -m training.nets.train --config … --data … --votes … --workdir …`.

`--workdir` holds the checkpoint, `averaged.keras` and `history.jsonl`; the same command goes on where a run
stopped.
"""

import argparse
import importlib.util
import json
import time
from pathlib import Path

import cv2
import keras
import numpy as np
from tqdm import tqdm

from training.config import Config, read_config
from training.data.aligned import upright
from training.data.fer2013 import FaceData, load, majority, without_duplicates
from training.evaluation.evaluate import open_served
from training.evaluation.measures import expression_measures
from training.evaluation.plots import plot_curves
from training.nets.architectures import build
from training.nets.batches import Batches, ahead, learning_rate
from training.nets.steady import steady_answers

DETECTORS = Path("models/detector")


def split(faces: FaceData) -> tuple[FaceData, FaceData]:
    """The training rows (duplicates and held-out pixels dropped) and the PublicTest rows."""
    held_out = faces.take(faces.usage != "Training")
    training = without_duplicates(faces.take(faces.usage == "Training"), held_out)
    return training, faces.take(faces.usage == "PublicTest")


def _engine(config: Config):
    """The engine that the experiment names; each imports its framework only when chosen."""
    engine = config.engine
    if engine == "auto":
        engine = "torch" if importlib.util.find_spec("torch") else "keras"
    if engine == "torch":
        from training.nets.torch_engine import TorchEngine

        return TorchEngine(_model(config), config, compiled=config.compiled)
    if engine == "keras":
        from training.nets.keras_engine import KerasEngine

        return KerasEngine(lambda: _model(config), config)
    raise ValueError(f"expected the engine auto, keras or torch, got {config.engine!r}")


def _model(config: Config):
    model = build(config.architecture, **config.options)
    if config.warm_start:
        model.set_weights(keras.models.load_model(config.warm_start, compile=False).get_weights())
    return model


def train_and_evaluate(config: Config, workdir: Path, faces: FaceData, *, clock=time.monotonic) -> dict:
    """Train on `faces`, measure the averaged net on PublicTest after each epoch, return the last measures.

    Writes `checkpoint.pt`, `averaged.keras` and `history.jsonl` into `workdir` after each epoch and goes on
    from them.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    training, public = split(faces)
    if config.upright:
        training = upright(training, DETECTORS)
    answers = steady_answers(open_served(Path(config.teacher))[0], training.images) if config.steadiness else None
    batches = Batches(training, config, answers)
    engine = _engine(config)
    checkpoint = workdir / f"checkpoint{engine.suffix}"
    progress = {"epoch": 0, "seconds": 0.0}
    if checkpoint.exists():
        progress = engine.load_state(checkpoint)
    public_images = (public.images / np.float32(255))[..., None]
    started = clock() - progress["seconds"]
    measures: dict = {}

    def share() -> float:
        if config.budget_minutes:
            return (clock() - started) / (60 * config.budget_minutes)
        return engine.steps / (batches.steps * config.epochs)

    while share() < 1:
        epoch = progress["epoch"] + 1
        rate, losses = learning_rate(share(), config), []
        source = ahead(batches.epoch(epoch, mixing=share() < config.mix_until))
        for images, targets, weights in tqdm(source, total=batches.steps, desc=f"epoch {epoch}", mininterval=20):
            losses.append(engine.step(images, targets, weights, learning_rate(share(), config)))
            if share() >= 1:
                break
        measures = expression_measures(engine.logits(public_images), public.labels, majority(public.votes))
        progress = {"epoch": epoch, "seconds": clock() - started}
        engine.save_state(checkpoint, progress)
        engine.save_model(workdir / "averaged.keras")
        line = {**progress, "loss": float(np.mean(losses)), "learning_rate": rate, **measures}
        with (workdir / "history.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        tqdm.write(json.dumps(line))
    plot_curves(workdir / "history.jsonl", workdir / "curves.png")
    return measures


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv, also .gz or .zip")
    parser.add_argument("--votes", type=Path, required=True, help="fer2013new.csv")
    parser.add_argument("--workdir", type=Path, required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    faces = load(options.data, options.votes)
    train_and_evaluate(read_config(options.config), options.workdir, faces)


if __name__ == "__main__":
    main()
