"""Retraining goes on from a champion that takes other faces, and gives other answers, than its own nets do."""

import dataclasses
import datetime
import json
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from fer.domain import EXPRESSIONS  # noqa: E402
from tests.training.conversion.models import own_model  # noqa: E402
from tests.training.generated import feedback_csv, marked  # noqa: E402
from tests.training.tiny import CONFIG  # noqa: E402
from training.conversion.convert import convert_and_check  # noqa: E402
from training.data.fer2013 import LABELS, FaceData, unanimous_votes  # noqa: E402
from training.retraining.retrain import PASSED, REFUSED, Options, retrain  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_champion_of_ones_own_is_retrained_whatever_it_takes_and_gives(
    tmp_path: Path, tiny_options: Options
) -> None:
    own = own_model(64, channels=3, first=(keras.layers.Rescaling(1 / 255),))
    own.save(tmp_path / "own.keras")
    created = "2026-01-01T00:00:00Z"
    champion = convert_and_check(tmp_path / "own.keras", tuple(sorted(LABELS)), tmp_path / "own", created=created)
    labels = np.arange(350) % 7
    csv = tmp_path / "feedback.csv"
    csv.write_bytes(feedback_csv([(EXPRESSIONS[n], face) for n, face in zip(labels, marked(labels), strict=True)]))
    base = FaceData(
        images=marked(labels[:140], seed=2),
        labels=labels[:140],
        usage=np.array(["Training"] * 70 + ["PublicTest"] * 70),
        votes=unanimous_votes(labels[:140]),
    )
    config = dataclasses.replace(CONFIG, epochs=1)
    options = dataclasses.replace(tiny_options, csv=str(csv), base=base, bundled=tmp_path / "own", config=config)
    assert retrain(options, datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)) in (PASSED, REFUSED)
    card = json.loads((options.workdir / "challenger/model_card.json").read_text("utf-8"))
    assert card["parent"] == champion["model_version"]
    assert (tuple(card["labels"]), card["output"]) == (LABELS, "logits")
    assert card["preprocessing"] == {"scale": 1 / 255, "offset": 0.0}
