"""The gate between a challenger and users: every condition with its figure and its bound."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from training.data.fer2013 import LABELS
from training.evaluation.measures import calibration_error

# Seven of 1,400 faces are half a point; in floating point, slightly more.
ROUNDING = 1e-9
KEPT_AFTER_REFUSAL = 0.9
# Honest corrections from a bad camera agree with the champion in half to two thirds; random labels in a seventh.
SUSPICIOUS_AGREEMENT = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the gate allows; shares in 0–1.

    ``confidence`` is that of the two-sided interval of the gain: one random batch in 200 looks better by chance.
    ``asked`` is how many batches were refused since the last one that passed.
    """

    confidence: float = 0.99
    asked: int = 0
    frozen_loss: float = 0.005
    recall_loss: float = 0.05
    # In a class of 20, one face is already 5 points. A difference of two faces is not held against a model.
    recall_loss_faces: int = 2
    # Calibration may get slightly worse than the champion's; users notice from 5 %.
    calibration_loss: float = 0.01
    calibration_error: float = 0.05
    # Timings of one and the same file differ by a tenth on a busy machine.
    latency_ratio: float = 1.25
    # With fewer faces the gate would be guessing, so the run waits for more feedback.
    fewest_frozen: int = 100
    fewest_held_out: int = 100

    def after(self, refusals: int) -> "Bounds":
        """Return the bounds for the next batch after that many refusals."""
        return replace(self, asked=refusals)

    @property
    def new_confidence(self) -> float:
        """The confidence required on new feedback: each refusal uses up a tenth of the remaining error budget.

        So the error probabilities sum to ten times the first, 5 %, however often somebody tries: alpha-investing
        (Foster & Stine 2008), where a batch that passes earns all of it back.
        """
        return 1 - (1 - self.confidence) * KEPT_AFTER_REFUSAL**self.asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One set of faces with both models' calibrated scores (N, 7) and the right labels int (N,)."""

    truth: np.ndarray
    champion: np.ndarray
    challenger: np.ndarray

    def take(self, chosen: np.ndarray) -> "Scored":
        """Return some of the faces, by boolean mask."""
        return Scored(truth=self.truth[chosen], champion=self.champion[chosen], challenger=self.challenger[chosen])

    def right(self) -> tuple[np.ndarray, np.ndarray]:
        """Return which faces the champion and the challenger get right, bool (N,) each."""
        return self.champion.argmax(axis=1) == self.truth, self.challenger.argmax(axis=1) == self.truth

    def accuracies(self) -> tuple[float, float]:
        """Return the accuracies of champion and challenger; 0 if there are no faces."""
        champion, challenger = (float(right.mean()) if len(right) else 0.0 for right in self.right())
        return champion, challenger


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One condition in words, whether it is met, its figure and its bound."""

    name: str
    passed: bool
    figure: str
    bound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All checks and the figures behind them."""

    checks: tuple[Check, ...]
    figures: dict[str, Any]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain types."""
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks], "figures": self.figures}


def judge(
    frozen: Scored,
    held_out: Scored,
    new: np.ndarray,
    *,
    latency_ms: tuple[float, float],
    answer: Check,
    bounds: Bounds,
) -> Verdict:
    """Compare the challenger with the champion.

    ``frozen`` are faces of the frozen test set, ``held_out`` those of the feedback that were never trained on, of
    which ``new`` bool (N,) came after the feedback that the champion was trained on; there must be as many frozen
    and new ones as ``bounds`` says. ``latency_ms`` is per face, of champion and challenger; ``answer`` is what the
    real predict function did.
    """
    parts = {"new": held_out.take(new), "known": held_out.take(~new)}
    gains = {
        "new": gain_interval(parts["new"], confidence=bounds.new_confidence),
        "known": gain_interval(parts["known"], confidence=bounds.confidence),
    }
    checks = (
        _better(parts["new"], gains["new"], bounds),
        *([_still_good(parts["known"], gains["known"], bounds)] if len(parts["known"].truth) else []),
        _not_worse(frozen, bounds),
        _recalls_hold(frozen, bounds),
        _calibrated("frozen test set", frozen, bounds),
        _calibrated("held-out feedback", held_out, bounds),
        _fast(latency_ms, bounds),
        answer,
    )
    figures = {
        "frozen": _figures(frozen),
        "held_out": _figures(held_out),
        **{
            f"held_out_{name}": {**_figures(faces), "gain_interval": list(gains[name])}
            for name, faces in parts.items()
            if len(faces.truth)
        },
        "latency_ms": {"champion": latency_ms[0], "challenger": latency_ms[1]},
        "bounds": asdict(bounds),
    }
    return Verdict(checks=checks, figures=figures)


def agreement(agrees: np.ndarray) -> str:
    """Say how many of the new labels, bool (N,), the champion shares; for information only.

    An honest batch may never agree, because people correct what is wrong, but somebody should look at it.
    """
    if not len(agrees):
        return "no new faces"
    share = f"the champion shares {agrees.mean():.0%} of the {len(agrees):,} new labels"
    return share + ("; nearly none: look at them" if agrees.mean() < SUSPICIOUS_AGREEMENT else "")


def gain_interval(faces: Scored, *, confidence: float) -> tuple[float, float]:
    """Return the two-sided confidence interval of the challenger's gain in accuracy; (0, 0) if they never differ.

    Only faces that exactly one of the two gets right count. If the two were equally good, each would be a coin toss:
    the interval of the share won is exact (Clopper & Pearson 1934), so it lies above 0 whenever the exact test of
    McNemar (1947) finds a difference. A bootstrap is overconfident when few faces count.
    """
    before, after = faces.right()
    won, lost = int((after & ~before).sum()), int((before & ~after).sum())
    if won + lost == 0:
        return 0.0, 0.0
    tail, differing = (1 - confidence) / 2, (won + lost) / len(faces.truth)
    low = 1 - _largest_share(lost, won + lost, tail)
    high = _largest_share(won, won + lost, tail)
    return differing * (2 * low - 1), differing * (2 * high - 1)


def _largest_share(count: int, tries: int, tail: float) -> float:
    """Return the share at which ``count`` or fewer of ``tries`` have the probability ``tail``; 1 if all succeeded."""
    if count == tries:
        return 1.0
    steps = np.arange(1, count + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log(tries - steps + 1) - np.log(steps))])
    successes = np.arange(count + 1)
    low, high = 0.0, 1.0
    for _ in range(60):
        share = (low + high) / 2
        chance = np.exp(ways + successes * np.log(share) + (tries - successes) * np.log1p(-share)).sum()
        low, high = (share, high) if chance > tail else (low, share)
    return low


def class_recalls(faces: Scored) -> dict[str, dict[str, Any]]:
    """Return for each expression that occurs its faces, both recalls, and how many fewer faces are right now."""
    before, after = faces.right()
    result = {}
    for label, name in enumerate(LABELS):
        here = faces.truth == label
        if here.any():
            result[name] = {
                "faces": int(here.sum()),
                "champion": float(before[here].mean()),
                "challenger": float(after[here].mean()),
                "faces_lost": int(before[here].sum()) - int(after[here].sum()),
            }
    return result


def _figures(faces: Scored) -> dict[str, Any]:
    champion, challenger = faces.accuracies()
    return {
        "faces": len(faces.truth),
        "accuracy": {"champion": champion, "challenger": challenger},
        "calibration_error": dict(zip(("champion", "challenger"), _calibration_errors(faces), strict=True)),
        "recall": class_recalls(faces),
    }


def _calibration_errors(faces: Scored) -> tuple[float, float]:
    return calibration_error(faces.champion, faces.truth), calibration_error(faces.challenger, faces.truth)


def _better(new: Scored, gain: tuple[float, float], bounds: Bounds) -> Check:
    # Feedback that the champion was trained on proves nothing: more training steps on it would suffice.
    return Check(
        name="better on new feedback never trained on",
        passed=gain[0] > 0,
        figure=_gained(new, gain),
        bound=f"the whole {bounds.new_confidence:.2%} interval above 0 (exact, from the faces only one gets right), "
        f"after {bounds.asked} refusals",
    )


def _still_good(known: Scored, gain: tuple[float, float], bounds: Bounds) -> Check:
    return Check(
        name="not worse on earlier feedback never trained on",
        passed=gain[1] >= 0,
        figure=_gained(known, gain),
        bound=f"the {bounds.confidence:.0%} interval not entirely below 0",
    )


def _gained(faces: Scored, gain: tuple[float, float]) -> str:
    champion, challenger = faces.accuracies()
    return f"{champion:.1%} → {challenger:.1%} of {len(faces.truth)}, gain {gain[0]:+.1%} to {gain[1]:+.1%}"


def _not_worse(frozen: Scored, bounds: Bounds) -> Check:
    champion, challenger = frozen.accuracies()
    return Check(
        name="not worse on the frozen test set",
        passed=champion - challenger <= bounds.frozen_loss + ROUNDING,
        figure=f"{champion:.2%} → {challenger:.2%}",
        bound=f"at most {100 * bounds.frozen_loss:.1f} points lower",
    )


def _recalls_hold(frozen: Scored, bounds: Bounds) -> Check:
    recalls = class_recalls(frozen)
    lost = {
        name: each
        for name, each in recalls.items()
        if each["champion"] - each["challenger"] > bounds.recall_loss + ROUNDING
        and each["faces_lost"] > bounds.recall_loss_faces
    }
    worst = max(recalls, key=lambda name: recalls[name]["champion"] - recalls[name]["challenger"], default=None)
    named = list(lost) or ([worst] if worst else [])
    return Check(
        name="no expression's recall falls",
        passed=not lost,
        figure=", ".join(
            f"{name} {recalls[name]['champion']:.1%} → {recalls[name]['challenger']:.1%} of {recalls[name]['faces']}"
            for name in named
        ),
        bound=f"at most {100 * bounds.recall_loss:.0f} points or {bounds.recall_loss_faces} faces, frozen test",
    )


def _calibrated(what: str, faces: Scored, bounds: Bounds) -> Check:
    champion, challenger = _calibration_errors(faces)
    return Check(
        name=f"calibrated on the {what}",
        passed=challenger <= max(champion + bounds.calibration_loss, bounds.calibration_error),
        figure=f"{champion:.3f} → {challenger:.3f}",
        bound=f"at most {bounds.calibration_error:.2f}, or {bounds.calibration_loss:.2f} above the champion's",
    )


def _fast(latency_ms: tuple[float, float], bounds: Bounds) -> Check:
    champion, challenger = latency_ms
    return Check(
        name="as fast",
        passed=challenger <= champion * bounds.latency_ratio,
        figure=f"{champion:.2f} → {challenger:.2f} ms per face",
        bound=f"at most {bounds.latency_ratio:.2f} times the champion's",
    )
