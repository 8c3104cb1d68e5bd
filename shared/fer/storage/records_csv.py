"""The CSV's text: one header, then the label and 2,304 grey values per row.

Rows end in ``\\n`` and nothing is quoted, so that files can be joined byte by byte, as compose does.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from fer.domain import CHIP_SIDE_PX, FEEDBACK_LABELS, Feedback
from fer.errors import CorruptData

CONTENT_TYPE: Final = "text/csv"
PIXEL_COUNT: Final = CHIP_SIDE_PX**2
HEADER: Final = (",".join(["label", *(f"pixel{index}" for index in range(PIXEL_COUNT))]) + "\n").encode()

ROW_DIGEST_BYTES: Final = 16

MIN_ROW_BYTES: Final = min(map(len, FEEDBACK_LABELS)) + 2 * PIXEL_COUNT + 1
MAX_ROW_BYTES: Final = max(map(len, FEEDBACK_LABELS)) + 4 * PIXEL_COUNT + 1

_CELLS: Final = tuple(str(value).encode() for value in range(256))
_VALUES: Final = {cell: value for value, cell in enumerate(_CELLS)}


def encode_row(feedback: Feedback) -> bytes:
    """Return one row with its ``\\n`` and no header: the content of a shard."""
    cells = [feedback.label.encode(), *(_CELLS[value] for value in feedback.pixels)]
    return b",".join(cells) + b"\n"


def row_digest(label: str, pixels: bytes) -> bytes:
    """Return 16 bytes that stand for a row where its pixels must not be stored; equal rows have equal digests."""
    return hashlib.sha256(label.encode() + b"," + pixels).digest()[:ROW_DIGEST_BYTES]


def decode_row(row: bytes) -> Feedback:
    """Return the inverse of ``encode_row``; the ``\\n`` may be missing.

    Raises ``CorruptData`` unless the row is exactly what ``encode_row`` writes.
    """
    label, *cells = row.removesuffix(b"\n").split(b",")
    if len(cells) != PIXEL_COUNT:
        raise CorruptData(f"A row must have 1 + {PIXEL_COUNT} cells, got {1 + len(cells)}.")
    try:
        return Feedback(label=label.decode("ascii"), pixels=bytes(map(_VALUES.__getitem__, cells)))
    except (KeyError, ValueError) as error:
        raise CorruptData("A row must be a known label and whole numbers from 0 to 255.") from error


def iterate_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with their ``\\n`` from chunks cut anywhere; the last line may lack it."""
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


def iterate_rows(chunks: Iterable[bytes]) -> Iterator[Feedback]:
    """Yield every row of a whole CSV file, in order, using the memory of one chunk.

    Raises ``CorruptData`` at a wrong header, a bad row, or a last row without ``\\n``.
    """
    lines = iterate_lines(chunks)
    if next(lines, b"") != HEADER:
        raise CorruptData(f"The CSV must begin with label,pixel0,…,pixel{PIXEL_COUNT - 1}.")
    for line in lines:
        if not line.endswith(b"\n"):
            raise CorruptData("The CSV ends in the middle of a row.")
        yield decode_row(line)
