"""Frames per second, with bursts of a second's worth."""

from hypothesis import given
from hypothesis import strategies as st

from fer.serving.rate import Rate


def count_allowed(rate: Rate, events: int, *, per_second: float, start_s: float = 0.0) -> int:
    return sum(rate.allows(now_s=start_s + index / per_second) for index in range(events))


def test_a_steady_stream_at_the_limit_passes() -> None:
    assert count_allowed(Rate(30, now_s=0), 3000, per_second=30) == 3000


def test_a_burst_of_one_second_passes_and_no_more() -> None:
    assert count_allowed(Rate(30, now_s=0), 100, per_second=1e9) == 30


def test_a_pause_does_not_save_up_more_than_a_second() -> None:
    rate = Rate(30, now_s=0)
    assert count_allowed(rate, 30, per_second=1e9) == 30
    assert count_allowed(rate, 100, per_second=1e9, start_s=1000) == 30


@given(st.integers(1, 100), st.lists(st.floats(0, 2), max_size=300))
def test_never_more_than_the_rate_and_one_burst(per_second: int, gaps_s: list[float]) -> None:
    rate, now_s, allowed = Rate(per_second, now_s=0), 0.0, 0
    for gap_s in gaps_s:
        now_s += gap_s
        allowed += rate.allows(now_s=now_s)
    assert allowed <= per_second * (now_s + 1) + 1e-6
