"""The population behind the scores: named or in numbers, and Bayes' rule between two of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer.domain import EXPRESSIONS
from fer.errors import CorruptData
from fer.vision.priors import BALANCED, Prior, log_shift, parse_prior, prior_of, read_priors

SKEWED: Prior = prior_of([2, 1, 1, 1, 1, 1, 3])
STATED: dict[str, dict[str, float]] = {
    name: {word: prior[place] for place, word in enumerate(EXPRESSIONS)}
    for name, prior in {"network": SKEWED, "ferplus": SKEWED, "default": BALANCED}.items()
}

shares = st.lists(st.floats(0.01, 100), min_size=7, max_size=7).map(prior_of)


@pytest.mark.parametrize("name", ["default", "ferplus", "balanced"])
def test_a_name_stays_a_name(name: str) -> None:
    assert parse_prior(name) == name


@pytest.mark.parametrize("text", ["10, 10,10,10,10,10,40", "1,1,1,1,1,1,4", "0.1,0.1,0.1,0.1,0.1,0.1,0.4"])
def test_numbers_become_shares(text: str) -> None:
    assert parse_prior(text) == pytest.approx((0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4))


@pytest.mark.parametrize(
    "text", ["", "FERPLUS", "1,2,3", "1,1,1,1,1,1,0", "1,1,1,1,1,1,-1", "a,b,c,d,e,f,g", "1e308," * 7]
)
def test_what_is_no_population_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected default, ferplus, balanced or 7 positive numbers"):
        parse_prior(text)


def test_a_card_without_priors_leaves_the_scores_alone() -> None:
    assert log_shift(read_priors(None), "default") == (0.0,) * 7


@pytest.mark.parametrize("wanted", ["ferplus", "balanced", SKEWED], ids=["ferplus", "balanced", "numbers"])
def test_a_card_without_priors_cannot_follow_one(wanted: str | Prior) -> None:
    with pytest.raises(CorruptData, match="FER_PRIOR"):
        log_shift({}, wanted)


@pytest.mark.parametrize("missing", ["network", "default"])
def test_a_card_states_both_the_networks_prior_and_the_default(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        read_priors({name: shares for name, shares in STATED.items() if name != missing})


def test_the_networks_own_prior_changes_nothing() -> None:
    assert log_shift(read_priors(STATED), "ferplus") == (0.0,) * 7


@given(shares, shares)
def test_going_to_another_population_and_back_changes_nothing(one: Prior, other: Prior) -> None:
    there = log_shift({"network": one}, other)
    back = log_shift({"network": other}, one)
    np.testing.assert_allclose(np.add(there, back), 0, atol=1e-9)


def test_a_frequent_expression_gains_by_the_ratio_of_the_shares() -> None:
    posterior = np.array(SKEWED) * np.exp(log_shift(read_priors(STATED), "balanced"))
    np.testing.assert_allclose(posterior / posterior.sum(), BALANCED)
