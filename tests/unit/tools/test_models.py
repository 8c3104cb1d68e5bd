"""Preparing the detectors' files: pinned checksums, a mirror, no network, and weights that cannot run code."""

import hashlib
import pickle
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from tools import models, mtcnn_onnx

MODELS_DIR = Path(__file__).parents[3] / "models" / "detector"


def lz4_frame(*blocks: bytes, stored: bool = True) -> bytes:
    """An LZ4 frame of blocks as they are, without checksums."""
    flag = 1 << 31 if stored else 0
    body = b"".join(struct.pack("<I", len(block) | flag) + block for block in blocks)
    return struct.pack("<IBBB", 0x184D2204, 0x60, 0x40, 0) + body + bytes(4)


def test_a_file_with_the_pinned_checksum_is_ready(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"net")
    assert models.is_ready(path, hashlib.sha256(b"net").hexdigest())
    assert not models.is_ready(path, hashlib.sha256(b"other").hexdigest())
    assert not models.is_ready(tmp_path / "missing", hashlib.sha256(b"net").hexdigest())


def test_wrong_bytes_are_refused_with_both_checksums() -> None:
    with pytest.raises(models.WrongChecksum, match=f"{hashlib.sha256(b'bad').hexdigest()}, expected 0123"):
        models.check_sha256(b"bad", "0123", "net")


def test_writing_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "net.onnx"
    models.write_atomically(path, b"old")
    models.write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["net.onnx"]


def test_a_mirror_without_the_file_counts_as_unreachable(tmp_path: Path) -> None:
    with pytest.raises(models.Unreachable, match="FER_MODEL_MIRROR"):
        models.read_yunet(str(tmp_path))


def test_a_mirror_with_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / models.YUNET_NAME).write_bytes(b"something else")
    with pytest.raises(models.WrongChecksum):
        models.read_yunet(str(tmp_path))


@pytest.mark.skipif(not (MODELS_DIR / models.YUNET_NAME).is_file(), reason="YuNet's file is not there")
def test_yunet_comes_from_the_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_MODEL_MIRROR", str(MODELS_DIR))
    assert "from the mirror" in models.prepare_yunet(tmp_path)
    assert "ready" in models.prepare_yunet(tmp_path)
    assert models.is_ready(tmp_path / models.YUNET_NAME, models.YUNET_SHA256)


def test_files_that_are_ready_need_no_network(tmp_path: Path) -> None:
    for name in models.MTCNN_SHA256:
        (tmp_path / name).write_bytes((MODELS_DIR / name).read_bytes())
    assert models.prepare_mtcnn(tmp_path).count("ready") == 3


def test_without_yunet_the_others_still_serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "mirror"
    empty.mkdir()
    for name in models.MTCNN_SHA256:
        (tmp_path / name).write_bytes((MODELS_DIR / name).read_bytes())
    monkeypatch.setenv("FER_MODEL_MIRROR", str(empty))
    assert models.prepare(tmp_path) == 0
    assert "yunet: left out" in capsys.readouterr().out


def test_a_wrong_file_fails_the_preparation_and_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / models.YUNET_NAME).write_bytes(b"something else")
    for name in models.MTCNN_SHA256:
        (tmp_path / name).write_bytes((MODELS_DIR / name).read_bytes())
    monkeypatch.setenv("FER_MODEL_MIRROR", str(mirror))
    assert models.prepare(tmp_path) == 1
    assert not (tmp_path / models.YUNET_NAME).exists()


@pytest.mark.parametrize("blocks", [[], [b"a"], [b"abc" * 1000, b"def"]], ids=["empty", "one", "two"])
def test_stored_lz4_blocks_are_read(blocks: list[bytes]) -> None:
    assert mtcnn_onnx.decode_lz4_frame(lz4_frame(*blocks)) == b"".join(blocks)


def test_an_lz4_match_may_overlap_what_it_writes() -> None:
    # One literal "a", then a match of 19 bytes at offset 1, then the literals "bbbbb".
    block = bytes([0x1F]) + b"a" + struct.pack("<H", 1) + bytes([0]) + bytes([0x50]) + b"bbbbb"
    assert mtcnn_onnx.decode_lz4_frame(lz4_frame(block, stored=False)) == b"a" * 20 + b"b" * 5


def test_something_else_than_lz4_is_refused() -> None:
    with pytest.raises(ValueError, match="LZ4"):
        mtcnn_onnx.decode_lz4_frame(b"PK\x03\x04 and more")


def test_weights_that_would_run_code_are_refused() -> None:
    hostile = pickle.dumps(print)
    with pytest.raises(pickle.UnpicklingError, match="does not belong"):
        mtcnn_onnx.read_weights(lz4_frame(hostile))


@pytest.mark.parametrize(
    ("name", "shape", "outputs"),
    [
        ("mtcnn_pnet.onnx", (1, 3, 12, 12), {"box": (1, 4, 1, 1), "probability": (1, 2, 1, 1)}),
        ("mtcnn_pnet.onnx", (1, 3, 40, 31), {"box": (1, 4, 15, 11), "probability": (1, 2, 15, 11)}),
        ("mtcnn_rnet.onnx", (5, 3, 24, 24), {"box": (5, 4), "probability": (5, 2)}),
        ("mtcnn_onet.onnx", (2, 3, 48, 48), {"box": (2, 4), "landmarks": (2, 10), "probability": (2, 2)}),
    ],
    ids=["pnet-cell", "pnet-map", "rnet", "onet"],
)
def test_a_converted_net_answers_in_the_expected_shapes(
    name: str, shape: tuple[int, ...], outputs: dict[str, tuple[int, ...]]
) -> None:
    net = cv2.dnn.readNetFromONNX(str(MODELS_DIR / name))
    net.setInput(np.zeros(shape, np.float32))
    answers = dict(zip(outputs, net.forward(list(outputs)), strict=True))
    assert {key: np.asarray(value).shape for key, value in answers.items()} == outputs
    assert np.allclose(np.asarray(answers["probability"]).sum(axis=1), 1, atol=1e-5)
