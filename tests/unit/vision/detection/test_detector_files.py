"""YuNet's file: a pinned checksum, a mirror, a cache, and what is said without a network."""

from pathlib import Path

import pytest

from fer.errors import CorruptData, Unavailable
from fer.vision.detection import detector_files
from fer.vision.detection.detector_files import (
    MTCNN_SHA256,
    YUNET_FILE,
    YUNET_SHA256,
    fetch_yunet,
    is_ready,
    with_yunet,
)
from tests.detector_models import MODELS_DIR, NEEDS_YUNET
from tools import models


@pytest.fixture
def told() -> list[str]:
    return []


def test_mtcnn_is_part_of_the_project() -> None:
    assert all(is_ready(MODELS_DIR / name, sha256) for name, sha256 in MTCNN_SHA256.items())


@NEEDS_YUNET
def test_the_file_comes_from_the_mirror_once(tmp_path: Path, told: list[str]) -> None:
    path = fetch_yunet(tmp_path / "new", mirror=MODELS_DIR, tell=told.append)
    assert is_ready(path, YUNET_SHA256)
    assert [entry.name for entry in path.parent.iterdir()] == [YUNET_FILE]
    assert fetch_yunet(tmp_path / "new", mirror=tmp_path / "gone", tell=told.append) == path
    assert len(told) == 1
    assert YUNET_FILE in told[0]


def test_a_mirror_without_the_file_is_an_error_that_says_what_to_do(tmp_path: Path, told: list[str]) -> None:
    with pytest.raises(Unavailable, match=f"Put the file into {tmp_path / 'new'}, or .* FER_MODEL_MIRROR names"):
        fetch_yunet(tmp_path / "new", mirror=tmp_path, tell=told.append)


def test_no_network_is_the_same_error(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector_files, "YUNET_URL", "http://127.0.0.1:9/yunet.onnx")
    with pytest.raises(Unavailable, match="FER_MODEL_MIRROR"):
        fetch_yunet(tmp_path, mirror=None, tell=told.append)


def test_other_bytes_are_refused_and_not_kept(tmp_path: Path, told: list[str]) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / YUNET_FILE).write_bytes(b"something else")
    with pytest.raises(CorruptData, match=f"expected {YUNET_SHA256}"):
        fetch_yunet(tmp_path / "new", mirror=mirror, tell=told.append)
    assert not (tmp_path / "new").exists()


@NEEDS_YUNET
def test_a_directory_without_yunet_gives_way_to_the_cache_with_all_of_them(tmp_path: Path, told: list[str]) -> None:
    bundled, cache = tmp_path / "bundled", tmp_path / "cache"
    bundled.mkdir()
    for name in MTCNN_SHA256:
        (bundled / name).write_bytes((MODELS_DIR / name).read_bytes())
    assert with_yunet(bundled, cache, mirror=MODELS_DIR, tell=told.append) == cache
    assert sorted(path.name for path in cache.iterdir()) == sorted([YUNET_FILE, *MTCNN_SHA256])
    assert with_yunet(MODELS_DIR, tmp_path / "unused", mirror=None, tell=told.append) == MODELS_DIR
    assert not (tmp_path / "unused").exists()


def test_make_models_goes_on_without_yunet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FER_MODEL_MIRROR", str(tmp_path))
    assert models.main(tmp_path / "new") == 0
    assert "MTCNN" in capsys.readouterr().out
    (tmp_path / YUNET_FILE).write_bytes(b"something else")
    assert models.main(tmp_path / "new") == 1
