import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer.domain import FEEDBACK_LABELS, Feedback
from fer.errors import CorruptData
from fer.storage.records_csv import (
    HEADER,
    MAX_ROW_BYTES,
    MIN_ROW_BYTES,
    PIXEL_COUNT,
    decode_row,
    encode_row,
    iterate_lines,
    iterate_rows,
)

FEEDBACK = st.builds(
    Feedback,
    label=st.sampled_from(FEEDBACK_LABELS),
    pixels=st.randoms(use_true_random=False).map(lambda random: random.randbytes(PIXEL_COUNT)),
)


@settings(deadline=None)
@given(FEEDBACK)
def test_a_row_survives_the_round_trip(feedback: Feedback) -> None:
    row = encode_row(feedback)
    assert decode_row(row) == feedback
    assert MIN_ROW_BYTES <= len(row) <= MAX_ROW_BYTES
    assert row.endswith(b"\n")
    assert row.count(b"\n") == 1


@settings(deadline=None, max_examples=30)
@given(st.lists(FEEDBACK, max_size=4), st.integers(1, 50_000))
def test_a_file_survives_the_round_trip_however_it_is_cut(rows: list[Feedback], chunk_bytes: int) -> None:
    data = HEADER + b"".join(map(encode_row, rows))
    chunks = [data[start : start + chunk_bytes] for start in range(0, len(data), chunk_bytes)]
    assert list(iterate_rows(chunks)) == rows


def test_other_csv_readers_see_the_same_columns() -> None:
    data = HEADER + encode_row(Feedback(label="nan", pixels=bytes(range(256)) * 9))
    (row,) = csv.DictReader(io.StringIO(data.decode()))
    assert list(row) == ["label", *(f"pixel{index}" for index in range(PIXEL_COUNT))]
    assert row["label"] == "nan"
    assert [int(row[f"pixel{index}"]) for index in range(256)] == list(range(256))


ROW_IDS = (
    *("empty", "blank", "label-only", "unknown-label", "not-ascii", "256", "negative", "padded", "float"),
    *("too-many", "too-few", "crlf", "two-rows"),
)
GOOD = encode_row(Feedback(label="sad", pixels=bytes(PIXEL_COUNT)))


@pytest.mark.parametrize(
    "row",
    [
        b"",
        b"\n",
        b"sad\n",
        GOOD.replace(b"sad", b"bored"),
        GOOD.replace(b"sad", b"s\xe4d"),
        GOOD[:-2] + b"256\n",
        GOOD[:-2] + b"-1\n",
        GOOD[:-2] + b"00\n",
        GOOD[:-2] + b"1.0\n",
        GOOD[:-1] + b",0\n",
        GOOD[:-3] + b"\n",
        GOOD[:-1] + b"\r\n",
        GOOD + GOOD,
    ],
    ids=[
        "empty",
        "blank",
        "label",
        "unknown",
        "not-ascii",
        "256",
        "negative",
        "padded",
        "float",
        "many",
        "few",
        "crlf",
        "two-rows",
    ],
)
def test_anything_else_is_no_row(row: bytes) -> None:
    with pytest.raises(CorruptData):
        decode_row(row)


@pytest.mark.parametrize(
    "data", [b"", GOOD, HEADER + HEADER, HEADER + GOOD[:-1]], ids=["empty", "no-header", "twice", "cut"]
)
def test_anything_else_is_no_file(data: bytes) -> None:
    with pytest.raises(CorruptData):
        list(iterate_rows([data]))


def test_lines_of_nothing_are_none() -> None:
    assert list(iterate_lines([])) == []
