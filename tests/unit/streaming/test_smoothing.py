"""Scores that follow slowly, in seconds, and a label that holds on."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.smoothing import MIN_LEAD, TIME_CONSTANT_S, Smoothed, Smoother

HAPPY = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
NEUTRAL = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)


def follow(*frames: tuple[float, ...], fps: float = 25, **options: float) -> list[Smoothed]:
    smoother = Smoother(**options)
    return [smoother.update(scores, now_s=index / fps) for index, scores in enumerate(frames)]


def test_first_frame_is_taken_as_it_is() -> None:
    assert follow(HAPPY) == [Smoothed(scores=HAPPY, label=3)]


@pytest.mark.parametrize("fps", [2, 5, 25, 60, 1000])
def test_after_the_time_constant_a_step_is_followed_to_63_percent_at_any_frame_rate(fps: float) -> None:
    frames = round(1.0 * fps)
    smoothed = follow(HAPPY, *[NEUTRAL] * frames, fps=fps, time_constant_s=1.0)[-1]
    assert smoothed.scores[6] == pytest.approx(1 - math.exp(-1), abs=1e-9)
    assert smoothed.scores[3] == pytest.approx(math.exp(-1), abs=1e-9)


def test_label_follows_within_a_second_and_not_at_once() -> None:
    labels = [smoothed.label for smoothed in follow(HAPPY, *[NEUTRAL] * 25)]
    assert labels[1] == 3
    assert labels[-1] == 6
    assert sum(before != after for before, after in pairwise(labels)) == 1


def test_a_label_gives_way_only_to_a_clear_lead() -> None:
    nearly = (0.0, 0.0, 0.0, 0.5 - MIN_LEAD / 2 + 0.001, 0.0, 0.0, 0.5 + MIN_LEAD / 2 - 0.001)
    clearly = (0.0, 0.0, 0.0, 0.5 - MIN_LEAD / 2 - 0.001, 0.0, 0.0, 0.5 + MIN_LEAD / 2 + 0.001)
    assert follow(HAPPY, *[nearly] * 1000)[-1].label == 3
    assert follow(HAPPY, *[clearly] * 1000)[-1].label == 6


def test_a_face_between_two_labels_flickers_without_smoothing_and_not_with_it() -> None:
    frames = [(0.0, 0.0, 0.0, 0.5 + sign * 0.2, 0.0, 0.0, 0.5 - sign * 0.2) for sign in (1, -1, -1, 1, -1, 1) * 40]
    raw = [scores.index(max(scores)) for scores in frames]
    smoothed = [each.label for each in follow(*frames)]
    assert len(set(raw)) == 2
    assert len(set(smoothed)) == 1


def test_a_long_pause_forgets_what_was() -> None:
    smoother = Smoother()
    smoother.update(HAPPY, now_s=0)
    assert smoother.update(NEUTRAL, now_s=20 * TIME_CONSTANT_S).scores == pytest.approx(NEUTRAL, abs=1e-6)


scores = st.lists(st.floats(0.001, 1), min_size=7, max_size=7).map(lambda raw: tuple(x / sum(raw) for x in raw))


@given(st.lists(st.tuples(scores, st.floats(0, 5)), min_size=1, max_size=40))
def test_smoothed_scores_sum_to_one_and_stay_between_what_came(frames: list[tuple[tuple[float, ...], float]]) -> None:
    smoother, now_s = Smoother(), 0.0
    for given_scores, gap_s in frames:
        now_s += gap_s
        smoothed = smoother.update(given_scores, now_s=now_s)
        assert sum(smoothed.scores) == pytest.approx(1)
        for index, value in enumerate(smoothed.scores):
            came = [each[index] for each, _ in frames]
            assert min(came) - 1e-9 <= value <= max(came) + 1e-9
        assert max(smoothed.scores) - smoothed.scores[smoothed.label] < MIN_LEAD


@given(scores, scores, st.floats(0, 3), st.floats(0, 3))
def test_frames_between_that_repeat_the_score_change_nothing(
    first: tuple[float, ...], second: tuple[float, ...], until_s: float, more_s: float
) -> None:
    once, twice = Smoother(), Smoother()
    for smoother in (once, twice):
        smoother.update(first, now_s=0)
    twice.update(second, now_s=until_s)
    expected = once.update(second, now_s=until_s + more_s)
    assert twice.update(second, now_s=until_s + more_s).scores == pytest.approx(expected.scores)
