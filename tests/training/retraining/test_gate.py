"""The gate: each condition alone decides, counts are used sensibly, chance does not pass."""

import dataclasses

import numpy as np
import pytest

from training.data.fer2013 import LABELS
from training.retraining.gate import Bounds, Check, Scored, agreement, class_recalls, gain_interval, judge

BETTER = "better on new feedback never trained on"
GOOD_ANSWER = Check(name="answers through the real predict function", passed=True, figure="200", bound="200")


def _scores(predicted: np.ndarray, confidence: float) -> np.ndarray:
    scores = np.full((len(predicted), 7), (1 - confidence) / 6)
    scores[np.arange(len(predicted)), predicted] = confidence
    return scores


def scored(truth: np.ndarray, wrong: tuple[slice, slice], confidence: tuple[float, float] | None = None) -> Scored:
    """Faces of which the champion and the challenger get the rows of a slice each wrong, calibrated by default."""
    models = []
    for number, rows in enumerate(wrong):
        predicted = truth.copy()
        predicted[rows] = (predicted[rows] + 1) % 7
        sure = (predicted == truth).mean() if confidence is None else confidence[number]
        models.append(_scores(predicted, sure))
    return Scored(truth=truth, champion=models[0], challenger=models[1])


FROZEN = np.arange(1400) % 7
HELD_OUT = np.arange(350) % 7
NOTHING = slice(0, 0)


def _judge(frozen: Scored | None = None, held_out: Scored | None = None, **changes):
    values = {
        "frozen": frozen or scored(FROZEN, (slice(0, 140), slice(0, 140))),
        "held_out": held_out or scored(HELD_OUT, (slice(0, 140), slice(0, 70))),
        "latency_ms": (0.5, 0.5),
        "answer": GOOD_ANSWER,
        "bounds": Bounds(),
        **changes,
    }
    new = values.pop("new", np.ones(len(values["held_out"].truth), bool))
    return judge(values.pop("frozen"), values.pop("held_out"), new, **values)


def _failed(verdict) -> list[str]:
    return [check.name for check in verdict.checks if not check.passed]


def test_a_better_challenger_passes() -> None:
    verdict = _judge()
    assert _failed(verdict) == []
    assert verdict.passed
    assert verdict.to_dict()["figures"]["held_out"]["accuracy"] == {"champion": 0.6, "challenger": 0.8}


def test_no_gain_is_refused() -> None:
    assert _failed(_judge(held_out=scored(HELD_OUT, (slice(0, 70), slice(0, 70))))) == [BETTER]


def test_a_gain_that_chance_explains_is_refused() -> None:
    few_lost = scored(HELD_OUT, (slice(0, 70), slice(10, 70)))
    assert few_lost.accuracies() == (pytest.approx(0.8), pytest.approx(290 / 350))
    noisy = scored(HELD_OUT, (slice(0, 70), slice(50, 114)))  # 50 faces won, 44 lost
    assert BETTER in _failed(_judge(held_out=noisy))
    assert BETTER not in _failed(_judge(held_out=few_lost))


def test_a_gain_on_feedback_that_the_champion_had_already_does_not_let_new_feedback_pass() -> None:
    new = np.arange(350) >= 140
    assert _failed(_judge(held_out=scored(HELD_OUT, (slice(0, 140), slice(0, 70))), new=new)) == [BETTER]
    assert _failed(_judge(held_out=scored(HELD_OUT, (slice(140, 350), slice(180, 350))), new=new)) == []


def test_what_is_lost_on_earlier_feedback_beyond_chance_is_refused() -> None:
    new = np.arange(350) >= 140
    slightly = scored(HELD_OUT, (slice(100, 350), slice(97, 280)))
    clearly = scored(HELD_OUT, (slice(100, 350), slice(60, 280)))
    assert _failed(_judge(held_out=slightly, new=new)) == []
    assert _failed(_judge(held_out=clearly, new=new)) == ["not worse on earlier feedback never trained on"]


def test_more_than_half_a_point_lost_on_the_frozen_test_is_refused() -> None:
    allowed = scored(FROZEN, (slice(0, 140), slice(0, 147)))
    refused = scored(FROZEN, (slice(0, 140), slice(0, 148)))
    assert _failed(_judge(frozen=allowed)) == []
    assert _failed(_judge(frozen=refused)) == ["not worse on the frozen test set"]


def _one_class_loses(faces: int, lost: int) -> Scored:
    truth = np.concatenate([np.zeros(2000, np.int64), np.full(faces, 1)])
    return scored(truth, (NOTHING, slice(2000, 2000 + lost)))


@pytest.mark.parametrize(
    ("faces", "lost", "passes"),
    [(100, 5, True), (100, 6, False), (24, 2, True), (24, 3, False), (1, 1, True), (40, 2, True)],
)
def test_a_class_may_lose_five_points_or_two_faces(faces: int, lost: int, passes: bool) -> None:
    failed = _failed(_judge(frozen=_one_class_loses(faces, lost)))
    assert ("no expression's recall falls" not in failed) is passes


def test_faces_won_in_a_class_make_up_for_faces_lost() -> None:
    truth = np.concatenate([np.zeros(2000, np.int64), np.full(24, 1)])
    swapped = scored(truth, (slice(2000, 2004), slice(2004, 2008)))
    assert class_recalls(swapped)["disgusted"]["faces_lost"] == 0
    assert "no expression's recall falls" not in _failed(_judge(frozen=swapped))


def test_scores_that_promise_too_much_are_refused() -> None:
    overconfident = scored(FROZEN, (slice(0, 140), slice(0, 140)), (0.9, 0.99))
    assert _failed(_judge(frozen=overconfident)) == ["calibrated on the frozen test set"]


def test_a_challenger_as_badly_calibrated_as_the_champion_passes() -> None:
    both = scored(HELD_OUT, (slice(0, 140), slice(0, 70)), (0.99, 0.99))
    assert _failed(_judge(held_out=both)) == []


def test_a_slower_challenger_is_refused() -> None:
    assert _failed(_judge(latency_ms=(0.5, 0.7))) == ["as fast"]


def test_a_challenger_that_does_not_answer_is_refused() -> None:
    broken = dataclasses.replace(GOOD_ANSWER, passed=False, figure="status 500")
    assert _failed(_judge(answer=broken)) == [GOOD_ANSWER.name]


@pytest.mark.parametrize(
    ("won", "lost", "share_low", "share_high"),
    # Of the share that is won, from tables of Clopper and Pearson at 95 %.
    [(8, 2, 0.4439, 0.9748), (4, 0, 0.3976, 1.0), (0, 10, 0.0, 0.3085), (50, 50, 0.3983, 0.6017)],
)
def test_the_interval_is_exact_for_the_faces_that_one_model_gets_right(
    won: int, lost: int, share_low: float, share_high: float
) -> None:
    faces = scored(HELD_OUT, (slice(0, won), slice(won, won + lost)))
    low, high = gain_interval(faces, confidence=0.95)
    differing = (won + lost) / 350
    assert low == pytest.approx(differing * (2 * share_low - 1), abs=1e-4)
    assert high == pytest.approx(differing * (2 * share_high - 1), abs=1e-4)


def test_four_faces_won_and_none_lost_are_chance() -> None:
    assert _failed(_judge(held_out=scored(HELD_OUT, (slice(0, 4), NOTHING)))) == [BETTER]
    assert _failed(_judge(held_out=scored(HELD_OUT, (slice(0, 8), NOTHING)))) == []


def test_the_interval_for_many_faces_is_the_normal_one() -> None:
    truth = np.arange(70_000) % 7
    low, high = gain_interval(scored(truth, (slice(0, 9000), slice(6000, 14_000))), confidence=0.99)
    half = 2.5758 * np.sqrt(6000 + 5000) / 70_000
    assert (low, high) == pytest.approx((1000 / 70_000 - half, 1000 / 70_000 + half), abs=2e-4)


def test_the_interval_of_no_faces_is_nothing() -> None:
    none = scored(HELD_OUT[:0], (NOTHING, NOTHING), (1, 1))
    assert gain_interval(none, confidence=0.99) == (0.0, 0.0)
    assert gain_interval(scored(HELD_OUT, (slice(0, 5), slice(0, 5))), confidence=0.99) == (0.0, 0.0)


def test_all_expressions_that_occur_are_judged() -> None:
    assert list(class_recalls(scored(FROZEN, (NOTHING, NOTHING)))) == list(LABELS)


def test_chances_of_all_batches_together_are_bounded() -> None:
    chances = [(1 - Bounds().after(refusals).new_confidence) / 2 for refusals in range(2000)]
    assert chances[0] == pytest.approx(1 / 200)
    assert sum(chances) < 0.05 + 1e-9


def test_a_batch_that_contradicts_the_champion_nearly_everywhere_is_called_so() -> None:
    assert "look at them" in agreement(np.arange(100) < 12)
    assert "look at them" not in agreement(np.arange(100) < 55)
    assert agreement(np.zeros(0, bool)) == "no new faces"
