"""Feedback that came back from pandas, R and spreadsheets."""

from pathlib import Path

import numpy as np
import pytest

from fer.domain import FEEDBACK_LABELS
from fer.usecases.spellings import label_of
from tests.training.generated import feedback_csv, marked
from training.data.feedback import FeedbackRows, read_rows

LABELS = ("happy", "nan", "sad")
FACES = marked(np.array([3, 0, 4]), seed=1)
CELLS = [line.split(",") for line in feedback_csv(list(zip(LABELS, FACES, strict=True))).decode().splitlines()]


def joined(rows: list[list[str]], delimiter: str = ",", end: str = "\n") -> str:
    return "".join(delimiter.join(row) + end for row in rows)


def quoted(rows: list[list[str]], *, numbers: bool = False) -> list[list[str]]:
    return [[f'"{cell}"' if numbers or not cell.isdecimal() else cell for cell in row] for row in rows]


def numbered(rows: list[list[str]], name: str = "", first: int = 0) -> list[list[str]]:
    return [[name, *rows[0]], *([str(first + number), *row] for number, row in enumerate(rows[1:]))]


def floats(point: str) -> list[list[str]]:
    return [CELLS[0], *([row[0], *(f"{cell}{point}0" for cell in row[1:])] for row in CELLS[1:])]


def with_label(label: str, row: int = 1) -> list[list[str]]:
    return [[label, *cells[1:]] if number == row else cells for number, cells in enumerate(CELLS)]


def with_pixel(text: str) -> list[list[str]]:
    return [CELLS[0], [*CELLS[1][:-1], text], *CELLS[2:]]


SAME = {
    "as written": joined(CELLS),
    "pandas, with its index": joined(numbered(CELLS)),
    "pandas, read again with its index": joined(numbered(CELLS, "Unnamed: 0")),
    "pandas, as floats": joined(floats(".")),
    "pandas, NaN": joined(with_label("NaN", row=2)),
    "R": joined(numbered(quoted(CELLS), '""', 1)),
    "R, row numbers without a header": joined([quoted(CELLS)[0], *numbered(quoted(CELLS), first=1)[1:]]),
    "R, row numbers without a header or quotes": joined([CELLS[0], *numbered(CELLS, first=1)[1:]]),
    "a comma at the end": joined([[*row, ""] for row in CELLS]).replace(",\n", "\n", 1),
    "everything quoted": joined(quoted(CELLS, numbers=True), end="\r\n"),
    "a German spreadsheet": "\ufeff" + joined(CELLS, ";", "\r\n"),
    "a German spreadsheet, decimals": joined(floats(","), ";"),
    "tabs": joined(CELLS, "\t"),
    "another case": joined(with_label("Happy")),
    "another word": joined(numbered(with_label("Happiness"))),
    "another order": joined([[*row[1:], row[0]] for row in CELLS]),
}


def read(tmp_path: Path, text: str) -> FeedbackRows:
    data = text.encode()
    return read_rows((data[at : at + 1000] for at in range(0, len(data), 1000)), tmp_path / "pixels.u8")


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_rows_are_the_same_whoever_wrote_them_anew(tmp_path: Path, text: str) -> None:
    rows = read(tmp_path, text)
    assert [FEEDBACK_LABELS[label] for label in rows.labels] == list(LABELS)
    assert (rows.pixels[:] == FACES).all()
    assert rows.rejected == {}


REFUSED = {
    "no label": (numbered(with_label("")), "line 2: the label is empty"),
    "no such label": (numbered(with_label("bored", row=2)), "line 3: unknown label 'bored'"),
    "a number for a label": (numbered(with_label("3")), "line 2: unknown label '3'"),
    "a fraction": (numbered(with_pixel("7.5")), "line 2: expected a whole number from 0 to 255, got '7.5'"),
    "too large": (numbered(with_pixel("256")), "line 2: expected a whole number"),
    "missing": (numbered(with_pixel("")), "line 2: expected a whole number"),
    "a cell too few": ([*numbered(CELLS)[:2], numbered(CELLS)[2][:-1]], "line 3: expected"),
    "two more columns": (numbered(numbered(CELLS, "a")), "expected a CSV that begins with"),
    "a column twice": ([[*row, row[-1]] for row in CELLS], "expected a CSV that begins with"),
    "another cell": (
        [CELLS[0][1:] + CELLS[0][:1], *([*row[1:], "7", row[0]] for row in CELLS[1:])],
        "line 2: expected",
    ),
    "a book in a cell": (numbered(with_label("h" * 200_000)), "line 2: "),
    "a whole file in a line": ([["\r".join(",".join(row) for row in CELLS)]], "not a line of a CSV"),
    "another thing": ([["a", "b"], ["1", "2"]], "expected a CSV that begins with"),
}


@pytest.mark.parametrize(("rows", "message"), REFUSED.values(), ids=REFUSED)
def test_what_could_mean_two_things_is_refused_with_its_line(
    tmp_path: Path, rows: list[list[str]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, joined(rows))


def test_a_bad_row_of_a_file_as_written_is_counted(tmp_path: Path) -> None:
    assert read(tmp_path, joined(with_label("bored"))).rejected == {"unknown label": 1}


def test_numbers_need_to_be_told_whose_they_are() -> None:
    assert label_of("1", labels=FEEDBACK_LABELS) is None
    assert label_of("1", labels=FEEDBACK_LABELS, numbering="rafdb") == "surprised"
    assert label_of("1", labels=FEEDBACK_LABELS, numbering="affectnet") == "happy"
    assert label_of("7", labels=FEEDBACK_LABELS, numbering="affectnet") is None
    assert label_of("99", labels=FEEDBACK_LABELS, numbering="ckplus") is None
