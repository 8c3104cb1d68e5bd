"""The commands for models: what they say, their exit status, and two of them at once."""

import json
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fer.cli.main import parser
from fer.cli.models import run_models
from fer.domain import CARD_NAME
from fer.errors import CorruptData, NotFound
from fer.storage.factory import open_store
from fer.storage.keys import model_key
from fer.storage.registry import ModelRegistry
from tests.gcs_server import running_gcs_server
from tests.published import KERAS_NAME, LITERT_NAME, model_version, overwrite

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["directory", "gcs"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    if request.param == "directory":
        yield (tmp_path / "bucket").as_uri()
        return
    with running_gcs_server() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield "gs://bucket"


@pytest.fixture
def registry(bucket: str) -> ModelRegistry:
    return ModelRegistry(open_store(bucket))


def model_dir(directory: Path, version: str, **files: bytes) -> Path:
    directory.mkdir()
    for name, data in (model_version(version) | files).items():
        (directory / name).write_bytes(data)
    return directory


def tool(bucket: str, *arguments: str) -> str:
    return run_models(parser().parse_args(["models", "--bucket", bucket, *arguments]))


def start(bucket: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fer.cli", "models", *arguments, "--bucket", bucket],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


def test_a_model_is_published_promoted_listed_and_rolled_back(bucket: str, tmp_path: Path) -> None:
    assert tool(bucket, "list") == "no model has been published yet"
    for version in ("a", "b"):
        assert tool(bucket, "publish", str(model_dir(tmp_path / version, version))).startswith(
            f"published {version}:"
        )
    assert tool(bucket, "list").endswith("no champion: predict serves its built-in model")
    assert tool(bucket, "promote", "a") == "champion a, before: none"
    assert tool(bucket, "promote", "a") == "a is already the champion"
    assert tool(bucket, "promote", "b", "--expected", "a") == "champion b, before: a"
    first, second, last = tool(bucket, "list").splitlines()
    assert (first.split()[:2], second.split()[:2]) == (["1", "a"], ["*", "b"])
    assert last.startswith("champion b since ")
    assert tool(bucket, "rollback") == "champion a, before: b"


def test_a_gate_report_is_published_too(bucket: str, registry: ModelRegistry, tmp_path: Path) -> None:
    report = {"gate_report.json": b"{}"}
    tool(bucket, "publish", str(model_dir(tmp_path / "a", "a", **report)))
    assert registry.fetch("a", ["gate_report.json"]) == report


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param({CARD_NAME: b"{"}, id="card-is-no-json"),
        pytest.param({CARD_NAME: b"[]"}, id="card-is-a-list"),
        pytest.param({LITERT_NAME: b""}, id="litert-file-is-empty"),
        pytest.param(model_version("a", litert=b"no model"), id="litert-file-is-no-model"),
        pytest.param({KERAS_NAME: b"other"}, id="keras-file-of-another-model"),
    ],
)
def test_what_cannot_serve_is_not_published(
    bucket: str, registry: ModelRegistry, tmp_path: Path, damage: dict[str, bytes]
) -> None:
    with pytest.raises(CorruptData):
        tool(bucket, "publish", str(model_dir(tmp_path / "a", "a", **damage)))
    assert registry.versions() == []


def test_a_directory_without_a_model_is_not_found(bucket: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=CARD_NAME):
        tool(bucket, "publish", str(tmp_path))


def test_a_damaged_version_is_listed_as_such(bucket: str, registry: ModelRegistry, tmp_path: Path) -> None:
    tool(bucket, "publish", str(model_dir(tmp_path / "a", "a")))
    overwrite(open_store(bucket), model_key("a", CARD_NAME), json.dumps({"model_version": "x"}).encode())
    assert "DAMAGED" in tool(bucket, "list")


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(bucket: str, registry: ModelRegistry) -> None:
    for version in ("first", "a", "b"):
        registry.publish(version, model_version(version))
    registry.promote("first", expected=None, now=NOW)
    processes = {version: start(bucket, "promote", version, "--expected", "first") for version in ("a", "b")}
    ends = {version: finish(process) for version, process in processes.items()}
    champion = registry.champion()
    assert champion is not None
    assert champion.previous == ("first",)
    winner, loser = champion.version, {"a": "b", "b": "a"}[champion.version]
    assert ends[winner] == (0, f"champion {winner}, before: first\n")
    assert ends[loser][0] == 1
    assert "check again" in ends[loser][1]


def test_exit_status_tells_faults_apart(bucket: str, registry: ModelRegistry, tmp_path: Path) -> None:
    registry.publish("a", model_version("a"))
    other = model_dir(tmp_path / "other", "a", **model_version("a", temperature=2.0))
    (tmp_path / "file").write_bytes(b"")
    unreachable = (tmp_path / "file" / "bucket").as_uri()
    ends = [
        finish(process)
        for process in [
            start(bucket, "list"),
            start(bucket, "publish", str(other)),
            start(bucket, "promote", "b"),
            start(bucket, "promote"),
            start("s3://bucket", "list"),
            start(unreachable, "list"),
        ]
    ]
    assert [status for status, _ in ends] == [0, 1, 2, 2, 2, 3]
    assert all("Traceback" not in text for _, text in ends)
