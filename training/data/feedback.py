"""Makes a data set from feedback: checks every row, joins duplicates, settles labels by majority.

``expression_pixel_data.csv`` is streamed. Of each good row the pixels go to a file in the work directory;
only a digest and a label stay in memory. "nan" is a label ("no expression fits, or not a face"), never a
missing value, as with pandas' ``keep_default_na=False``.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer.domain import FEEDBACK_LABELS
from fer.errors import CorruptData
from fer.storage.records_csv import (
    HEADER,
    PIXEL_COUNT,
    ROW_DIGEST_BYTES,
    decode_row,
    row_digest,
)
from training.data.dialects import as_written, respelt
from training.data.fer2013 import SIDE_PX
from training.data.near_duplicates import near_groups

NAN = FEEDBACK_LABELS.index("nan")
DIGEST_BYTES = 16
# A chip with fewer grey levels shows nothing but a wall or a lens cap.
MIN_CONTRAST = 8
_CELLS = frozenset(str(value).encode() for value in range(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRows:
    """The good rows in the CSV's order: ``pixels`` of N faces in a file; ``labels`` int8 (N,).

    ``labels`` index FEEDBACK_LABELS; ``digests`` uint8 (N, 16) begin the sha256 of the pixels; ``rejected`` counts
    the other rows by reason; ``csv_sha256`` is of the whole file.
    """

    pixels: "PixelFile"
    labels: np.ndarray
    digests: np.ndarray
    rejected: dict[str, int]
    csv_sha256: str

    def __len__(self) -> int:
        return len(self.labels)

    def names(self) -> np.ndarray:
        """Return the digest of each row's label and pixels, uint8 (N, 16), independent of its place in the CSV."""
        named = [
            row_digest(FEEDBACK_LABELS[label], pixels.tobytes())
            for start in range(0, len(self), 1024)
            for label, pixels in zip(
                self.labels[start : start + 1024], self.pixels[start : start + 1024], strict=True
            )
        ]
        return np.frombuffer(b"".join(named), np.uint8).reshape(-1, ROW_DIGEST_BYTES)


class PixelFile:
    """Faces in a file, read when they are indexed: ``faces[2:5]`` is uint8 (3, 48, 48).

    Each access maps the file and unmaps it again, so memory does not add up.
    """

    def __init__(self, path: Path, rows: np.ndarray):
        self.path, self.rows, self.shape = path, rows, (len(rows), SIDE_PX, SIDE_PX)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Any, /) -> np.ndarray:
        rows = self.rows[key]
        if not rows.size:  # an empty file cannot be mapped
            return np.zeros((0, SIDE_PX, SIDE_PX), np.uint8)
        return np.array(np.memmap(self.path, np.uint8, "r").reshape(-1, SIDE_PX, SIDE_PX)[rows])

    def take(self, rows: np.ndarray) -> "PixelFile":
        """Return some of the faces, by index."""
        return PixelFile(self.path, self.rows[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackFaces:
    """Distinct faces with settled labels, in the CSV's order.

    ``rows`` int64 (F,) index FeedbackRows, ``labels`` int64 (F,) LABELS; ``not_expressions`` are the rows of faces
    labelled "nan". ``groups`` int64 (N,) maps each row to the row that represents its face. ``counts`` has the
    outcomes of the rows.
    """

    rows: np.ndarray
    groups: np.ndarray
    labels: np.ndarray
    not_expressions: np.ndarray
    counts: dict[str, int]


def read_rows(chunks: Iterable[bytes], pixel_file: Path) -> FeedbackRows:
    """Check every row of a CSV that comes in chunks, using the memory of one chunk and 17 bytes per row.

    Writes the pixels to ``pixel_file``. Raises ValueError if the header is not that of a feedback CSV, or if a
    file rewritten by another program is ambiguous.
    """
    whole, rejected, labels, digests = hashlib.sha256(), Counter(), bytearray(), bytearray()
    lines = as_written(_lines(_hashed(chunks, whole.update)))
    next(lines)
    pixel_file.parent.mkdir(parents=True, exist_ok=True)
    with pixel_file.open("wb") as pixels:
        for line in lines:
            face = _face(line)
            if isinstance(face, str):
                rejected[face] += 1
                continue
            label, chip = face
            labels.append(label)
            digests += hashlib.sha256(chip).digest()[:DIGEST_BYTES]
            pixels.write(chip)
    return FeedbackRows(
        pixels=PixelFile(pixel_file, np.arange(len(labels))),
        labels=np.frombuffer(labels, np.int8),
        digests=np.frombuffer(digests, np.uint8).reshape(-1, DIGEST_BYTES),
        rejected=dict(sorted(rejected.items())),
        csv_sha256=whole.hexdigest(),
    )


def _hashed(chunks: Iterable[bytes], update: Callable[[bytes], object]) -> Iterator[bytes]:
    for chunk in chunks:
        update(chunk)
        yield chunk


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with their ``\\n``; of a line longer than any row, only enough to detect that."""
    rest, limit = b"", 2 * len(HEADER)
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
        rest = rest[:limit]
    if rest:
        yield rest


def _face(line: bytes) -> tuple[int, bytes] | str:
    """Return the label's index and the 2,304 pixels of one line, or the reason why it is rejected."""
    if not line.endswith(b"\n"):
        return "cut off: the last row has no line end"
    line = line.rstrip(b"\r\n")
    try:
        feedback = decode_row(line)
    except CorruptData:
        other = respelt(line)
        if other is None:
            return _fault(line)
        feedback = decode_row(other)
    if np.ptp(np.frombuffer(feedback.pixels, np.uint8)) < MIN_CONTRAST:
        return "nothing to see: all pixels are nearly equal"
    return FEEDBACK_LABELS.index(feedback.label), feedback.pixels


def _fault(line: bytes) -> str:
    label, *cells = line.split(b",")
    if not line.strip():
        return "blank line"
    if line == HEADER.strip():
        return "the header again"
    if len(cells) != PIXEL_COUNT:
        return f"not {PIXEL_COUNT} pixels"
    if not _CELLS.issuperset(cells):
        return "a pixel is not a whole number from 0 to 255"
    return "no label" if not label.strip() else "unknown label"


def settle(rows: FeedbackRows) -> FeedbackFaces:
    """Join exact and near duplicates and give each face its rows' majority label; ties are dropped.

    "nan" is one of the labels here. A face is represented by its first row: new rows come after it, so it stays the
    same until that row is withdrawn.
    """
    groups = face_groups(rows)
    first, members = np.unique(groups, return_inverse=True)
    votes = np.zeros((len(first), len(FEEDBACK_LABELS)), np.int32)
    np.add.at(votes, (members, rows.labels), 1)
    most = votes.max(axis=1, initial=0)
    settled = (votes == most[:, None]).sum(axis=1) == 1
    labels = votes.argmax(axis=1) if len(first) else np.zeros(0, np.int64)
    expression = settled & (labels != NAN)
    exact = len(_first_with_same_pixels(rows)[0])
    return FeedbackFaces(
        rows=first[expression],
        groups=groups,
        labels=labels[expression],
        not_expressions=first[settled & (labels == NAN)],
        counts={
            "rows": len(rows),
            "exact duplicates": len(rows) - exact,
            "near duplicates": exact - len(first),
            "faces whose rows disagree": int(((votes > 0).sum(axis=1) > 1).sum()),
            "of these without a majority, dropped": int((~settled).sum()),
            "faces labelled nan, kept apart": int((settled & (labels == NAN)).sum()),
            "faces with an expression": int(expression.sum()),
        },
    )


def _first_with_same_pixels(rows: FeedbackRows) -> tuple[np.ndarray, np.ndarray]:
    """Return the first row of each distinct picture, in order, and each row's index among those pictures."""
    keys = np.ascontiguousarray(rows.digests).view(np.dtype((np.void, DIGEST_BYTES))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[inverse]


def face_groups(rows: FeedbackRows) -> np.ndarray:
    """Return for each row the first row with the same face picture, exactly or nearly: int64 (N,)."""
    if not len(rows):
        return np.zeros(0, np.int64)
    first, member = _first_with_same_pixels(rows)
    return first[near_groups(rows.pixels.take(first))[member]]
