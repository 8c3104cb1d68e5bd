"""The population that scores apply to: how often each expression occurs among the faces shown."""

import math
from collections.abc import Mapping
from typing import Any

from fer.domain import EXPRESSIONS
from fer.errors import CorruptData

Prior = tuple[float, ...]
"""A share for each of ``EXPRESSIONS``, all positive, summing to 1."""

PriorChoice = str | Prior
"""One of ``PRIOR_NAMES``, or the shares themselves."""

PRIOR_NAMES = ("default", "ferplus", "balanced")

BALANCED: Prior = tuple(1 / len(EXPRESSIONS) for _ in EXPRESSIONS)


def parse_prior(text: str) -> PriorChoice:
    """Parse one of ``PRIOR_NAMES``, or seven numbers separated by commas, in the order of ``EXPRESSIONS``.

    The numbers may be counts or percentages; they are normalised to sum to 1. Raises ValueError for anything else,
    and for a number that is not positive: no evidence can speak for an expression that never occurs.

    >>> parse_prior("1,1,1,1,1,1,4")[-1]
    0.4
    """
    if text in PRIOR_NAMES:
        return text
    try:
        return prior_of([float(part) for part in text.split(",")])
    except ValueError as error:
        names = ", ".join(PRIOR_NAMES)
        raise ValueError(f"expected {names} or {len(EXPRESSIONS)} positive numbers separated by commas") from error


def prior_of(shares: list[float]) -> Prior:
    """Return the shares, normalised to sum to 1; raise ValueError unless they are seven positive numbers."""
    total = sum(shares)
    if len(shares) != len(EXPRESSIONS) or not all(share > 0 for share in shares) or not math.isfinite(total):
        raise ValueError(f"expected {len(EXPRESSIONS)} positive numbers, got {shares}")
    return tuple(share / total for share in shares)


def read_priors(stated: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Prior]:
    """Return the card's priors by name, in the order of ``EXPRESSIONS``, plus ``balanced``; empty if it has none.

    ``network`` is the prior that the network's own output contains. Raises KeyError or ValueError for priors that
    cannot be used.
    """
    if stated is None:
        return {}
    priors = {name: prior_of([float(shares[word]) for word in EXPRESSIONS]) for name, shares in stated.items()}
    missing = {"network", "default"} - set(priors)
    if missing:
        raise KeyError(f"priors: {', '.join(sorted(missing))}")
    return {**priors, "balanced": BALANCED}


def log_shift(priors: Mapping[str, Prior], wanted: PriorChoice) -> Prior:
    """Return what to add to the log scores, in the order of ``EXPRESSIONS``, so that they apply to the wanted prior.

    By Bayes' rule the posterior for another population is the old one times the ratio of the priors (Saerens et al.:
    Adjusting the outputs of a classifier to new a priori probabilities, 2002). Without priors, ``default`` leaves the
    scores as they are. Raises ``CorruptData`` if the card does not state what is needed.
    """
    if not priors and wanted == "default":
        return (0.0,) * len(EXPRESSIONS)
    try:
        target = priors[wanted] if isinstance(wanted, str) else wanted
        network = priors["network"]
    except KeyError as error:
        raise CorruptData(f"The model card states no prior {error}, so FER_PRIOR cannot be followed.") from error
    return tuple(math.log(to / own) for to, own in zip(target, network, strict=True))
