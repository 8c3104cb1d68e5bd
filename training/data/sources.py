"""What a network is trained on: each source of faces with its own targets and its own population.

In FER2013 a third of the faces is happy; in somebody's photos nobody may be afraid. Balanced softmax (Ren et al.
2020; the logit adjustment of Menon et al. 2021) adds the log of a source's prior to the logits in the loss, so what
the network learns are likelihoods: scores for a population in which all seven expressions are equally frequent.
"""

import hashlib
import math
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.config import Config
from training.data.feedback import NAN, read_rows
from training.data.fer2013 import LABELS, FaceData, majority, vote_targets

# No source says that an expression never occurs: a face of it would then count infinitely.
RAREST = 0.002


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Faces ``images`` uint8 (N, 48, 48); float32 ``targets`` (N, 7) that sum to 1 and ``weights`` (N,) in 0–1.

    ``repeats`` float64 (N,) is how often a face is seen in an epoch.
    """

    images: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    repeats: np.ndarray

    def __len__(self) -> int:
        return len(self.repeats)

    def take(self, rows: np.ndarray) -> "Source":
        """Return the chosen rows, by boolean mask."""
        return Source(
            images=self.images[rows],
            targets=self.targets[rows],
            weights=self.weights[rows],
            repeats=self.repeats[rows],
        )

    def digest(self) -> str:
        """Return a name for these very faces, seen this often."""
        parts = (self.images, self.targets, self.weights, self.repeats)
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()

    def prior(self) -> np.ndarray:
        """Return the share of each expression in what is seen of this source, float32 (7,), none below 0.2 %."""
        seen = (self.targets * (self.weights * self.repeats)[:, None]).sum(axis=0)
        shares = np.maximum(seen / seen.sum(), RAREST)
        return (shares / shares.sum()).astype(np.float32)


def voted(faces: FaceData, config: Config) -> Source:
    """Return faces with votes as a source; raises ValueError if no row has votes for an expression."""
    targets, weights = vote_targets(faces.given_votes)
    rows = np.flatnonzero(weights > 0)
    if len(rows) == 0:
        raise ValueError("no training row has votes for an expression")
    repeats = repeat_factors(majority(faces.given_votes)[rows], config.repeat_below)
    return Source(images=faces.images[rows], targets=targets[rows], weights=weights[rows], repeats=repeats)


def labelled(path: Path, times: float, config: Config) -> Source:
    """Return the faces of a CSV in the feedback's format as a source; each is seen ``times`` in an epoch.

    A share of ``extra_noise`` of the labels is assumed wrong. Raises ValueError if the file has no such faces.
    """
    with tempfile.TemporaryDirectory() as folder, path.open("rb") as stream:
        rows = read_rows(iter(lambda: stream.read(1 << 20), b""), Path(folder) / "pixels.u8")
        chosen = np.flatnonzero(rows.labels != NAN)
        images, labels = rows.pixels[chosen], rows.labels[chosen].astype(np.int64)
    if not len(labels):
        raise ValueError(f"{path} has no face with an expression")
    noise = np.float32(config.extra_noise)
    targets = np.eye(len(LABELS), dtype=np.float32)[labels] * (1 - noise) + noise / len(LABELS)
    repeats = times * repeat_factors(labels, config.repeat_below)
    return Source(images=images, targets=targets, weights=np.ones(len(labels), np.float32), repeats=repeats)


def extra_sources(texts: Iterable[str], config: Config) -> list[Source]:
    """Return the sources named by ``photos.csv:4`` and the like; raises as ``labelled`` and ``parse_extra`` do."""
    return [labelled(path, times, config) for path, times in map(parse_extra, texts)]


def parse_extra(text: str) -> tuple[Path, float]:
    """``photos.csv:4`` as path and times, once without a number; raises ValueError unless the number is positive."""
    path, colon, times = text.rpartition(":")
    if not colon:
        return Path(text), 1.0
    value = float(times)
    if not 0 < value < float("inf"):
        raise ValueError(f"expected a positive number of times after the colon, got {text!r}")
    return Path(path), value


def repeat_factors(labels: np.ndarray, below: float) -> np.ndarray:
    """Return how often a row is seen per epoch, float64 (N,) ≥ 1; ``labels`` int (N,), -1 for none.

    Rows of an expression with a smaller share than ``below`` are repeated sqrt(below / share) times (Gupta et al.
    2019).
    """
    factors = np.ones(len(labels))
    for label in range(len(LABELS)):
        share = (labels == label).mean() if len(labels) else 0
        if 0 < share < below:
            factors[labels == label] = math.sqrt(below / share)
    return factors
