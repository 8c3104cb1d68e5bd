"""A challenger's trial: what the gate needs to know, measured on the served files."""

from pathlib import Path
from typing import Any

import numpy as np

from training.evaluation.evaluate import Classify, milliseconds_per_face, open_served, score_all
from training.retraining.gate import Bounds, Check, Scored, Verdict, judge
from training.retraining.parts import Parts
from training.retraining.served_answer import ask


def try_challenger(champion: Classify, directory: Path, parts: Parts, *, python: Path, bounds: Bounds) -> Verdict:
    """Compare the model files in ``directory`` with the champion; ``python`` runs the real predict function."""
    challenger, version = open_served(directory)
    frozen, held_out = (
        Scored(
            truth=faces.labels,
            champion=score_all(champion, faces.images),
            challenger=score_all(challenger, faces.images),
        )
        for faces in (parts.frozen, parts.held_out)
    )
    return judge(
        frozen,
        held_out,
        parts.new,
        latency_ms=_latencies(champion, challenger, parts.held_out.images),
        answer=_answers(directory, version, python),
        bounds=bounds,
    )


def rejection(champion: Classify, directory: Path, chips: np.ndarray) -> dict[str, Any]:
    """Return how sure both models are of an expression where people said there is none; for information only.

    ``chips`` uint8 (N, 48, 48) are the faces labelled "nan".
    """
    if not len(chips):
        return {"faces": 0}
    challenger, _ = open_served(directory)
    means = {
        name: float(score_all(classify, chips).max(axis=1).mean())
        for name, classify in (("champion", champion), ("challenger", challenger))
    }
    return {"faces": len(chips), "mean_confidence": means}


def _latencies(champion: Classify, challenger: Classify, images: np.ndarray) -> tuple[float, float]:
    """Return milliseconds per face, the best of three turns each, because other work only adds time."""
    turns = [[milliseconds_per_face(each, images, 100)["p50"] for each in (champion, challenger)] for _ in range(3)]
    before, after = np.min(turns, axis=0)
    return float(before), float(after)


def _answers(directory: Path, version: str, python: Path) -> Check:
    try:
        reply = ask(directory, python)
        answer = reply["answer"]
        faces = answer["faces"] if reply["status"] == 200 else []
        sums = [sum(face["scores"].values()) for face in faces]
        good = bool(faces) and np.allclose(sums, 1, atol=0.01) and answer["model_version"] == version
        figure = f"status {reply['status']}, faces {len(faces)}, {answer.get('model_version')}"
    except (RuntimeError, OSError) as error:
        good, figure = False, str(error)
    return Check(
        name="answers through the real predict function",
        passed=good,
        figure=figure,
        bound="200, a face whose scores sum to 1, the challenger's version",
    )
