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
    delimiter, places = _read_header(header)
    yield HEADER
    for number, line in enumerate(lines, start=2):
        if line.strip():
            try:
                yield _row(line, delimiter, places)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error


def respelt(line: bytes) -> bytes | None:
    """Return a row of a file that kept its header in the export's format; None if ambiguous."""
    try:
        return _row(line, ",", list(range(len(_COLUMNS))))
    except (ValueError, csv.Error):
        return None


def _read_header(header: bytes) -> tuple[str, list[int]]:
    """Return the delimiter, and the position of each of our columns."""
    text = header.decode("utf-8", "replace").strip()
    delimiter = max(",;\t", key=text.count)
    names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
    others = [name for name in names if name not in _COLUMNS]
    if len(others) > 1 or any(name.lower() not in _ROW_NUMBERS for name in others) or len(set(names)) != len(names):
        raise ValueError(f"expected a CSV that begins with label,pixel0,…,pixel{PIXEL_COUNT - 1}, got {text[:40]!r}")
    try:
        return delimiter, [names.index(name) for name in _COLUMNS]
    except ValueError as error:
        raise ValueError(
            f"expected a CSV that begins with label,pixel0,…,pixel{PIXEL_COUNT - 1}, got {text[:40]!r}"
        ) from error


def _row(line: bytes, delimiter: str, places: list[int]) -> bytes:
    cells = next(csv.reader([line.decode("utf-8", "replace").rstrip("\r\n")], delimiter=delimiter))
    # R writes no header for its row numbers unless told to.
    if len(cells) not in (max(places) + 1, max(places) + 2):
        raise ValueError(f"expected {len(places)} cells, got {len(cells)}")
    label, *pixels = (cells[place] for place in places)
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
