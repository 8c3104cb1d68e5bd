"""Converts folders of labelled pictures to rows of the feedback CSV, for training and retraining.

Progress is recorded, so that an interrupted run resumes where it stopped.
"""

import csv
import glob
import io
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fer.domain import FEEDBACK_LABELS, Feedback
from fer.errors import FerError, InvalidInput, NotFound
from fer.storage.records_csv import HEADER, encode_row
from fer.usecases.spellings import label_of

KEPT = "kept"
_SPLITS = ("train", "training", "test", "testing", "val", "valid", "validation", "publictest", "privatetest")

ReadChip = Callable[[Path], bytes]
"""The 2,304 grey pixels of a picture's face; raise ``FerError`` or ``OSError`` if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A picture, its path below the folder, the label of its folder or why it has none, and its split."""

    path: Path
    relative: str
    label: str
    fault: str
    split: str


def find_labelled(
    root: Path, *, suffixes: Sequence[str], numbering: str | None, table: Mapping[str, str]
) -> list[Labelled]:
    """Return every picture below ``root``, sorted, with the label of the folder that it lies in.

    ``table`` maps names of folders to labels and takes precedence over the usual spellings. Raises ``NotFound`` if
    there is no picture, and ``InvalidInput`` for numbered folders unless ``numbering`` says whose numbers they are.
    """
    if not root.is_dir():
        raise NotFound(f"There is no folder {root}.")
    found: list[Labelled] = []
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in suffixes or not path.is_file():
            continue
        relative = path.relative_to(root)
        name = path.parent.name if len(relative.parts) > 1 else root.name
        if name.isdecimal() and numbering is None and name not in table:
            raise InvalidInput(f"The folder {name!r} is a number: say whose numbers they are (--numbers, --table).")
        label = table.get(name) or label_of(name, labels=FEEDBACK_LABELS, numbering=numbering)
        split = next((part.lower() for part in relative.parts[:-1] if part.lower() in _SPLITS), "")
        fault = "" if label else f"the folder {name!r} is none of the labels"
        found.append(Labelled(path=path, relative=str(relative), label=label or "", fault=fault, split=split))
    if not found:
        raise NotFound(f"There is no picture in {root}.")
    return found


def read_table(path: Path) -> dict[str, str]:
    """Read a CSV of two columns, a folder's name and its label. Raises ``InvalidInput`` with the line."""
    table: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            if len(row) != 2 or row[1].strip() not in FEEDBACK_LABELS:
                if number == 1:
                    continue  # a header
                raise InvalidInput(f"{path}, line {number}: expected a name and one of {', '.join(FEEDBACK_LABELS)}.")
            table[row[0].strip()] = row[1].strip()
    return table


def write_dataset(
    pictures: Sequence[Labelled],
    out: Path,
    *,
    read_chip: ReadChip,
    way: str,
    jobs: int,
    tell: Callable[[int, int], object],
) -> Counter[str]:
    """Write the CSV to ``out`` and the outcome of each picture to ``out`` with ``.report.csv``; return the counts.

    ``way`` names what ``read_chip`` does. ``tell`` is called with the number of pictures done and their total.
    Both files appear when everything is done. Until then they end in ``.part``, and the next call resumes them,
    unless it reads in another way or with other labels: then it starts from scratch.
    """
    rows_path, report_path = (Path(f"{out}{suffix}.{way}.part") for suffix in ("", ".report.csv"))
    out.parent.mkdir(parents=True, exist_ok=True)
    for part in out.parent.glob(f"{glob.escape(out.name)}*.part"):
        if part not in (rows_path, report_path):
            part.unlink()
    labels = {picture.relative: picture.label for picture in pictures}
    done, size_bytes = _done_before(report_path, labels) if rows_path.is_file() else ({}, 0)
    if not done:
        rows_path.write_bytes(HEADER)
        report_path.write_text("file,label,split,outcome,bytes\n", encoding="utf-8")
        size_bytes = len(HEADER)
    os.truncate(rows_path, size_bytes)  # a row missing from the report was being written when the run ended
    counts = Counter(done.values())
    left = [picture for picture in pictures if picture.relative not in done]
    with rows_path.open("ab") as rows, report_path.open("a", encoding="utf-8", newline="") as report:
        for number, (picture, row, outcome) in enumerate(_worked_off(left, read_chip, jobs), start=len(done) + 1):
            rows.write(row)
            rows.flush()
            size_bytes += len(row)
            report.write(_line(picture.relative, picture.label, picture.split, outcome, size_bytes))
            report.flush()
            counts[outcome] += 1
            tell(number, len(pictures))
    rows_path.replace(out)
    report_path.replace(f"{out}.report.csv")
    return counts


def _done_before(report_path: Path, labels: Mapping[str, str]) -> tuple[dict[str, str], int]:
    """Return the outcome of each picture that an earlier run had finished, and the length of its CSV then.

    Return nothing if one of them now has another label or is gone.
    """
    if not report_path.is_file():
        return {}, 0
    text = report_path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        report_path.write_text(whole, encoding="utf-8")
    entries = list(csv.DictReader(io.StringIO(whole)))
    if any(labels.get(entry["file"]) != entry["label"] for entry in entries):
        return {}, 0
    return {entry["file"]: entry["outcome"] for entry in entries}, int(entries[-1]["bytes"]) if entries else 0


def _worked_off(
    pictures: Sequence[Labelled], read_chip: ReadChip, jobs: int
) -> Iterator[tuple[Labelled, bytes, str]]:
    """Yield each picture with its row and its outcome, in order, several in progress at once."""
    waiting: deque[tuple[Labelled, Future[tuple[bytes, str]]]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        for picture in pictures:
            waiting.append((picture, pool.submit(_row_of, picture, read_chip)))
            while len(waiting) > 2 * jobs:
                done, future = waiting.popleft()
                yield done, *future.result()
        for done, future in waiting:
            yield done, *future.result()


def _row_of(picture: Labelled, read_chip: ReadChip) -> tuple[bytes, str]:
    if picture.fault:
        return b"", picture.fault
    try:
        return encode_row(Feedback(label=picture.label, pixels=read_chip(picture.path))), KEPT
    except FerError as error:
        return b"", error.message
    except OSError as error:
        return b"", error.strerror or "cannot be read"


def _line(*cells: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
