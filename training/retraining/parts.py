"""Decides which faces the challenger is trained on and which it is judged by; no face is in both.

A face is held out depending on the digest of its pixels (of its first row, if several show it), so the same faces
are held out in every run, and duplicates are never on both sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.data.fer2013 import FaceData, majority, unanimous_votes
from training.data.near_duplicates import near_groups
from training.data.sources import Source

HELD_OUT_SHARE = 0.2
# Without a base, this share of the first run's feedback becomes the frozen test set.
FROZEN_SHARE = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """Faces with their right labels: ``images`` uint8 (N, 48, 48), ``labels`` int64 (N,), indices into LABELS."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: np.ndarray | slice) -> "Faces":
        """Return the chosen rows, by boolean mask, by index or by slice."""
        return Faces(images=self.images[rows], labels=self.labels[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """``feedback`` and ``replay`` to train on, both with votes; ``frozen`` and ``held_out`` to judge by; ``counts``.

    ``new`` bool (H,) says which of the H held-out faces came after the feedback that the champion was trained on;
    ``trained`` bool (F,) which of all faces of the feedback are in ``feedback``.
    """

    feedback: FaceData
    replay: FaceData
    frozen: Faces
    held_out: Faces
    new: np.ndarray
    trained: np.ndarray
    counts: dict[str, int]


def positions(digests: np.ndarray) -> np.ndarray:
    """Return a number in 0–1 for each digest, uint8 (N, 16): uniformly distributed, the same in every run."""
    return digests[:, :8].copy().view(">u8").ravel() / 2.0**64


def with_base(
    feedback: Faces, digests: np.ndarray, new: np.ndarray, base: FaceData, *, replay: float, seed: int
) -> Parts:
    """Return feedback mixed with ``replay`` times as many base training rows, judged on the base's PublicTest.

    ``digests`` uint8 (F, 16) and ``new`` bool (F,) belong to the faces of the feedback.
    Rows that show a face of the frozen test or the held-out feedback, exactly or nearly, are not trained on.
    """
    votes = unanimous_votes(base.labels) if base.votes is None else base.votes
    base = FaceData(images=base.images, labels=base.labels, usage=base.usage, votes=votes)
    public, old = base.take(base.usage == "PublicTest"), base.take(base.usage == "Training")
    truth = majority(public.given_votes)
    frozen = Faces(images=public.images[truth >= 0], labels=truth[truth >= 0])
    apart = positions(digests) < HELD_OUT_SHARE
    shared = near_groups(np.concatenate([public.images, feedback.images, old.images]))
    of_public, of_feedback, of_old = np.split(shared, np.cumsum([len(public), len(feedback)]))
    fresh = ~apart & ~np.isin(of_feedback, of_public)
    allowed = np.flatnonzero(~np.isin(of_old, np.concatenate([of_public, of_feedback[apart]])))
    wanted = min(len(allowed), int(replay * fresh.sum()))
    chosen = np.sort(np.random.default_rng(seed).choice(allowed, wanted, replace=False))
    return Parts(
        feedback=_voted(feedback.take(fresh)),
        replay=old.take(chosen),
        frozen=frozen,
        held_out=feedback.take(apart),
        new=new[apart],
        trained=fresh,
        counts=_counts(fresh, apart, new, frozen, wanted),
    )


def alone(
    feedback: Faces, digests: np.ndarray, new: np.ndarray, frozen_digests: set[str] | None
) -> tuple[Parts, list[str]]:
    """Return parts of feedback alone, judged on a frozen part of it, and the frozen faces' digests.

    ``frozen_digests`` were recorded by an earlier run; None selects a new part.
    """
    place = positions(digests)
    apart = place < HELD_OUT_SHARE
    names = np.array([digest.tobytes().hex() for digest in digests], dtype=str)
    if frozen_digests is None:
        kept = ~apart & (place < HELD_OUT_SHARE + FROZEN_SHARE)
    else:
        kept = np.isin(names, sorted(frozen_digests))
    apart, fresh = apart & ~kept, ~apart & ~kept
    frozen = feedback.take(kept)
    parts = Parts(
        feedback=_voted(feedback.take(fresh)),
        replay=_voted(feedback.take(slice(0))),
        frozen=frozen,
        held_out=feedback.take(apart),
        new=new[apart],
        trained=fresh,
        counts=_counts(fresh, apart, new, frozen, 0),
    )
    return parts, names[kept].tolist()


def fit_to_train(sources: Sequence[Source], parts: Parts) -> list[Source]:
    """Return the sources without rows that show a face of the frozen test or the held-out feedback, even nearly."""
    judges = np.concatenate([parts.frozen.images, parts.held_out.images])
    kept: list[Source] = []
    for source in sources:
        groups = near_groups(np.concatenate([judges, source.images]))
        rows = ~np.isin(groups[len(judges) :], groups[: len(judges)])
        if rows.any():
            kept.append(source.take(rows))
    return kept


def _voted(faces: Faces) -> FaceData:
    votes = unanimous_votes(faces.labels)
    return FaceData(images=faces.images, labels=faces.labels, usage=np.array(["Training"] * len(faces)), votes=votes)


def _counts(fresh: np.ndarray, apart: np.ndarray, new: np.ndarray, frozen: Faces, replayed: int) -> dict[str, int]:
    return {
        "feedback faces trained on": int(fresh.sum()),
        "base faces replayed": replayed,
        "feedback faces held out": int(apart.sum()),
        "of these new to the champion": int((apart & new).sum()),
        "frozen test faces": len(frozen),
    }
