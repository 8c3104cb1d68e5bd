"""Fine-tuning: the same weights for the same seed, and not far from the champion's."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from tests.training.generated import marked  # noqa: E402
from tests.training.tiny import CONFIG  # noqa: E402
from training.config import Config  # noqa: E402
from training.data.fer2013 import FaceData, unanimous_votes  # noqa: E402
from training.data.sources import Source  # noqa: E402
from training.retraining.finetune import fine_tune  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def _labels(count: int) -> np.ndarray:
    return np.arange(count) % 7


def _card(directory: Path) -> dict:
    return json.loads((directory / "model_card.json").read_text("utf-8"))


def test_the_same_seed_gives_the_same_weights(tmp_path: Path, bundled: Path) -> None:
    labels = _labels(64)
    faces = FaceData(
        images=marked(labels), labels=labels, usage=np.array(["Training"] * 64), votes=unanimous_votes(labels)
    )
    config = dataclasses.replace(CONFIG, epochs=2)

    def weights(name: str, config: Config) -> list[np.ndarray]:
        champion = bundled / "facial_expression_model.keras"
        fine_tune(champion, _card(bundled), faces, faces.take(slice(0, 20)), config, tmp_path / name)
        return keras.models.load_model(tmp_path / name, compile=False).get_weights()

    first, second = weights("a.keras", config), weights("b.keras", config)
    other = weights("c.keras", dataclasses.replace(config, seed=4))
    assert all((one == two).all() for one, two in zip(first, second, strict=True))
    assert any((one != two).any() for one, two in zip(first, other, strict=True))


def test_the_distance_penalty_keeps_the_weights_near_and_normalisation_can_be_frozen(
    tmp_path: Path, bundled: Path
) -> None:
    champion = bundled / "facial_expression_model.keras"
    start = keras.models.load_model(champion, compile=False)
    labels = _labels(64)
    faces = FaceData(
        images=marked(labels), labels=labels, usage=np.array(["Training"] * 64), votes=unanimous_votes(labels)
    )

    def tuned(penalty: float) -> keras.Model:
        config = dataclasses.replace(CONFIG, epochs=3, distance_penalty=penalty, freeze_normalisation=True)
        fine_tune(champion, _card(bundled), faces, faces.take(slice(0)), config, tmp_path / "tuned.keras")
        return keras.models.load_model(tmp_path / "tuned.keras", compile=False)

    def distance(model: keras.Model) -> float:
        pairs = zip(model.get_weights(), start.get_weights(), strict=True)
        return float(np.sqrt(sum(((one - two) ** 2).sum() for one, two in pairs)))

    free, held = tuned(0.0), tuned(100.0)
    assert 0 < distance(held) < 0.5 * distance(free)
    norm = next(layer.name for layer in start.layers if isinstance(layer, keras.layers.BatchNormalization))
    before, after = start.get_layer(norm).get_weights(), free.get_layer(norm).get_weights()
    assert all((one == two).all() for one, two in zip(before, after, strict=True))
    assert all(layer.trainable for layer in free.layers)


def test_further_faces_are_trained_on_as_well(tmp_path: Path, bundled: Path) -> None:
    champion, labels = bundled / "facial_expression_model.keras", _labels(64)
    faces = FaceData(
        images=marked(labels), labels=labels, usage=np.array(["Training"] * 64), votes=unanimous_votes(labels)
    )
    other = (labels + 1) % 7
    extra = Source(
        images=marked(labels),
        targets=np.eye(7, dtype=np.float32)[other],
        weights=np.ones(64, np.float32),
        repeats=np.full(64, 8.0),
    )

    def agreement(sources: list[Source]) -> float:
        """Train on a few faces and ``sources``; return how often the answer is what only the latter say."""
        config = dataclasses.replace(CONFIG, epochs=8)
        few, none = faces.take(slice(0, 7)), faces.take(slice(0))
        fine_tune(champion, _card(bundled), few, none, config, tmp_path / "tuned.keras", extra=sources)
        model = keras.models.load_model(tmp_path / "tuned.keras", compile=False)
        return float((model.predict(marked(labels)[..., None] / 255, verbose=0).argmax(axis=1) == other).mean())

    assert agreement([extra]) > agreement([]) + 0.2
