"""The whole of retraining with a tiny net on generated faces: passed, refused, nothing new, and what is kept."""

import dataclasses
import datetime
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from fer.domain import EXPRESSIONS, Feedback  # noqa: E402
from fer.errors import Conflict  # noqa: E402
from fer.storage.factory import open_store  # noqa: E402
from fer.storage.keys import CSV_KEY, shard_key  # noqa: E402
from fer.storage.merge import merge_pending  # noqa: E402
from fer.storage.records_csv import row_digest  # noqa: E402
from fer.storage.registry import ModelRegistry  # noqa: E402
from fer.storage.shards import save_shard  # noqa: E402
from fer.storage.withdrawals import withdraw_shard  # noqa: E402
from fer.usecases.publish import read_model_dir  # noqa: E402
from fer.usecases.withdrawn import read_rows_file, withdrawn_rows  # noqa: E402
from tests.training.generated import feedback_csv, marked  # noqa: E402
from tests.training.tiny import LENIENT  # noqa: E402
from training.data.feedback import FeedbackRows, read_rows, settle  # noqa: E402
from training.data.fer2013 import FaceData, unanimous_votes  # noqa: E402
from training.retraining import run_record  # noqa: E402
from training.retraining.retrain import PASSED, REFUSED, Options, main, retrain  # noqa: E402
from training.retraining.served_answer import ROOT, ask  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

NOW = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)


def _labels(count: int) -> np.ndarray:
    return np.arange(count) % 7


def _csv(path: Path, faces: np.ndarray, labels: np.ndarray) -> str:
    path.write_bytes(feedback_csv([(EXPRESSIONS[label], face) for label, face in zip(labels, faces, strict=True)]))
    return str(path)


@pytest.fixture
def options(tmp_path: Path, tiny_options: Options) -> Options:
    labels = _labels(350)
    csv = _csv(tmp_path / "feedback.csv", marked(labels, seed=1), labels)
    return dataclasses.replace(tiny_options, csv=csv)


def _base() -> FaceData:
    labels = _labels(140)
    return FaceData(
        images=marked(labels, seed=2),
        labels=labels,
        usage=np.array(["Training"] * 70 + ["PublicTest"] * 70),
        votes=unanimous_votes(labels),
    )


def _outcome(options: Options) -> str:
    return json.loads((options.workdir / "outcome.json").read_text("utf-8"))["outcome"]


def _card(directory: Path) -> dict:
    return json.loads((directory / "model_card.json").read_text("utf-8"))


def _report(options: Options) -> dict:
    return json.loads((options.workdir / "gate_report.json").read_text("utf-8"))


def test_good_feedback_passes_is_served_and_is_not_new_again(options: Options) -> None:
    options = dataclasses.replace(options, base=_base())
    assert retrain(options, NOW) == PASSED
    assert _outcome(options) == "passed"
    registry = ModelRegistry(open_store(options.bucket))
    champion = registry.champion()
    assert champion is not None
    bundled = json.loads((options.bundled / "model_card.json").read_text("utf-8"))["model_version"]
    assert champion.previous == (bundled,)
    files = registry.fetch(champion.version, ["model_card.json", "gate_report.json"])
    card = json.loads(files["model_card.json"])
    assert card["parent"] == bundled
    assert card["data"]["csv_sha256"]
    assert json.loads(files["gate_report.json"])["passed"]
    assert not (options.workdir / "pixels.u8").exists()
    assert "answers through the real predict function" in (options.workdir / "gate_report.html").read_text("utf-8")
    assert retrain(options, NOW) == PASSED
    assert _outcome(options) == "nothing_new"
    registry.rollback(now=NOW)
    assert retrain(options, NOW) == PASSED
    assert _outcome(options) == "nothing_new"  # what was rolled back does not come back by itself


def test_random_labels_are_refused_once_and_the_champion_stays(options: Options, tmp_path: Path) -> None:
    faces, labels = marked(_labels(350), seed=1), np.random.default_rng(5).integers(0, 7, 350)
    options = dataclasses.replace(options, csv=_csv(tmp_path / "poisoned.csv", faces, labels))
    assert retrain(options, NOW) == REFUSED
    failed = [check["name"] for check in _report(options)["checks"] if not check["passed"]]
    assert "better on new feedback never trained on" in failed
    assert ModelRegistry(open_store(options.bucket)).champion() is None
    assert retrain(options, NOW) == PASSED
    assert _outcome(options) == "nothing_new"
    assert retrain(dataclasses.replace(options, force=True), NOW) == REFUSED


def test_a_random_batch_after_a_good_one_is_refused_by_what_is_new(options: Options, tmp_path: Path) -> None:
    options = dataclasses.replace(options, base=_base())
    assert retrain(options, NOW) == PASSED
    promoted = ModelRegistry(open_store(options.bucket)).champion()
    labels = _labels(700)
    faces = marked(labels, seed=1)
    labels[350:] = np.random.default_rng(5).integers(0, 7, 350)
    poisoned = dataclasses.replace(options, csv=_csv(tmp_path / "poisoned.csv", faces, labels))
    assert retrain(poisoned, NOW) == REFUSED
    report = _report(poisoned)
    new, known = (report["figures"][name]["faces"] for name in ("held_out_new", "held_out_known"))
    assert new == report["parts"]["of these new to the champion"]
    assert known + new == report["parts"]["feedback faces held out"]
    failed = [check["name"] for check in report["checks"] if not check["passed"]]
    assert "better on new feedback never trained on" in failed
    assert ModelRegistry(open_store(options.bucket)).champion() == promoted


def test_known_feedback_is_that_of_the_champions_run_and_no_other(tmp_path: Path) -> None:
    def rows(name: str, labels: np.ndarray) -> FeedbackRows:
        path = Path(_csv(tmp_path / name, marked(labels, seed=1), labels))
        return read_rows(iter([path.read_bytes()]), tmp_path / f"{name}.u8")

    first = rows("first.csv", _labels(20))
    known = frozenset(name.tobytes() for name in first.names())
    start = run_record.Start(directory=tmp_path, card={}, pointer=None, known=known)

    def known_of(name: str, labels: np.ndarray, start: run_record.Start = start) -> list[int]:
        found = rows(name, labels)
        return run_record.known_faces(start, found.names(), settle(found).groups).tolist()

    assert known_of("longer.csv", _labels(30)) == list(range(20))
    assert known_of("shorter.csv", _labels(10)) == list(range(10))
    changed = _labels(30)
    changed[0] = 6
    assert known_of("other.csv", changed) == list(range(1, 20))
    assert known_of("first.csv", _labels(20), dataclasses.replace(start, known=frozenset())) == []


def test_without_a_base_the_frozen_test_is_recorded_and_kept(options: Options, tmp_path: Path) -> None:
    retrain(options, NOW)
    store = open_store(options.bucket)
    frozen = run_record.read_record(store, run_record.FROZEN_KEY)
    assert frozen is not None
    assert len(frozen["faces"]) == _report(options)["figures"]["frozen"]["faces"] >= LENIENT.fewest_frozen
    labels = _labels(420)
    more = dataclasses.replace(options, csv=_csv(tmp_path / "more.csv", marked(labels, seed=1), labels))
    retrain(more, NOW)
    assert run_record.read_record(store, run_record.FROZEN_KEY) == frozen
    assert _report(more)["figures"]["frozen"]["faces"] == len(frozen["faces"])


def test_without_promotion_a_challenger_is_only_published(options: Options) -> None:
    assert retrain(dataclasses.replace(options, promote=False), NOW) == PASSED
    registry = ModelRegistry(open_store(options.bucket))
    assert registry.champion() is None
    assert [version.parent for version in registry.versions()] == [_report(options)["champion"]]


def test_too_little_feedback_waits(options: Options, tmp_path: Path) -> None:
    few = dataclasses.replace(options, csv=_csv(tmp_path / "few.csv", marked(_labels(20)), _labels(20)))
    assert retrain(few, NOW) == PASSED
    assert _outcome(few) == "waiting"
    assert not (few.workdir / "challenger").exists()


def test_a_promotion_in_between_is_a_conflict(options: Options, tmp_path: Path, bundled: Path) -> None:
    registry = ModelRegistry(open_store(options.bucket))
    start = run_record.fetch_start(registry, bundled, tmp_path / "champion")
    registry.publish(*read_model_dir(bundled))
    registry.promote(start.version, expected=None, now=NOW)
    with pytest.raises(Conflict):
        run_record.publish(registry, start, bundled, promote=True, now=NOW)


def test_a_broken_challenger_does_not_answer_and_is_told(tmp_path: Path, bundled: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(bundled, broken)
    assert ask(broken, ROOT / ".venv/bin/python")["status"] == 200
    (broken / "facial_expression_model.tflite").write_bytes(b"not a model")
    with pytest.raises(RuntimeError, match="sha256"):
        ask(broken, ROOT / ".venv/bin/python")


def test_the_command_tells_a_failure_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["retrain", "--csv", str(tmp_path / "none.csv"), "--bucket", (tmp_path / "bucket").as_uri()]
    monkeypatch.setattr(sys, "argv", [*arguments, "--workdir", str(tmp_path / "work")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "none.csv" in capsys.readouterr().err


def _version(options: Options) -> str:
    champion = ModelRegistry(open_store(options.bucket)).champion()
    assert champion is not None
    return champion.version


def test_what_is_new_does_not_depend_on_where_a_row_lies_nor_on_rows_that_were_withdrawn(
    options: Options, tmp_path: Path
) -> None:
    options = dataclasses.replace(options, base=_base())
    assert retrain(options, NOW) == PASSED
    labels = _labels(350)
    faces = marked(labels, seed=1)
    kept = np.random.default_rng(3).permutation(350)[10:]
    options = dataclasses.replace(options, csv=_csv(tmp_path / "others.csv", faces[kept], labels[kept]))
    assert retrain(options, NOW) == PASSED
    outcome = json.loads((options.workdir / "outcome.json").read_text("utf-8"))
    assert outcome["outcome"] == "waiting"
    assert "'of these new to the champion': 0" in outcome["message"]


def test_registry_says_which_models_were_trained_with_a_withdrawn_row(options: Options, tmp_path: Path) -> None:
    options = dataclasses.replace(options, base=_base())
    store = open_store(options.bucket)
    labels = _labels(350)
    rows = [
        Feedback(label=EXPRESSIONS[label], pixels=face.tobytes())
        for label, face in zip(labels, marked(labels, seed=1), strict=True)
    ]
    for number, row in enumerate([*rows, rows[0]]):  # two people sent the first one
        save_shard(store, row, idempotency_key=str(number), now=NOW)
    merge_pending(store, now=NOW)
    csv = tmp_path / "merged.csv"
    csv.write_bytes(store.read(CSV_KEY))
    assert retrain(dataclasses.replace(options, csv=str(csv)), NOW) == PASSED
    version = _version(options)
    registry = ModelRegistry(store)
    assert f"{version}: 0 of its 351 rows have been withdrawn, 0 of them" in withdrawn_rows(store, registry)
    entries = dict(read_rows_file(registry, version))
    trained = next(n for n, row in enumerate(rows) if n and entries[row_digest(row.label, row.pixels)])
    judged = next(n for n, row in enumerate(rows) if n and not entries[row_digest(row.label, row.pixels)])
    for number in (0, trained, judged):
        withdraw_shard(store, shard_key(str(number)), is_meant=lambda _: True, now=NOW)
    merge_pending(store, now=NOW)
    said = withdrawn_rows(store, registry)
    assert f"{version}: 3 of its 351 rows have been withdrawn" in said
    first_trained = entries[row_digest(rows[0].label, rows[0].pixels)]
    assert f"{1 + first_trained} of them used in training" in said
    bundled = json.loads((options.bundled / "model_card.json").read_text("utf-8"))["model_version"]
    assert f"make retrain START={bundled}" in said
    csv.write_bytes(store.read(CSV_KEY))
    again = dataclasses.replace(options, csv=str(csv), start=bundled)
    assert retrain(again, NOW) == PASSED
    assert _version(options) != version
    assert f"{_version(options)}: 0 of its 348 rows" in withdrawn_rows(store, registry)


def test_every_refusal_makes_the_next_chance_smaller_until_a_batch_passes(options: Options, tmp_path: Path) -> None:
    good = dataclasses.replace(options, base=_base())
    faces = marked(_labels(350), seed=1)
    for turn in range(2):
        labels = np.random.default_rng(turn).integers(0, 7, 350)
        bad = dataclasses.replace(good, csv=_csv(tmp_path / f"bad{turn}.csv", faces, labels))
        assert retrain(bad, NOW) == REFUSED
        assert _report(bad)["refusals_before"] == turn
        bound = next(check["bound"] for check in _report(bad)["checks"] if "better on new" in check["name"])
        assert f"after {turn} refusals" in bound
    assert retrain(good, NOW) == PASSED
    assert _report(good)["refusals_before"] == 2
    assert run_record.read_record(open_store(options.bucket), run_record.LAST_RUN_KEY)["refusals"] == 0


def test_an_error_is_an_outcome_too(options: Options) -> None:
    missing = dataclasses.replace(options, csv="no/such.csv")
    with pytest.raises(FileNotFoundError):
        retrain(missing, NOW)
    outcome = json.loads((options.workdir / "outcome.json").read_text("utf-8"))
    assert (outcome["outcome"], outcome["exit_code"]) == ("error", 1)
    assert "no/such.csv" in outcome["message"]


def test_a_predict_that_does_not_answer_is_told_from_one_that_does(options: Options) -> None:
    with pytest.raises(RuntimeError, match="did not answer within"):
        ask(options.bundled, options.python, timeout_s=0.01)
