"""The data set from feedback: what is rejected and why, duplicates, majority, bounded memory."""

import hashlib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer.domain import EXPRESSIONS, Feedback
from fer.storage.records_csv import HEADER, encode_row
from tests.training.generated import feedback_csv, portrait, portraits
from training.data.feedback import DIGEST_BYTES, FeedbackFaces, FeedbackRows, read_rows, settle


def _row(label: str, face: np.ndarray) -> bytes:
    return encode_row(Feedback(label=label, pixels=face.tobytes()))


def _read(content: bytes, folder: Path, chunk: int = 1000) -> FeedbackRows:
    chunks = (content[start : start + chunk] for start in range(0, len(content), chunk))
    return read_rows(chunks, folder / "pixels.u8")


def _settled(folder: Path, labelled: list[tuple[str, np.ndarray]]) -> FeedbackFaces:
    return settle(_read(HEADER + b"".join(_row(*each) for each in labelled), folder))


@pytest.mark.parametrize("chunk", [1, 700, 10_000_000])
def test_rows_come_back_as_they_were_written_whatever_the_chunks(tmp_path: Path, chunk: int) -> None:
    faces = portraits(2)
    content = HEADER + _row("nan", faces[0]) + _row("neutral", faces[1])
    rows = _read(content, tmp_path, chunk)
    assert (rows.pixels[:] == faces).all()
    assert rows.labels.tolist() == [7, 6]
    assert rows.rejected == {}
    assert rows.csv_sha256 == hashlib.sha256(content).hexdigest()
    assert rows.digests[1].tobytes() == hashlib.sha256(faces[1].tobytes()).digest()[:DIGEST_BYTES]


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + HEADER + _row("happy", portrait(1))
    assert len(_read(content.replace(b"\n", b"\r\n"), tmp_path)) == 1


def test_a_file_with_only_its_header_has_no_rows(tmp_path: Path) -> None:
    rows = _read(HEADER, tmp_path)
    assert len(rows) == 0
    assert settle(rows).counts["faces with an expression"] == 0


@pytest.mark.parametrize("content", [b"", b"emotion,pixels,Usage\n", b"\x1f\x8b" + bytes(500)], ids=str)
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match="expected a CSV"):
        _read(content, tmp_path)


PIXELS = _row("sad", portrait(3)).partition(b",")[2]
BAD = {
    "blank line": b"\n",
    "the header again": HEADER,
    "not 2304 pixels": b"sad,1,2,3\n",
    "unknown label": b"bored," + PIXELS,
    "no label": b"," + PIXELS,
    "nothing to see: all pixels are nearly equal": _row("sad", np.full((48, 48), 90, np.uint8)),
    "cut off: the last row has no line end": b"sad," + PIXELS[:-1],
}


@pytest.mark.parametrize(("reason", "line"), BAD.items(), ids=list(BAD))
def test_a_bad_row_is_counted_by_its_reason_and_the_others_stay(tmp_path: Path, reason: str, line: bytes) -> None:
    good = _row("happy", portrait(1))
    content = HEADER + good + line if reason.startswith("cut off") else HEADER + line + good
    rows = _read(content, tmp_path)
    assert rows.rejected == {reason: 1}
    assert rows.labels.tolist() == [3]


@pytest.mark.parametrize("cell", [b"256", b"-1", b"1.5", b"", b"nan", b" 7", b"007", "٣".encode()], ids=str)
def test_a_cell_that_is_no_grey_value_rejects_its_row(tmp_path: Path, cell: bytes) -> None:
    row = b"sad," + cell + b"," + PIXELS.partition(b",")[2]
    assert _read(HEADER + row, tmp_path).rejected == {"a pixel is not a whole number from 0 to 255": 1}


def test_an_endless_line_is_rejected_and_not_kept(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield HEADER
        for _ in range(400):
            yield b"1," * 50_000
        yield b"\n" + _row("happy", portrait(1))

    tracemalloc.start()
    rows = read_rows(chunks(), tmp_path / "pixels.u8")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rows) == 1
    assert rows.rejected == {"not 2304 pixels": 1}
    assert peak < 5_000_000


def test_reading_holds_a_few_bytes_a_row(tmp_path: Path) -> None:
    tails = [_row("sad", portrait(seed)).partition(b",")[2] for seed in range(20)]

    def chunks(count: int) -> Iterator[bytes]:
        yield HEADER
        for number in range(count):
            yield EXPRESSIONS[number % 7].encode() + b"," + tails[number % 20]

    def peak_bytes(count: int) -> int:
        tracemalloc.start()
        assert len(read_rows(chunks(count), tmp_path / "pixels.u8")) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(10)
    grown = peak_bytes(3000) - peak_bytes(1000)
    # 2,000 rows are 4.6 MB of pixels; the digest and the label are 17 bytes, and both buffers grow ahead.
    assert grown < 2000 * 17 * 3


def test_the_same_pixels_count_once_with_the_label_of_most_rows(tmp_path: Path) -> None:
    one, two = portraits(2)
    faces = _settled(tmp_path, [("sad", one), ("happy", two), ("angry", one), ("sad", one)])
    assert faces.rows.tolist() == [0, 1]
    assert [EXPRESSIONS[label] for label in faces.labels] == ["sad", "happy"]
    assert faces.counts["exact duplicates"] == 2
    assert faces.counts["faces whose rows disagree"] == 1


def test_a_tie_of_labels_drops_the_face(tmp_path: Path) -> None:
    one, two = portraits(2)
    faces = _settled(tmp_path, [("sad", one), ("happy", two), ("angry", one)])
    assert faces.rows.tolist() == [1]
    assert faces.counts["of these without a majority, dropped"] == 1


def test_nan_is_a_label_of_its_own_and_kept_apart(tmp_path: Path) -> None:
    one, two, three = portraits(3)
    faces = _settled(tmp_path, [("nan", one), ("happy", two), ("nan", three), ("nan", three), ("sad", three)])
    assert faces.rows.tolist() == [1]
    assert faces.not_expressions.tolist() == [0, 2]


def test_near_duplicates_vote_together(tmp_path: Path) -> None:
    one, two = portraits(2)
    dimmed = (one * 0.7).astype(np.uint8)
    noisy = np.clip(one + np.random.default_rng(0).normal(0, 4, one.shape), 0, 255).astype(np.uint8)
    faces = _settled(tmp_path, [("sad", one), ("happy", dimmed), ("happy", two), ("happy", noisy)])
    assert faces.rows.tolist() == [0, 2]
    assert [EXPRESSIONS[label] for label in faces.labels] == ["happy", "happy"]
    assert faces.counts["near duplicates"] == 2


def test_the_face_of_a_group_stays_as_the_csv_grows(tmp_path: Path) -> None:
    one, two = portraits(2)
    csv = feedback_csv([("sad", one), ("happy", two)])
    before = settle(_read(csv, tmp_path))
    after = settle(_read(csv + _row("sad", (one * 0.8).astype(np.uint8)) + _row("fear", portrait(9)), tmp_path))
    assert after.rows[:2].tolist() == before.rows.tolist()
