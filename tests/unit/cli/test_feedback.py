"""``fer merge`` and ``fer export``."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fer.cli.main import main
from fer.domain import CHIP_SIDE_PX, Feedback
from fer.storage.factory import open_store
from fer.storage.shards import save_shard

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def bucket(tmp_path: Path) -> str:
    """A bucket with two corrections that nobody has merged."""
    url = (tmp_path / "bucket").as_uri()
    for label in ("happy", "nan"):
        feedback = Feedback(label=label, pixels=bytes(CHIP_SIDE_PX**2))
        save_shard(open_store(url), feedback, idempotency_key=label, now=NOW)
    return url


def test_merge_tells_what_it_did(bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["merge", "--bucket", bucket]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["merged_shards"]) == (2, 2)


def test_export_writes_every_correction_and_replaces_nothing_unasked(
    bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "feedback.csv"
    assert main(["export", "--bucket", bucket, "-o", str(out)]) == 0
    lines = out.read_text().splitlines()
    assert lines[0].startswith("label,pixel0,")
    assert sorted(line.split(",")[0] for line in lines[1:]) == ["happy", "nan"]
    out.write_text("mine")
    assert main(["export", "--bucket", bucket, "-o", str(out)]) == 1
    assert "--force" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["export", "--bucket", bucket, "-o", str(out), "--force"]) == 0
    assert out.read_text().splitlines() == lines
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_export_of_an_empty_bucket_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--bucket", (tmp_path / "empty").as_uri(), "-o", str(tmp_path / "out.csv")]) == 2
    assert "not found" in capsys.readouterr().err
    assert not (tmp_path / "out.csv").exists()
