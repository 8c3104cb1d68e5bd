"""The model card is checked, and so are the bytes it speaks of."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from fer.domain import EXPRESSIONS
from fer.errors import CorruptData, NotFound
from fer.vision.model_files import load_model_files

TINY = (Path(__file__).parent / "data" / "tiny.tflite").read_bytes()


def card(**changes: Any) -> dict[str, Any]:
    litert = {"name": "tiny.tflite", "sha256": hashlib.sha256(TINY).hexdigest(), "bytes": len(TINY)}
    return {
        "schema": 1,
        "model_version": "tiny-1",
        "labels": list(EXPRESSIONS),
        "input": {"height": 64, "width": 64, "channels": 1},
        "preprocessing": {"scale": 1 / 255, "offset": 0.0},
        "output": "probabilities",
        "temperature": 1.0,
        "files": {"litert": litert},
        **changes,
    }


def write_model(directory: Path, model_card: dict[str, Any]) -> Path:
    (directory / "tiny.tflite").write_bytes(TINY)
    (directory / "model_card.json").write_text(json.dumps(model_card))
    return directory


def test_card_is_read(tmp_path: Path) -> None:
    files = load_model_files(write_model(tmp_path, card()))
    assert (files.model_version, files.input_hw, files.labels) == ("tiny-1", (64, 64), EXPRESSIONS)
    assert files.litert_file == TINY


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"schema": 2}, id="schema"),
        pytest.param({"labels": ["angry"] * 7}, id="labels-not-the-seven"),
        pytest.param({"labels": None}, id="labels-missing"),
        pytest.param({"input": {"height": 64, "width": 64, "channels": 3}}, id="colour"),
        pytest.param({"input": {"height": 0, "width": 64, "channels": 1}}, id="input-too-small"),
        pytest.param({"input": {"height": 64, "width": 10**9, "channels": 1}}, id="input-too-large"),
        pytest.param({"input": {"height": 1e400, "width": 64, "channels": 1}}, id="input-infinite"),
        pytest.param({"output": "scores"}, id="output"),
        pytest.param({"temperature": 0}, id="temperature"),
        pytest.param({"priors": {}}, id="priors-empty"),
        pytest.param({"priors": [1]}, id="priors-not-a-table"),
        pytest.param({"priors": {"network": {}, "default": {}}}, id="priors-without-expressions"),
        pytest.param(
            {"priors": {name: dict.fromkeys(EXPRESSIONS, 0) for name in ("network", "default")}}, id="priors-0"
        ),
        pytest.param({"temperature": "warm"}, id="temperature-not-a-number"),
        pytest.param({"files": {}}, id="no-file"),
        pytest.param({"files": {"litert": {"name": "tiny.tflite", "sha256": "0" * 64}}}, id="checksum"),
    ],
)
def test_wrong_card_is_corrupt(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(CorruptData):
        load_model_files(write_model(tmp_path, card(**changes)))


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_what_is_no_card_is_corrupt(tmp_path: Path, text: str) -> None:
    (tmp_path / "model_card.json").write_text(text)
    with pytest.raises(CorruptData):
        load_model_files(tmp_path)


def test_changed_model_file_is_corrupt(tmp_path: Path) -> None:
    write_model(tmp_path, card())
    (tmp_path / "tiny.tflite").write_bytes(TINY + b"\0")
    with pytest.raises(CorruptData, match="sha256"):
        load_model_files(tmp_path)


@pytest.mark.parametrize("name", ["model_card.json", "tiny.tflite"])
def test_missing_file_is_not_found(tmp_path: Path, name: str) -> None:
    write_model(tmp_path, card())
    (tmp_path / name).unlink()
    with pytest.raises(NotFound, match=name):
        load_model_files(tmp_path)


def test_file_outside_the_directory_is_not_read(tmp_path: Path) -> None:
    litert = {**card()["files"]["litert"], "name": "../tiny.tflite"}
    inner = tmp_path / "model"
    inner.mkdir()
    write_model(inner, card(files={"litert": litert}))
    (tmp_path / "tiny.tflite").write_bytes(b"another file")
    assert load_model_files(inner).litert_file == TINY
