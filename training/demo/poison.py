"""Ten kinds of bad batches against the gate: ``python -m training.demo.poison --base … --votes …``.

Each is made of FER2013's training faces and given to retraining alone, as the first batch that its gate ever sees.
None may be published. A kind whose figures lie in the work directory is not run again, so a stopped run resumes.
"""

import argparse
import dataclasses
import datetime
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np

from fer.domain import Feedback
from fer.storage.records_csv import HEADER, encode_row
from training.config import read_config
from training.data.fer2013 import LABELS, FaceData, load, majority
from training.demo.loop import choose_rows
from training.evaluation.evaluate import Classify, open_served, score_all
from training.retraining import retrain as retraining
from training.retraining.parts import Faces

RARE, FREQUENT = LABELS.index("disgusted"), LABELS.index("happy")
SAD, NEUTRAL, FEAR, SURPRISED = (LABELS.index(name) for name in ("sad", "neutral", "fear", "surprised"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Faces with their right labels, and the champion's scores (N, 7) for them."""

    faces: Faces
    scores: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of bad batch: ``make`` takes so many rows of the pool and a source of chance."""

    says: str
    make: Callable[[Pool, np.random.Generator], Faces]
    rows: int = 1200


def _relabelled(pool: Pool, labels: np.ndarray) -> Faces:
    return Faces(images=pool.faces.images, labels=labels)


def _at_random(pool: Pool, rng: np.random.Generator) -> Faces:
    return _relabelled(pool, rng.integers(0, len(LABELS), len(pool.faces)))


def _all_as(label: int) -> Callable[[Pool, np.random.Generator], Faces]:
    return lambda pool, _: _relabelled(pool, np.full(len(pool.faces), label))


def _renamed(table: dict[int, int]) -> Callable[[Pool, np.random.Generator], Faces]:
    names = np.array([table.get(label, label) for label in range(len(LABELS))])
    return lambda pool, _: _relabelled(pool, names[pool.faces.labels])


def _second_choice(pool: Pool, _: np.random.Generator) -> Faces:
    return _relabelled(pool, np.argsort(pool.scores, axis=1)[:, -2])


def _copies(pool: Pool, rng: np.random.Generator) -> Faces:
    """One face in other light, with a little noise, under a label that is not its own."""
    face, label = pool.faces.images[0].astype(np.float64), int(pool.faces.labels[0])
    count = len(pool.faces)
    light = rng.uniform(0.6, 1.3, (count, 1, 1))
    images = np.clip(face * light + rng.normal(0, 3, (count, *face.shape)), 0, 255).astype(np.uint8)
    return Faces(images=images, labels=np.full(count, (label + 1) % len(LABELS)))


def _no_faces(pool: Pool, rng: np.random.Generator) -> Faces:
    """Blurred noise of many sizes, all of it "happy"."""
    images = []
    for _ in range(len(pool.faces)):
        side = int(rng.integers(3, 24))
        coarse = rng.uniform(0, 255, (side, side))
        images.append(np.clip(cv2.resize(coarse, (48, 48), interpolation=cv2.INTER_CUBIC), 0, 255))
    return Faces(images=np.stack(images).astype(np.uint8), labels=np.full(len(images), FREQUENT))


KINDS: dict[str, Kind] = {
    "random": Kind(says="random labels", make=_at_random),
    "one-label": Kind(says="everybody is happy", make=_all_as(FREQUENT)),
    "swapped": Kind(says="sad and neutral swapped", make=_renamed({SAD: NEUTRAL, NEUTRAL: SAD})),
    "second-choice": Kind(says="the label that the model holds for the second likeliest", make=_second_choice),
    "hidden": Kind(says="fear called surprised, the rest right", make=_renamed({FEAR: SURPRISED})),
    "turned": Kind(
        says="each label called the next one", make=_renamed({n: (n + 1) % len(LABELS) for n in range(len(LABELS))})
    ),
    "rare-label": Kind(says="everybody is disgusted", make=_all_as(RARE)),
    "copies": Kind(says="copies of one face in other light, wrongly labelled", make=_copies),
    "no-faces": Kind(says="blurred noise, all of it happy", make=_no_faces),
    "many-random": Kind(says="5,000 random labels", make=_at_random, rows=5000),
}


def make_batch(kind: Kind, pool: Pool, seed: int) -> Faces:
    """The rows of a bad batch; the same ones for the same seed."""
    rows = slice(0, kind.rows)
    return kind.make(Pool(faces=pool.faces.take(rows), scores=pool.scores[rows]), np.random.default_rng(seed))


def try_batch(name: str, batch: Faces, options: retraining.Options) -> dict[str, Any]:
    """Return what retraining makes of the batch, in a bucket of its own; its faces and models are removed."""
    started = time.monotonic()
    shutil.rmtree(options.workdir, ignore_errors=True)
    options.workdir.mkdir(parents=True)
    csv = options.workdir / "batch.csv"
    rows = zip(batch.labels, batch.images, strict=True)
    csv.write_bytes(
        HEADER + b"".join(encode_row(Feedback(label=LABELS[n], pixels=face.tobytes())) for n, face in rows)
    )
    bucket = (options.workdir / "bucket").resolve()
    options = dataclasses.replace(options, csv=str(csv), bucket=bucket.as_uri())
    retraining.retrain(options, datetime.datetime.now(datetime.UTC))
    outcome = json.loads((options.workdir / "outcome.json").read_text(encoding="utf-8"))
    report = options.workdir / "gate_report.json"
    gate = json.loads(report.read_text(encoding="utf-8")) if report.exists() else None
    shutil.rmtree(options.workdir)
    return {
        "kind": name,
        "rows": len(batch),
        "outcome": outcome["outcome"],
        "message": outcome["message"],
        "gate": gate,
        "seconds": round(time.monotonic() - started, 1),
    }


def row(result: dict[str, Any]) -> str:
    """A line of the table in Markdown."""
    gate, says = result["gate"], KINDS[result["kind"]].says
    if gate is None:
        return f"| {says} | {result['rows']:,} | | | | {result['outcome']}: {result['message'].partition(':')[0]} |"
    new, frozen = (gate["figures"][name]["accuracy"] for name in ("held_out_new", "frozen"))
    failed = "; ".join(check["name"] for check in gate["checks"] if not check["passed"]) or "–"
    return (
        f"| {says} | {result['rows']:,} | {gate['feedback']['in quarantine']:,} "
        f"| {new['champion']:.1%} → {new['challenger']:.1%} | {frozen['champion']:.2%} → {frozen['challenger']:.2%} "
        f"| {result['outcome']}: {failed} |"
    )


def table(results: list[dict[str, Any]]) -> Iterator[str]:
    """All results as a table in Markdown."""
    yield "| batch | rows | in quarantine | right by its own labels, held out | frozen test | outcome |"
    yield "|---|--:|--:|--:|--:|---|"
    yield from map(row, results)


def make_pool(faces: FaceData, classify: Classify, seed: int, *, most: int, replayed: int) -> tuple[Pool, FaceData]:
    """The faces that bad batches are made of, and the base without them: PublicTest and rows to replay."""
    truth = majority(faces.given_votes)
    rows, _ = choose_rows(faces, truth, seed)
    public = np.flatnonzero(faces.usage == "PublicTest")
    base = faces.take(np.concatenate([np.sort(rows[most : most + replayed]), public]))
    drawn = Faces(images=faces.images[rows[:most]], labels=truth[rows[:most]])
    return Pool(faces=drawn, scores=score_all(classify, drawn.images)), base


def main() -> None:
    """Parse the command line, try the kinds in turn, print the table; 1 where one was published."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="fer2013.csv, also .gz or .zip")
    parser.add_argument("--votes", type=Path, required=True, help="fer2013new.csv")
    parser.add_argument("--workdir", type=Path, default=Path("runs/poison"))
    parser.add_argument("--kinds", default=",".join(KINDS), help="default: all")
    parser.add_argument("--replayed", type=int, default=16_000, help="rows of the base to choose the replayed from")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    options = retraining.Options(
        csv="", bucket="", workdir=given.workdir, config=read_config(retraining.EXPERIMENTS / "retrain.toml")
    )
    classify, _ = open_served(options.bundled)
    most = max(kind.rows for kind in KINDS.values())
    pool, base = make_pool(load(given.base, given.votes), classify, given.seed, most=most, replayed=given.replayed)
    results = []
    for name in given.kinds.split(","):
        written = given.workdir / f"{name}.json"
        if not written.exists():
            batch = make_batch(KINDS[name], pool, given.seed)
            each = dataclasses.replace(options, base=base, workdir=given.workdir / name)
            written.write_text(json.dumps(try_batch(name, batch, each), indent=2) + "\n", encoding="utf-8")
        results.append(json.loads(written.read_text(encoding="utf-8")))
        print(row(results[-1]), flush=True)
    print("\n".join(table(results)))
    sys.exit(1 if any(result["outcome"] == "passed" for result in results) else 0)


if __name__ == "__main__":
    main()
