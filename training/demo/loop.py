"""The whole loop on one machine: ``python -m training.demo.loop --base fer2013.csv --votes fer2013new.csv``.

A server starts on an empty bucket; pictures from a camera that the model was not made for are sent to it, with
corrections. The model is retrained on them, passes the gate and is served. Then a batch with random labels arrives,
and the gate refuses the model trained on it. Corrections show faces of FER2013's training split. Everything is
measured on pictures of PublicTest faces, which are never trained on; the frozen test is PublicTest itself.
"""

import argparse
import dataclasses
import datetime
import json
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np

from fer.storage.factory import open_store
from fer.storage.registry import ModelRegistry
from fer.usecases.withdrawn import withdrawn_rows
from local.servers import Server, clean_environ, send
from training.config import read_config
from training.data.fer2013 import LABELS, FaceData, load, majority, without_duplicates
from training.demo.camera import Camera, png
from training.demo.table import table
from training.evaluation.measures import recalls
from training.evaluation.plots import plot_loop
from training.retraining import retrain as retraining
from training.retraining.served_answer import ROOT

THREADS = 4
REFRESH_S = 2
PATIENCE_S = 60
TAKEN_BACK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """How large the loop is: numbers of pictures in which a face was found, except ``held_out``, which counts
    pictures sent.

    ``options`` are those of both retraining runs, with a base; the loop sets their CSV, bucket and work directory.
    ``environ`` is added to the server's environment.
    """

    workdir: Path
    options: retraining.Options
    corrections: int = 2000
    poisoned: int = 1000
    held_out: int = 1000
    seed: int = 1
    camera: Camera = field(default_factory=Camera)
    environ: dict[str, str] = field(default_factory=dict)


class Client:
    """Sends the camera's pictures of some faces to a server, several at once."""

    def __init__(self, url: str, faces: FaceData, truth: np.ndarray, demo: Demo, threads: ThreadPoolExecutor):
        self.url, self.faces, self.truth, self.demo, self.threads = url, faces, truth, demo, threads

    def picture(self, row: int) -> bytes:
        """Return the row's picture; the same bytes every time."""
        return png(self.demo.camera.picture(self.faces.images[row], np.random.default_rng([self.demo.seed, row])))

    def predict(self, row: int) -> dict[str, Any] | None:
        """Return the answer's largest face and the model version, or None if no face was found."""
        reply = send(
            self.url,
            "POST",
            "/predict_expression?annotate=none",
            headers={"Content-Type": "image/png"},
            body=self.picture(row),
        )
        if reply.status != 200:
            raise RuntimeError(f"predict answered {reply.status}: {reply.body[:200]!r}")
        found = reply.json["faces"]
        return {**found[0], "row": row, "model_version": reply.json["model_version"]} if found else None

    def found(self, rows: np.ndarray, most: int) -> list[dict[str, Any]]:
        """Return predictions for the first ``most`` rows in which a face is found."""
        result: list[dict[str, Any]] = []
        for start in range(0, len(rows), 16 * THREADS):
            answers = self.threads.map(self.predict, rows[start : start + 16 * THREADS].tolist())
            result += [answer for answer in answers if answer is not None]
            if len(result) >= most:
                break
        return result[:most]

    def correct(self, answers: list[dict[str, Any]], labels: list[str], batch: str) -> list[str]:
        """Send the labels, and return the receipts; a key per picture makes the CSV's order certain."""
        return list(self.threads.map(self._correct, answers, labels, [batch] * len(answers)))

    def take_back(self, receipts: list[str]) -> dict[str, Any]:
        """Withdraw corrections; return the CSV's rows before, and after the next export."""
        before = self._rows()
        for receipt in receipts:
            reply = send(self.url, "DELETE", f"/save_expression_feedback/{receipt}")
            if reply.status != 200:
                raise RuntimeError(f"the withdrawal answered {reply.status}: {reply.body[:200]!r}")
        return {"taken back": len(receipts), "rows before": before, "rows after": self._rows()}

    def _rows(self) -> int:
        return send(self.url, "GET", "/stats").json["total"]

    def _correct(self, answer: dict[str, Any], label: str, batch: str) -> str:
        box = ",".join(str(value) for value in answer["box"])
        reply = send(
            self.url,
            "POST",
            f"/save_expression_feedback?label={label}&box={box}",
            headers={"Content-Type": "image/png", "Idempotency-Key": f"{batch}-{answer['row']}"},
            body=self.picture(answer["row"]),
        )
        if reply.status != 200:
            raise RuntimeError(f"feedback answered {reply.status}: {reply.body[:200]!r}")
        return reply.json["receipt"]

    def measure(self, rows: np.ndarray) -> dict[str, Any]:
        """Return accuracy and recall over the HTTP endpoint, for the rows in which a face is found."""
        answers = self.found(rows, len(rows))
        predicted = np.array([LABELS.index(answer["expression"]) for answer in answers])
        truth = self.truth[[answer["row"] for answer in answers]]
        return {
            "sent": len(rows),
            "found": len(answers),
            "accuracy": float((predicted == truth).mean()),
            "recall": recalls(predicted, truth),
            "model_version": sorted({answer["model_version"] for answer in answers}),
        }


def choose_rows(faces: FaceData, truth: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows for corrections and rows to measure on, in random order, without common pictures."""
    rng = np.random.default_rng(seed)
    public = np.flatnonzero((faces.usage == "PublicTest") & (truth >= 0))
    places = np.flatnonzero((faces.usage == "Training") & (truth >= 0))
    numbered = dataclasses.replace(faces.take(places), labels=places)
    distinct = without_duplicates(numbered, faces.take(faces.usage != "Training")).labels
    return rng.permutation(distinct), rng.permutation(public)


def run_demo(demo: Demo) -> dict[str, Any]:
    """Run the loop and return its figures. Raises RuntimeError if a step does not end as expected."""
    shutil.rmtree(demo.workdir, ignore_errors=True)
    bucket = (demo.workdir / "bucket").resolve()
    bucket.mkdir(parents=True)
    faces = demo.options.base
    if faces is None:
        raise ValueError("the demo corrects the faces of a base")
    truth = majority(faces.given_votes)
    pool, held_out = choose_rows(faces, truth, demo.seed)
    watch = _Watch()
    with _server(bucket, demo) as server, ThreadPoolExecutor(THREADS) as threads:
        client = Client(server.url, faces, truth, demo, threads)
        measured_on = held_out[: demo.held_out]
        before = client.measure(measured_on)
        watch.lap("predictions before")
        answers = client.found(pool, demo.corrections)
        labels = [LABELS[truth[answer["row"]]] for answer in answers]
        wrong = sum(answer["expression"] != label for answer, label in zip(answers, labels, strict=True))
        receipts = client.correct(answers, labels, "good")
        watch.lap("corrections")
        code, gate = _retrain(demo, server, bucket, "good")
        watch.lap("retraining and gate")
        if code != retraining.PASSED or gate is None or not gate["passed"]:
            raise RuntimeError(f"the gate should have passed: {demo.workdir / 'good'}")
        _wait_for(client, answers[0]["row"], gate["challenger"])
        after = client.measure(measured_on)
        watch.lap("predictions after")
        rest = pool[np.flatnonzero(pool == answers[-1]["row"])[0] + 1 :]
        poisoned = client.found(rest, demo.poisoned)
        random = np.random.default_rng([demo.seed, 2]).choice(LABELS, len(poisoned)).tolist()
        client.correct(poisoned, random, "poisoned")
        code, poisoned_gate = _retrain(demo, server, bucket, "poisoned")
        watch.lap("poisoned batch, retraining, gate")
        if code != retraining.REFUSED or poisoned_gate is None:
            raise RuntimeError(f"the gate should have refused: {demo.workdir / 'poisoned'}")
        again, _ = _retrain(demo, server, bucket, "again")
        still = client.predict(answers[0]["row"])
        withdrawal = client.take_back(receipts[:TAKEN_BACK])
        if withdrawal["rows after"] != withdrawal["rows before"] - TAKEN_BACK:
            raise RuntimeError(f"the withdrawn corrections should be gone: {withdrawal}")
        store = open_store(bucket.as_uri())
        trained_with = withdrawn_rows(store, ModelRegistry(store))
    return {
        "before": before,
        "after": after,
        "corrections": {"sent": len(answers), "where the model was wrong": wrong},
        "gate": gate,
        "poisoned": {"sent": len(poisoned), "gate": poisoned_gate},
        "nothing_new": again,
        "withdrawal": {**withdrawal, "models": trained_with},
        "served_at_the_end": still["model_version"] if still else None,
        "seconds": watch.laps,
    }


def _server(bucket: Path, demo: Demo) -> Server:
    environ = clean_environ(
        FER_BUCKET=bucket.as_uri(),
        FER_MODEL_URI=bucket.as_uri(),
        FER_MODEL_REFRESH_S=str(REFRESH_S),
        **demo.environ,
    )
    command = [str(demo.options.python), "-m", "local.server"]
    return Server(command, cwd=ROOT, environ=environ, log=demo.workdir / "server.log")


def _retrain(demo: Demo, server: Server, bucket: Path, name: str) -> tuple[int, dict[str, Any] | None]:
    workdir = demo.workdir / name
    options = dataclasses.replace(
        demo.options, csv=f"{server.url}/download_expression_csv", bucket=bucket.as_uri(), workdir=workdir
    )
    code = retraining.retrain(options, datetime.datetime.now(datetime.UTC))
    report = workdir / "gate_report.json"
    return code, json.loads(report.read_text(encoding="utf-8")) if report.exists() else None


def _wait_for(client: Client, row: int, version: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        answer = client.predict(row)
        if answer and answer["model_version"] == version:
            return
        time.sleep(0.5)
    raise RuntimeError(f"the running server does not answer with {version} after {PATIENCE_S} s")


class _Watch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 1)
        print(f"{name}: {self.laps[name]:.0f} s", flush=True)
        self._last = now


def main() -> None:
    """Parse the command line, run the loop, print the table, write figures and plots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True, help="fer2013.csv, also .gz or .zip")
    parser.add_argument("--votes", type=Path, required=True, help="fer2013new.csv")
    parser.add_argument("--workdir", type=Path, default=Path("runs/demo_loop"))
    parser.add_argument("--corrections", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    config = dataclasses.replace(read_config(retraining.EXPERIMENTS / "retrain.toml"), seed=given.seed)
    base = load(given.base, given.votes)
    options = retraining.Options(csv="", bucket="", workdir=given.workdir, base=base, config=config)
    demo = Demo(workdir=given.workdir, options=options, corrections=given.corrections, seed=given.seed)
    figures = run_demo(demo)
    text = "\n".join(table(figures))
    print(text)
    (given.workdir / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    (given.workdir / "table.md").write_text(text + "\n", encoding="utf-8")
    plot_loop(figures, given.workdir / "loop.png")
    gain = figures["after"]["accuracy"] - figures["before"]["accuracy"]
    sys.exit(0 if gain >= 0.05 else 1)


if __name__ == "__main__":
    main()
