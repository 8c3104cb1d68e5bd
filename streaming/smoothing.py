"""Smooths a face's scores and keeps its label from flickering."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# A new expression shows after about 0.4 s: too short for people to notice, long enough to suppress single frames'
# noise.
TIME_CONSTANT_S = 0.5
# Even smoothed scores of two nearly equal labels cross now and then.
MIN_LEAD = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothed:
    """Smoothed scores, with the same sum as a single frame's, and the index of the label to show."""

    scores: tuple[float, ...]
    label: int


class Smoother:
    """An exponential moving average of one face's scores with a memory in seconds, whatever the frame rate.

    The label changes only when another's smoothed score leads by ``min_lead``.
    """

    def __init__(self, *, time_constant_s: float = TIME_CONSTANT_S, min_lead: float = MIN_LEAD) -> None:
        self._time_constant_s = time_constant_s
        self._min_lead = min_lead
        self._last: Smoothed | None = None
        self._last_s = 0.0

    def update(self, scores: Sequence[float], *, now_s: float) -> Smoothed:
        """Add a frame's scores; ``now_s`` must not go back."""
        if self._last is None:
            smooth = tuple(scores)
            label = smooth.index(max(smooth))
        else:
            weight = -math.expm1((self._last_s - now_s) / self._time_constant_s)  # weight of the new scores, 0 to 1
            smooth = tuple(old + weight * (new - old) for old, new in zip(self._last.scores, scores, strict=True))
            label = self._last.label
            best = smooth.index(max(smooth))
            if smooth[best] - smooth[label] >= self._min_lead:
                label = best
        self._last, self._last_s = Smoothed(scores=smooth, label=label), now_s
        return self._last
