"""Export a trained model for serving: `python -m training.conversion.export_model --model … --data … --votes …`.

Converts to LiteRT in float and in int8, measures each against Keras on PublicTest, takes the int8 file that
costs at most 0.3 points of FER+ accuracy, fits the temperature on PublicTest and writes the files with
their card.
"""

import argparse
import datetime
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from training.config import Config, read_config
from training.conversion.calibrate import fit_temperature
from training.conversion.card import make_card, write_model
from training.conversion.litert import QUANTISATIONS, Quantisation, Runner, convert, load_keras
from training.data.fer2013 import LABELS, SIDE_PX, FaceData, load, majority
from training.evaluation.measures import calibration_error, expression_measures, softmax

SCALE, OFFSET = 1 / 255, 0.0
ALLOWED_LOSS = 0.003
DATA_DESCRIPTION = "FER2013 (Goodfellow et al. 2013) with FER+ votes (Barsoum et al. 2016)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """How to export; `created` is the time written into the card, `config` the experiment of the model.

    `architecture`, `parent`, `data`, `training` and `split` (the name of the rows that are measured) go into
    the card as well.
    """

    created: str
    config: Config | None = None
    quantisation: Quantisation | Literal["auto"] = "auto"
    bias: dict[str, float] = field(default_factory=dict)
    note: str = ""
    architecture: str = ""
    parent: str | None = None
    data: dict | None = None
    training: dict = field(default_factory=dict)
    split: str = "PublicTest"


def model_input(images: np.ndarray) -> np.ndarray:
    """uint8 (N, 48, 48) chips as the model takes them: float32 (N, 48, 48, 1)."""
    return (images.astype(np.float32) * np.float32(SCALE) + np.float32(OFFSET))[..., None]


def measure_conversions(
    model, public: FaceData, representative: np.ndarray, quantisations: Sequence[Quantisation] = QUANTISATIONS
) -> dict[str, dict]:
    """For each precision: `file` bytes, `logits`, accuracy, parity with Keras, bytes, ms per face."""
    inputs, majorities = model_input(public.images), majority(public.votes)
    reference = np.asarray(model.predict(inputs, batch_size=256, verbose=0))
    results = {}
    for quantisation in quantisations:
        content = convert(model, quantisation, representative)
        runner = Runner(content)
        logits = runner.outputs(inputs)
        if logits.shape != reference.shape:
            raise RuntimeError(f"LiteRT ({quantisation}) returns {logits.shape}, expected {reference.shape}")
        measures = expression_measures(logits, public.labels, majorities)
        results[quantisation] = {
            "file": content,
            "logits": logits,
            "ferplus_accuracy": measures["ferplus_accuracy"],
            "macro_recall": measures["macro_recall"],
            "agreement_with_keras": float((logits.argmax(1) == reference.argmax(1)).mean()),
            "largest_score_difference": float(np.abs(softmax(logits) - softmax(reference)).max()),
            "bytes": len(content),
            "ms_per_face": runner.median_ms(inputs),
        }
    return results


def choose(results: dict[str, dict]) -> str:
    """The fastest precision whose FER+ accuracy is at most 0.3 points under that of float."""
    floor = results["none"]["ferplus_accuracy"] - ALLOWED_LOSS
    fit = [name for name, result in results.items() if result["ferplus_accuracy"] >= floor]
    return min(fit, key=lambda name: results[name]["ms_per_face"])


def _training_note(config: Config | None, history: Path) -> dict:
    note: dict = {} if config is None else {"config": config.to_dict()}
    if history.exists():
        lines = [json.loads(line) for line in history.read_text(encoding="utf-8").splitlines()]
        note |= {"epochs": lines[-1]["epoch"], "minutes": round(lines[-1]["seconds"] / 60, 1)}
    return note


def add_bias(model, bias: dict[str, float]) -> None:
    """Add a constant to the logits of some expressions, in the bias of the last layer.

    Rare expressions gain recall this way (logit adjustment, Menon et al. 2021). Raises ValueError for another word
    than LABELS has.
    """
    unknown = sorted(set(bias) - set(LABELS))
    if unknown:
        raise ValueError(f"expected biases for {LABELS}, got {unknown}")
    kernel, old = model.get_layer("logits").get_weights()
    change = np.array([bias.get(label, 0.0) for label in LABELS], old.dtype)
    model.get_layer("logits").set_weights([kernel, old + change])


def parse_bias(text: str) -> dict[str, float]:
    """`disgusted=0.3,fear=0.1` as a dictionary; an empty text is an empty one."""
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): float(value) for name, _, value in pairs}


def _keras_bytes(model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def export(model_path: Path, faces: FaceData, out: Path, options: ExportOptions) -> dict:
    """Convert, measure, calibrate and write the model files into `out`; returns the card."""
    model = load_keras(model_path)
    training = faces.take(faces.usage == "Training")
    public = faces.take(faces.usage == "PublicTest")
    keras_file = model_path.read_bytes()
    if options.bias:
        add_bias(model, options.bias)
        keras_file = _keras_bytes(model)
    representative = model_input(training.images[:: max(1, len(training) // 300)])
    auto = options.quantisation == "auto"
    results = measure_conversions(model, public, representative, QUANTISATIONS if auto else (options.quantisation,))
    chosen = choose(results) if auto else options.quantisation
    temperature, metrics = calibrate(results[chosen]["logits"], public)
    metrics |= {"split": options.split, "conversions": figures(results)}
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
        training={"note": options.note, "bias": options.bias, **options.training, **_training_note(config, history)},
        parent=options.parent,
    )
    write_model(out, card, keras_file, results[chosen]["file"])
    return card


def calibrate(logits: np.ndarray, public: FaceData) -> tuple[float, dict]:
    """The temperature of a conversion and the card's metrics, both on the same rows."""
    majorities = majority(public.votes)
    counted = majorities >= 0
    truth = majorities[counted]
    temperature = round(fit_temperature(logits[counted], truth), 4)
    return temperature, {
        **expression_measures(logits, public.labels, majorities),
        "expected_calibration_error": calibration_error(softmax(logits[counted], temperature), truth),
    }


def figures(results: dict[str, dict]) -> dict[str, dict]:
    """What `measure_conversions` returned, without the files and the logits."""
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
    parser.add_argument("--config", type=Path)
    parser.add_argument("--quantisation", choices=["auto", *QUANTISATIONS], default="auto")
    parser.add_argument("--note", default="", help="a sentence about the weights, for the card")
    parser.add_argument("--bias", default="", help="constants for the logits: disgusted=0.3,fear=0.1")
    options = parser.parse_args()
    export_options = ExportOptions(
        config=read_config(options.config) if options.config else None,
        quantisation=options.quantisation,
        bias=parse_bias(options.bias),
        note=options.note,
        created=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    card = export(options.model, load(options.data, options.votes), options.out, export_options)
    print(json.dumps({key: card[key] for key in ("model_version", "temperature", "files", "metrics")}, indent=2))


if __name__ == "__main__":
    main()
