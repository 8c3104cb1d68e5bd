"""Corrections become a better model, or do not: ``python -m training.retraining.retrain --csv … --bucket …``.

Fine-tunes the champion on the feedback, compares the result with it, and publishes it if the gate lets it pass.
Every run ends with an ``outcome.json`` in the work directory: ``passed``, ``nothing_new``, ``waiting`` (too little
feedback yet), ``refused`` (``gate_report.html`` says why) or ``error``, with the exit code: 0 for the first three, 3
and 1. Wrong usage is 2, before a run begins. ``make`` turns every code but 0 into 2.
"""

import argparse
import dataclasses
import datetime
import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np

from fer.errors import FerError
from fer.storage.factory import open_store
from fer.storage.objects import ObjectStore
from fer.storage.registry import ModelRegistry
from fer.usecases.withdrawn import ROWS_NAME
from training.config import Config, read_config
from training.conversion.card import KERAS_NAME
from training.data.feedback import FeedbackFaces, FeedbackRows, read_rows, settle
from training.data.feedback_source import NoFeedback, open_source
from training.data.fer2013 import FaceData, joined, load, unanimous_votes
from training.data.sources import extra_sources
from training.evaluation.evaluate import Classify, open_served, score_all
from training.retraining import gate, gate_report, run_record
from training.retraining.options import Options
from training.retraining.parts import Faces, Parts, alone, fit_to_train, with_base
from training.retraining.quarantine import quarantined, read_accepted, shows_face, write_report
from training.retraining.trial import rejection, try_challenger

EXPERIMENTS = Path("training/experiments")
PASSED, ERROR, REFUSED = 0, 1, 3


def retrain(options: Options, now: datetime.datetime) -> int:
    """Return the whole run; returns the exit code and writes ``outcome.json`` and the reports into the work
    directory.

    The faces lie in a file there only while it lasts; those in quarantine stay in their report.
    """
    options.workdir.mkdir(parents=True, exist_ok=True)
    pixel_file = options.workdir / "pixels.u8"
    (options.workdir / "outcome.json").unlink(missing_ok=True)
    try:
        return _retrain(options, now, pixel_file)
    except Exception as error:
        _finish(options, "error", f"{type(error).__name__}: {error}")
        raise
    finally:
        pixel_file.unlink(missing_ok=True)


def _retrain(options: Options, now: datetime.datetime, pixel_file: Path) -> int:
    store = open_store(options.bucket)
    registry = ModelRegistry(store)
    start = run_record.fetch_start(registry, options.bundled, options.workdir / "champion", options.start)
    try:
        with open_source(options.csv, export_token=options.export_token) as chunks:
            rows = read_rows(chunks, pixel_file)
    except NoFeedback as nothing:
        return _finish(options, "nothing_new", str(nothing))
    accepted = read_accepted(options.accept)
    digest = _data_digest(rows, options, accepted)
    last = run_record.read_record(store, run_record.LAST_RUN_KEY)
    if not options.force and run_record.seen_before(last, digest, start.version):
        return _finish(options, "nothing_new", f"nothing new since the last run (champion {start.version})")
    refusals = (last or {}).get("refusals", 0)
    run = _Run(options=options, config=options.config, start=start, now=now, digest=digest, refusals=refusals)
    return run.judge_and_publish(store, registry, rows, accepted)


def _data_digest(rows: FeedbackRows, options: Options, accepted: set[str]) -> str:
    base = options.base.digest() if options.base else ""
    extra = (source.digest() for source in options.extra)
    parts = [rows.csv_sha256, base, *extra, *sorted(accepted), json.dumps(options.config.to_dict())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _finish(options: Options, outcome: str, message: str) -> int:
    print(message)
    code = {"refused": REFUSED, "error": ERROR}.get(outcome, PASSED)
    text = json.dumps({"outcome": outcome, "message": message, "exit_code": code}) + "\n"
    (options.workdir / "outcome.json").write_text(text, encoding="utf-8")
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    options: Options
    config: Config
    start: run_record.Start
    now: datetime.datetime
    digest: str
    refusals: int

    def judge_and_publish(
        self, store: ObjectStore, registry: ModelRegistry, rows: FeedbackRows, accepted: set[str]
    ) -> int:
        settled = settle(rows)
        classify, _ = open_served(self.start.directory)
        names = rows.names()
        known = run_record.known_faces(self.start, names, settled.groups)
        feedback, places, kept_out, agreed = self._without_quarantine(rows, settled, classify, accepted, known)
        counts = {**settled.counts, "in quarantine": kept_out}
        _print_counts("rejected", rows.rejected)
        _print_counts("feedback", counts)
        print(agreed, flush=True)
        new = ~np.isin(places, known)
        parts = self._parts(store, feedback, rows.digests[places], new)
        _print_counts("parts", parts.counts)
        bounds = self.options.bounds.after(self.refusals)
        if (
            not len(parts.feedback)
            or parts.new.sum() < bounds.fewest_held_out
            or len(parts.frozen) < bounds.fewest_frozen
        ):
            needed = f"{bounds.fewest_held_out} new held out and {bounds.fewest_frozen} frozen are needed"
            return _finish(self.options, "waiting", f"too few faces to judge a challenger: {parts.counts}, {needed}")
        trained = np.isin(settled.groups, places[parts.trained])
        card = self._train(parts, rows)
        challenger = self.options.workdir / "challenger"
        (challenger / ROWS_NAME).write_bytes(run_record.rows_file(names, trained))
        verdict = try_challenger(classify, challenger, parts, python=self.options.python, bounds=bounds)
        report = gate_report.write(
            verdict,
            {
                "champion": self.start.version,
                "challenger": card["model_version"],
                "data_digest": self.digest,
                "rejected": rows.rejected,
                "feedback": counts,
                "parts": parts.counts,
                "new_labels": agreed,
                "refusals_before": self.refusals,
                "nan": rejection(
                    classify, challenger, rows.pixels[settled.not_expressions[-self.options.most_faces :]]
                ),
            },
            self.options.workdir,
        )
        print(gate_report.describe(verdict))
        return self._end(store, registry, verdict, card, report)

    def _without_quarantine(
        self, rows: FeedbackRows, settled: FeedbackFaces, classify: Classify, accepted: set[str], known: np.ndarray
    ) -> tuple[Faces, np.ndarray, int, str]:
        """Return the remaining faces, their rows, how many are in quarantine, and a remark on the new labels."""
        chosen = slice(max(0, len(settled.rows) - self.options.most_faces), None)
        places, labels = settled.rows[chosen], settled.labels[chosen]
        faces = Faces(images=rows.pixels[places], labels=labels)
        names = [digest.tobytes().hex() for digest in rows.digests[places]]
        scores = score_all(classify, faces.images)
        shown = np.ones(len(faces), np.bool_)
        if self.options.detector_dir is not None:
            shown = shows_face(faces.images, self.options.detector_dir)
        out = quarantined(scores, labels, names, accepted, faces=shown)
        named = [name for name, held in zip(names, out, strict=True) if held]
        write_report(self.options.workdir / "quarantine.html", faces.images[out], labels[out], scores[out], named)
        agreed = gate.agreement((scores.argmax(axis=1) == labels)[~np.isin(places, known)])
        return faces.take(~out), places[~out], int(out.sum()), agreed

    def _parts(self, store: ObjectStore, feedback: Faces, digests: np.ndarray, new: np.ndarray) -> Parts:
        base = self.options.base
        if base is not None:
            return with_base(feedback, digests, new, base, replay=self.options.replay, seed=self.config.seed)
        record = run_record.read_record(store, run_record.FROZEN_KEY)
        parts, frozen = alone(feedback, digests, new, set(record["faces"]) if record else None)
        if record is None and len(frozen) >= self.options.bounds.fewest_frozen:
            run_record.record_frozen(store, frozen)
        return parts

    def _train(self, parts: Parts, rows: FeedbackRows) -> dict[str, Any]:
        from training.conversion.export_model import ExportOptions, export
        from training.retraining.finetune import fine_tune

        tuned = self.options.workdir / "tuned.keras"
        champion = self.start.directory / KERAS_NAME
        extra = fit_to_train(self.options.extra, parts)
        training = fine_tune(champion, self.start.card, parts.feedback, parts.replay, self.config, tuned, extra=extra)
        training["extra_faces"] = sum(map(len, extra))
        frozen = parts.frozen
        public = FaceData(
            images=frozen.images,
            labels=frozen.labels,
            usage=np.array(["PublicTest"] * len(frozen)),
            votes=unanimous_votes(frozen.labels),
        )
        options = ExportOptions(
            created=self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            quantisation=self.start.card["files"]["litert"].get("quantisation", "none"),
            architecture=self.start.version.rpartition("-")[0] or "model",
            parent=self.start.version,
            priors=self.start.card.get("priors"),
            data={
                "digest": self.digest,
                "csv_sha256": rows.csv_sha256,
                "feedback_rows": len(rows),
                **parts.counts,
            },
            split="PublicTest of the base" if self.options.base is not None else "frozen part of the feedback",
            training={"fine_tuning": {**training, "config": self.config.to_dict()}},
        )
        return export(
            tuned, joined(parts.feedback, parts.replay, public), self.options.workdir / "challenger", options
        )

    def _end(
        self,
        store: ObjectStore,
        registry: ModelRegistry,
        verdict: gate.Verdict,
        card: dict[str, Any],
        report: bytes,
    ) -> int:
        directory, version = self.options.workdir / "challenger", card["model_version"]
        if verdict.passed:
            (directory / "gate_report.json").write_bytes(report)
            pointer = run_record.publish(registry, self.start, directory, promote=self.options.promote, now=self.now)
            done = "published and promoted" if pointer else f"published; to serve it: make promote VERSION={version}"
        else:
            done = f"refused; {self.options.workdir / 'gate_report.html'} says why"
        outcome = "passed" if verdict.passed else "refused"
        run_record.write_last_run(
            store,
            {
                "data_digest": self.digest,
                "champion": self.start.version,
                "challenger": version,
                "outcome": outcome,
                "refusals": 0 if verdict.passed else self.refusals + 1,
                "at": self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        )
        return _finish(self.options, outcome, f"{version}: {done}")


def _print_counts(title: str, counts: dict[str, int]) -> None:
    for name, count in counts.items():
        print(f"{title}: {name}: {count:,}", flush=True)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", required=True, help="path, gs://bucket[/key] or https://…/download_expression_csv")
    parser.add_argument("--bucket", required=True, help="file:///directory or gs://bucket that holds models/")
    parser.add_argument("--base", type=Path, help="fer2013.csv: replayed, its PublicTest is the frozen test")
    parser.add_argument("--votes", type=Path, help="fer2013new.csv")
    parser.add_argument(
        "--extra", nargs="*", default=[], help="CSVs in the feedback's format; photos.csv:4 is seen 4 times per epoch"
    )
    parser.add_argument("--accept", type=Path, help="names from quarantine.html that a person has accepted")
    parser.add_argument("--workdir", type=Path, default=Path("runs/retrain"))
    parser.add_argument("--config", type=Path, help="an experiment; default: experiments/retrain[_alone].toml")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--start", help="a published version to start from instead of the champion")
    parser.add_argument("--no-promote", action="store_true", help="publish only")
    parser.add_argument("--force", action="store_true", help="even if nothing is new")
    given = parser.parse_args()
    config = read_config(given.config or EXPERIMENTS / ("retrain.toml" if given.base else "retrain_alone.toml"))
    cv2.setNumThreads(1)
    try:
        options = Options(
            csv=given.csv,
            bucket=given.bucket,
            workdir=given.workdir,
            base=load(given.base, given.votes) if given.base else None,
            extra=extra_sources(given.extra, config),
            accept=given.accept,
            config=config if given.seed is None else dataclasses.replace(config, seed=given.seed),
            export_token=os.environ.get("FER_EXPORT_TOKEN"),
            promote=not given.no_promote,
            force=given.force,
            start=given.start,
        )
        code = retrain(options, datetime.datetime.now(datetime.UTC))
    except (FerError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        code = ERROR
    sys.exit(code)


if __name__ == "__main__":
    main()
