"""Scores: calibrated, in the domain's order, the same alone and in company, from every thread."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer.domain import EXPRESSIONS
from fer.errors import CorruptData
from fer.vision.arrays import FaceChips, FloatArray
from fer.vision.classifier import LiteRTClassifier
from fer.vision.model_files import ModelFiles, load_model_files
from fer.vision.priors import BALANCED, prior_of
from tests.unit.vision.test_model_files import card, write_model

MODELS = Path(__file__).parents[3] / "models" / "expression"


@pytest.fixture
def tiny(tmp_path: Path) -> ModelFiles:
    return load_model_files(write_model(tmp_path, card()))


@pytest.fixture(scope="module")
def served() -> LiteRTClassifier:
    return LiteRTClassifier(load_model_files(MODELS))


def flat_chips(*values: int) -> FaceChips:
    return np.stack([np.full((48, 48), value, np.uint8) for value in values])


def noise(count: int, seed: int = 0) -> FaceChips:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48), dtype=np.uint8)


def softmax(logits: FloatArray) -> FloatArray:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def test_no_chips_give_no_scores(served: LiteRTClassifier) -> None:
    scores = served.classify(np.zeros((0, 48, 48), np.uint8))
    assert scores.shape == (0, 7)
    assert scores.dtype == np.float32


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 4))
def test_scores_are_probabilities(seed: int, count: int) -> None:
    scores = LiteRTClassifier(load_model_files(MODELS)).classify(noise(count, seed))
    assert scores.shape == (count, 7)
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_scores_do_not_depend_on_the_company(served: LiteRTClassifier) -> None:
    chips = noise(5)
    alone = np.concatenate([served.classify(chip[None]) for chip in chips])
    assert served.classify(chips).tobytes() == alone.tobytes()


def test_scores_are_the_same_from_every_thread(served: LiteRTClassifier) -> None:
    chips = noise(16)
    expected = [served.classify(chip[None]).tobytes() for chip in chips]

    def answer(index: int) -> bytes:
        return served.classify(chips[index][None]).tobytes()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(answer, [*range(16)] * 4))
    assert found == expected * 4


def test_card_of_another_input_size_is_served(tiny: ModelFiles) -> None:
    scores = LiteRTClassifier(tiny).classify(flat_chips(0, 255))
    np.testing.assert_allclose(scores[0], np.full(7, 1 / 7), atol=1e-6)
    np.testing.assert_allclose(scores[1], softmax(np.arange(7.0)), atol=1e-6)


def test_preprocessing_of_the_card_is_applied(tiny: ModelFiles) -> None:
    scores = LiteRTClassifier(replace(tiny, scale=0.01, offset=-1.0)).classify(flat_chips(50))
    np.testing.assert_allclose(scores[0], softmax(np.arange(7.0) * -0.5), atol=1e-6)


def test_temperature_makes_scores_less_certain(tiny: ModelFiles) -> None:
    scores = LiteRTClassifier(replace(tiny, temperature=2.0)).classify(flat_chips(255))
    np.testing.assert_allclose(scores[0], softmax(np.arange(7.0) / 2), atol=1e-5)


def test_logits_get_a_softmax(tiny: ModelFiles) -> None:
    scores = LiteRTClassifier(replace(tiny, output="logits")).classify(flat_chips(255))
    np.testing.assert_allclose(scores[0], softmax(softmax(np.arange(7.0))), atol=1e-6)


def test_scores_come_in_the_order_of_the_domain(tiny: ModelFiles) -> None:
    labels = tuple(reversed(EXPRESSIONS))
    scores = LiteRTClassifier(replace(tiny, labels=labels)).classify(flat_chips(255))
    np.testing.assert_allclose(scores[0], softmax(np.arange(7.0))[::-1], atol=1e-6)


@pytest.mark.parametrize("order", [1, -1], ids=["domain-order", "reversed"])
def test_scores_hold_for_the_wanted_population(tiny: ModelFiles, order: int) -> None:
    labels = EXPRESSIONS[::order]
    counts = prior_of([1, 2, 3, 4, 5, 6, 7])
    files = replace(tiny, labels=labels, priors={"network": BALANCED, "default": BALANCED})
    scores = LiteRTClassifier(files, prior=counts).classify(flat_chips(255))
    expected = softmax(np.arange(7.0))[::order] * counts
    np.testing.assert_allclose(scores[0], expected / expected.sum(), atol=1e-6)


def test_population_that_the_card_does_not_know_is_refused(tiny: ModelFiles) -> None:
    with pytest.raises(CorruptData, match="FER_PRIOR"):
        LiteRTClassifier(tiny, prior="ferplus")


def test_served_model_states_its_populations(served: LiteRTClassifier) -> None:
    chips = noise(8)
    assert (
        served.classify(chips).tobytes()
        == LiteRTClassifier(load_model_files(MODELS), prior="balanced").classify(chips).tobytes()
    )
    ferplus = LiteRTClassifier(load_model_files(MODELS), prior="ferplus").classify(chips)
    assert (ferplus[:, 1] < served.classify(chips)[:, 1]).all()  # disgust is rare there


@pytest.mark.parametrize("chips", [np.zeros((48, 48), np.uint8), np.zeros((1, 48, 48, 1), np.uint8)])
def test_wrong_shape_is_a_programming_error(served: LiteRTClassifier, chips: FaceChips) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        served.classify(chips)


@pytest.mark.parametrize("content", [b"", b"not a model", bytes(2000)])
def test_file_that_is_no_model_is_corrupt(tiny: ModelFiles, content: bytes) -> None:
    with pytest.raises(CorruptData):
        LiteRTClassifier(replace(tiny, litert_file=content))


def test_version_is_the_cards(tiny: ModelFiles) -> None:
    assert LiteRTClassifier(tiny).model_version == "tiny-1"
