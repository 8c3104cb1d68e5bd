"""Export a trained model for serving: ``python -m training.conversion.export_model --model … --data … --votes …``.

Converts to LiteRT in float and in int8, measures each against Keras on the kept-apart tenth of the training faces,
takes the fastest file that costs at most 0.3 points of FER+ accuracy there, fits the temperature there too, reports
on PublicTest and writes the files with their card.
"""

import argparse
import datetime
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from fer.vision.priors import BALANCED, log_shift, read_priors
from training.config import Config, read_config
from training.conversion.calibrate import fit_temperature
from training.conversion.card import make_card, make_priors, write_model
from training.conversion.litert import QUANTISATIONS, Quantisation, Runner, convert, load_keras
from training.data.fer2013 import LABELS, SIDE_PX, FaceData, load, majority
from training.data.selection import USAGE, with_selection
from training.evaluation.measures import calibration_error, expression_measures, population_weights, softmax
from training.nets.keras_files import outputs_of

SCALE, OFFSET = 1 / 255, 0.0
ALLOWED_LOSS = 0.003
DATA_DESCRIPTION = "FER2013 (Goodfellow et al. 2013) with FER+ votes (Barsoum et al. 2016)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """How to export; ``created`` is the time written into the card, ``config`` the experiment of the model.

    ``architecture``, ``parent``, ``priors``, ``data``, ``training`` and ``split`` (the name of the rows that are
    measured) go into the card as well. Without ``priors`` the scores are for the training faces' own population.
    """

    created: str
    config: Config | None = None
    quantisation: Quantisation | Literal["auto"] = "auto"
    note: str = ""
    architecture: str = ""
    parent: str | None = None
    priors: dict[str, dict[str, float]] | None = None
    data: dict[str, Any] | None = None
    training: dict[str, Any] = field(default_factory=dict)
    split: str = "PublicTest"


def model_input(images: np.ndarray) -> np.ndarray:
    """Return uint8 (N, 48, 48) chips in the model's format: float32 (N, 48, 48, 1)."""
    return (images.astype(np.float32) * np.float32(SCALE) + np.float32(OFFSET))[..., None]


def measure_conversions(
    model: keras.Model,
    faces: FaceData,
    representative: np.ndarray,
    quantisations: Sequence[Quantisation] = QUANTISATIONS,
    shift: np.ndarray | float = 0.0,
) -> dict[str, dict[str, Any]]:
    """Return for each precision: ``file`` bytes, ``logits``, accuracy, parity with Keras, bytes, ms per face.

    ``shift`` (7,) is what the faces' own population adds to the logits for the accuracy.
    """
    inputs, majorities = model_input(faces.images), majority(faces.given_votes)
    reference = outputs_of(model, inputs)
    results = {}
    for quantisation in quantisations:
        content = convert(model, quantisation, representative)
        runner = Runner(content)
        logits = runner.outputs(inputs)
        if logits.shape != reference.shape:
            raise RuntimeError(f"LiteRT ({quantisation}) returns {logits.shape}, expected {reference.shape}")
        results[quantisation] = {
            "file": content,
            "logits": logits,
            "ferplus_accuracy": expression_measures(logits + shift, faces.labels, majorities)["ferplus_accuracy"],
            "macro_recall": expression_measures(logits, faces.labels, majorities)["macro_recall"],
            "agreement_with_keras": float((logits.argmax(1) == reference.argmax(1)).mean()),
            "largest_score_difference": float(np.abs(softmax(logits) - softmax(reference)).max()),
            "bytes": len(content),
            "ms_per_face": runner.median_ms(inputs),
        }
    return results


def choose(results: dict[str, dict[str, Any]]) -> str:
    """Return the fastest precision whose FER+ accuracy is at most 0.3 points below float's."""
    floor = results["none"]["ferplus_accuracy"] - ALLOWED_LOSS
    fit = [name for name, result in results.items() if result["ferplus_accuracy"] >= floor]
    return min(fit, key=lambda name: results[name]["ms_per_face"])


def _training_note(config: Config | None, history: Path) -> dict[str, Any]:
    note: dict[str, Any] = {} if config is None else {"config": config.to_dict()}
    if history.exists():
        lines = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
        note |= {"epochs": lines[-1]["epoch"], "minutes": round(lines[-1]["seconds"] / 60, 1)}
    return note


def export(model_path: Path, faces: FaceData, out: Path, options: ExportOptions) -> dict[str, Any]:
    """Convert, choose, calibrate, measure and write the model files into ``out``; returns the card.

    What is chosen is chosen on the Selection rows (``training.data.selection``), and the PublicTest rows only report;
    where ``faces`` has no Selection rows, as in retraining, the PublicTest rows do both, and the card says so.
    """
    model = load_keras(model_path)
    training, selection, public = (faces.take(faces.usage == name) for name in ("Training", USAGE, "PublicTest"))
    chosen_on = options.split if not len(selection) else "a tenth of the training faces, kept apart"
    selection = selection if len(selection) else public
    keras_file = model_path.read_bytes()
    representative = model_input(training.images[:: max(1, len(training) // 300)])
    shifts = log_shifts(options.priors)
    tried = QUANTISATIONS if options.quantisation == "auto" else (options.quantisation,)
    results = measure_conversions(model, selection, representative, tried, shifts["ferplus"])
    chosen = choose(results) if options.quantisation == "auto" else options.quantisation
    temperature = temperature_of(results[chosen]["logits"], selection, shifts["ferplus"])
    outputs = Runner(results[chosen]["file"]).outputs(model_input(public.images))
    metrics = reported(outputs / temperature, public, options.priors)
    metrics |= {"split": options.split, "chosen_on": chosen_on, "conversions": figures(results)}
    config = options.config
    history = model_path.with_name("history.jsonl")
    card = make_card(
        architecture=options.architecture or (model.name if config is None else config.architecture),
        labels=LABELS,
        size_hw=(SIDE_PX, SIDE_PX),
        scale=SCALE,
        offset=OFFSET,
        output="logits",
        temperature=temperature,
        quantisation=chosen,
        keras_file=keras_file,
        litert_file=results[chosen]["file"],
        created=options.created,
        metrics=metrics,
        data=options.data or {"digest": faces.digest(), "description": DATA_DESCRIPTION},
        training={"note": options.note, **options.training, **_training_note(config, history)},
        parent=options.parent,
        priors=options.priors,
    )
    write_model(out, card, keras_file, results[chosen]["file"])
    return card


def log_shifts(priors: dict[str, dict[str, float]] | None) -> dict[str, np.ndarray]:
    """What to add to the log scores for the populations ``default`` and ``ferplus``, (7,) each; 0 without priors.

    Where a model of one's own does not state FER+'s, its network's stands for it.
    """
    if priors is None:
        return dict.fromkeys(("default", "ferplus"), np.zeros(len(LABELS)))
    known = read_priors(priors)
    known.setdefault("ferplus", known["network"])
    return {name: np.array(log_shift(known, name)) for name in ("default", "ferplus")}


def priors_of(faces: FaceData, *, balanced: bool) -> dict[str, dict[str, float]]:
    """Return the card's priors for a network trained on these faces, with balanced softmax or as they come."""
    truth = majority(faces.take(faces.usage == "Training").given_votes)
    ferplus = np.bincount(truth[truth >= 0], minlength=len(LABELS)) / (truth >= 0).sum()
    return make_priors(np.array(BALANCED) if balanced else ferplus, ferplus)


def temperature_of(logits: np.ndarray, faces: FaceData, shift: np.ndarray) -> float:
    """Return the temperature that fits these faces, whose population adds ``shift`` (7,) to the log scores."""
    truth = majority(faces.given_votes)
    return round(fit_temperature(logits[truth >= 0], truth[truth >= 0], shift), 4)


def reported(logits: np.ndarray, public: FaceData, priors: dict[str, dict[str, float]] | None) -> dict[str, Any]:
    """The card's metrics for calibrated logits, at the default prior; ``at_prior`` has them for each that it states.

    The calibration error is that of a population with the prior's shares.
    """
    truth = majority(public.given_votes)
    counted, at_prior = truth >= 0, {}
    for name, shift in log_shifts(priors).items():
        if priors is not None and name not in priors:
            continue
        scores = softmax(logits + shift)
        weights = None
        if priors is not None:
            weights = population_weights(truth[counted], np.array([priors[name][label] for label in LABELS]))
        at_prior[name] = {
            **expression_measures(scores, public.labels, truth),
            "expected_calibration_error": calibration_error(scores[counted], truth[counted], weights=weights),
        }
    return at_prior["default"] | ({} if priors is None else {"at_prior": at_prior})


def figures(results: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what ``measure_conversions`` returned, without the files and the logits."""
    return {
        name: {key: value for key, value in result.items() if key not in ("file", "logits")}
        for name, result in results.items()
    }


def main() -> None:
    """Parse the command line, export, print the card's metrics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--votes", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/model"), help="default: %(default)s")
    parser.add_argument("--config", type=Path, help="the experiment that the model was trained with")
    parser.add_argument(
        "--balanced", action="store_true", help="trained with balanced softmax, for a model without one"
    )
    parser.add_argument("--quantisation", choices=["auto", *QUANTISATIONS], default="auto")
    parser.add_argument("--note", default="", help="a sentence about the weights, for the card")
    options = parser.parse_args()
    config, faces = read_config(options.config) if options.config else None, load(options.data, options.votes)
    export_options = ExportOptions(
        config=config,
        priors=priors_of(faces, balanced=config.balanced if config else options.balanced),
        quantisation=options.quantisation,
        note=options.note,
        created=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    card = export(options.model, with_selection(faces), options.out, export_options)
    print(json.dumps({key: card[key] for key in ("model_version", "temperature", "files", "metrics")}, indent=2))


if __name__ == "__main__":
    main()
