"""The classifier that the benchmark of the cold start puts in the place of the served one."""

import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("ai_edge_litert")

import fer.vision.classifier
from fer.settings import default_models_dir
from fer.vision.model_files import load_model_files
from tests.training.generated import portraits

pytestmark = pytest.mark.filterwarnings("ignore")

MAIN = Path(__file__).resolve().parents[2] / "bench" / "tensorflow_predict" / "main.py"


@pytest.mark.parametrize("prior", ["default", "ferplus"])
def test_tensorflow_answers_like_the_served_classifier(monkeypatch: pytest.MonkeyPatch, prior: str) -> None:
    files, faces = load_model_files(default_models_dir() / "expression"), portraits(4)
    expected = fer.vision.classifier.LiteRTClassifier(files, prior=prior).classify(faces)
    monkeypatch.setattr(fer.vision.classifier, "LiteRTClassifier", fer.vision.classifier.LiteRTClassifier)
    served = types.ModuleType("served")
    served.predict = None
    monkeypatch.setitem(sys.modules, "served", served)
    spec = importlib.util.spec_from_file_location("tensorflow_predict", MAIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classifier = fer.vision.classifier.LiteRTClassifier(files, prior=prior)
    assert isinstance(classifier, module.KerasClassifier)
    assert np.abs(classifier.classify(faces) - expected).max() < 0.06
    assert classifier.classify(faces[:0]).shape == (0, 7)
