"""Restores a feedback CSV that pandas, R or a spreadsheet has rewritten.

Quotes, another delimiter, a byte-order mark, a column of row numbers, ``12.0`` for 12 and other spellings of a label
are undone. Ambiguous content is refused with its line number.
"""

import csv
from collections.abc import Iterator

from fer.domain import FEEDBACK_LABELS
from fer.storage.records_csv import HEADER, PIXEL_COUNT
from fer.usecases.spellings import label_of

_COLUMNS = HEADER.decode().strip().split(",")
_ROW_NUMBERS = ("", "unnamed: 0", "x", "index", "row.names", "rownames", "...1")
_GREY_VALUES = frozenset(map(str, range(256)))
_BOM = b"\xef\xbb\xbf"


def as_written(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the lines of a feedback CSV in the export's format, header first; such a file is passed through.

    Raises ValueError for a header that is not one of a feedback CSV and, in a changed file, for an
    ambiguous row.
    """
    header = next(lines, b"").removeprefix(_BOM)
    if header.strip() == HEADER.strip():
        yield HEADER
        yield from lines
        return
    delimiter, names = _read_header(header)
    yield HEADER
    for number, line in enumerate(lines, start=2):
        if line.strip():
            try:
                yield _row(line, delimiter, names)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error


def respelt(line: bytes) -> bytes | None:
    """Return a row of a file that kept its header in the export's format; None if ambiguous."""
    try:
        return _row(line, ",", _COLUMNS)
    except ValueError:
        return None


def _read_header(header: bytes) -> tuple[str, list[str]]:
    """Return the delimiter and the names of the columns, ours among them."""
    text = header.decode("utf-8", "replace").strip()
    delimiter = max(",;\t", key=text.count)
    names = [name.strip() for name in _cells(text, delimiter)]
    others = [name for name in names if name not in _COLUMNS]
    if (
        len(others) > 1
        or any(name.lower() not in _ROW_NUMBERS for name in others)
        or len(set(names)) != len(names)
        or not set(names).issuperset(_COLUMNS)
    ):
        raise ValueError(f"expected a CSV that begins with label,pixel0,…,pixel{PIXEL_COUNT - 1}, got {text[:40]!r}")
    return delimiter, names


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error as error:
        raise ValueError("this is not a line of a CSV with \\n or \\r\\n at its end") from error


def _row(line: bytes, delimiter: str, names: list[str]) -> bytes:
    cells = _cells(line.decode("utf-8", "replace").rstrip("\r\n"), delimiter)
    if len(cells) == len(names) + 1:
        if not cells[-1].strip():  # a delimiter at the end
            cells = cells[:-1]
        elif names[0] == "label" and cells[0].strip().isdecimal():  # R's row numbers, by default without a header
            cells = cells[1:]
    if len(cells) != len(names):
        raise ValueError(f"expected {len(names)} cells, got {len(cells)}")
    named = dict(zip(names, cells, strict=True))
    label, *pixels = (named[name] for name in _COLUMNS)
    if not label.strip():
        raise ValueError("the label is empty; 'nan' read as a missing value? Read it with keep_default_na=False")
    spelt = label_of(label, labels=FEEDBACK_LABELS)
    if spelt is None:
        raise ValueError(f"unknown label {label[:20]!r}")
    return ",".join([spelt, *(_pixel(text, delimiter) for text in pixels)]).encode() + b"\n"


def _pixel(text: str, delimiter: str) -> str:
    whole, point, decimals = text.partition("," if delimiter == ";" and "," in text else ".")
    if whole not in _GREY_VALUES or (point and decimals.strip("0")):
        raise ValueError(f"expected a whole number from 0 to 255, got {text[:20]!r}")
    return whole
