"""Train one experiment: ``python -m training.nets.train --config … --data … --votes … --workdir …``.

``--workdir`` holds the checkpoint, ``averaged.keras`` and ``history.jsonl``; the same command resumes a stopped
run.
"""

import argparse
import importlib.util
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from tqdm import tqdm

from fer.vision.priors import BALANCED
from training.config import Config, read_config
from training.data.aligned import upright
from training.data.fer2013 import FaceData, load, majority
from training.data.selection import USAGE, with_selection
from training.data.sources import Source, extra_sources, voted
from training.evaluation.measures import expression_measures
from training.evaluation.plots import plot_curves
from training.nets.architectures import build
from training.nets.batches import Batches, ahead, learning_rate
from training.nets.identity import start_from_identity
from training.nets.keras_files import load_model
from training.nets.steady import taught

DETECTORS = Path("models/detector")


def split(faces: FaceData) -> tuple[FaceData, FaceData]:
    """Return the rows to train on, and those kept apart to choose by (selection.py)."""
    faces = with_selection(faces)
    return faces.take(faces.usage == "Training"), faces.take(faces.usage == USAGE)


def _engine(config: Config, images: np.ndarray):
    """The engine that the experiment names; each imports its framework only when chosen."""
    engine = config.engine
    if engine == "auto":
        engine = "torch" if importlib.util.find_spec("torch") else "keras"
    if engine == "torch":
        from training.nets.torch_engine import TorchEngine

        return TorchEngine(_model(config, images), config, compiled=config.compiled)
    if engine == "keras":
        from training.nets.keras_engine import KerasEngine

        return KerasEngine(lambda: _model(config, images), config)
    raise ValueError(f"expected the engine auto, keras or torch, got {config.engine!r}")


def _model(config: Config, images: np.ndarray) -> keras.Model:
    model = build(config.architecture, **config.options)
    if config.warm_start:
        model.set_weights(load_model(config.warm_start).get_weights())
    if config.identity_start:
        chosen = np.random.default_rng(config.seed).choice(len(images), min(512, len(images)), replace=False)
        start_from_identity(model, Path(config.identity_start), (images[chosen] / np.float32(255))[..., None])
    return model


def _batches(config: Config, sources: Sequence[Source]) -> Batches:
    if config.steadiness:
        sources = [taught(source, Path(config.teacher), config.steadiness) for source in sources]
    return Batches(sources, config, np.array(BALANCED, np.float32) if config.balanced else None)


def train_and_evaluate(
    config: Config,
    workdir: Path,
    faces: FaceData,
    extra: Sequence[Source] = (),
    *,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, Any]:
    """Train on ``faces`` and ``extra``, measure the averaged net on the kept-apart tenth, return the last measures.

    Writes a checkpoint, ``averaged.keras`` and ``history.jsonl`` into ``workdir`` after each epoch and resumes
    from them.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    training, kept_apart = split(faces)
    if config.upright:
        training = upright(training, DETECTORS)
    batches = _batches(config, [voted(training, config), *extra])
    engine = _engine(config, training.images)
    checkpoint = workdir / f"checkpoint{engine.suffix}"
    progress: dict[str, Any] = {"epoch": 0, "seconds": 0.0}
    if checkpoint.exists():
        progress = engine.load_state(checkpoint)
    selection_images = (kept_apart.images / np.float32(255))[..., None]
    started = clock() - progress["seconds"]
    measures: dict[str, Any] = {}

    def share() -> float:
        if config.budget_minutes:
            return (clock() - started) / (60 * config.budget_minutes)
        return engine.steps / (batches.steps * config.epochs)

    while share() < 1:
        epoch = progress["epoch"] + 1
        rate, losses = learning_rate(share(), config), []
        source = ahead(batches.epoch(epoch, mixing=share() < config.mix_until))
        for batch in tqdm(source, total=batches.steps, desc=f"epoch {epoch}", mininterval=20):
            losses.append(engine.step(*batch, learning_rate(share(), config)))
            if share() >= 1:
                break
        logits = engine.logits(selection_images)
        measures = expression_measures(logits, kept_apart.labels, majority(kept_apart.given_votes))
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
    parser.add_argument(
        "--extra", nargs="*", default=[], help="CSVs in the feedback's format; photos.csv:4 is seen 4 times per epoch"
    )
    options = parser.parse_args()
    cv2.setNumThreads(1)
    config, faces = read_config(options.config), load(options.data, options.votes)
    extra = extra_sources(options.extra, config)
    train_and_evaluate(config, options.workdir, faces, extra)


if __name__ == "__main__":
    main()
