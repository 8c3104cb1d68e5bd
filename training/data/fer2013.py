"""FER2013 pixels and FER+ votes as arrays: reading, matching of rows, targets, duplicates.

FER2013 (Goodfellow et al. 2013) comes as a CSV with the columns emotion, pixels and Usage, packed in several ways.
FER+ (Barsoum et al. 2016) adds the votes of ten taggers per image in ``fer2013new.csv``.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer.domain import CHIP_SIDE_PX, EXPRESSIONS
from training.data.archives import open_csv_text

# FER2013 numbers its emotions in this order.
LABELS = EXPRESSIONS
SIDE_PX = CHIP_SIDE_PX
VOTE_COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
_EMOTIONS = tuple(str(number) for number in range(len(LABELS)))
# In Kaggle's archives: the whole set, the same under another name, and last its training split alone.
PREFERRED = ("fer2013.csv", "icml_face_data.csv", "train.csv")
# Position in VOTE_COLUMNS of each of LABELS.
_LABEL_VOTES = (4, 5, 6, 1, 3, 2, 0)
_UNKNOWN, _NOT_A_FACE = VOTE_COLUMNS.index("unknown"), VOTE_COLUMNS.index("NF")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceData:
    """Rows of FER2013: ``images`` uint8 (N, 48, 48), ``labels`` int64 (N,) in LABELS' order, ``usage`` str (N,).

    ``votes`` int64 (N, 10) in the order of VOTE_COLUMNS, or None where no vote file was given.
    """

    images: np.ndarray
    labels: np.ndarray
    usage: np.ndarray
    votes: np.ndarray | None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def given_votes(self) -> np.ndarray:
        """``votes``; raises ValueError where no vote file was given."""
        if self.votes is None:
            raise ValueError("these faces have no votes")
        return self.votes

    def take(self, rows: np.ndarray) -> "FaceData":
        """Return the chosen rows, by boolean mask or by index."""
        votes = None if self.votes is None else self.votes[rows]
        return FaceData(images=self.images[rows], labels=self.labels[rows], usage=self.usage[rows], votes=votes)

    def digest(self) -> str:
        """Return the sha256 of pixels, labels and votes: two equal digests mean equal data."""
        value = hashlib.sha256()
        for array in (self.images, self.labels.astype("<i8"), self.votes):
            if array is not None:
                value.update(np.ascontiguousarray(array).tobytes())
        return value.hexdigest()


def read_faces(path: Path) -> FaceData:
    """Read FER2013 in any of its circulating forms: packed or not, columns in any order.

    A row without a Usage has an empty one. Raises ValueError, with the line, for a row that is not a FER2013 face.
    """
    images, labels, usage = [], [], []
    with open_csv_text(path, PREFERRED) as stream:
        reader = csv.reader(stream)
        columns = {name.strip().lower(): place for place, name in enumerate(next(reader, []))}
        if not {"emotion", "pixels"} <= columns.keys():
            raise ValueError(f"{path}: expected the columns emotion, pixels and perhaps Usage, got {[*columns]}")
        for row in reader:
            if not row:
                continue
            try:
                label, image = _parse_face(row[columns["emotion"]], row[columns["pixels"]])
                split = row[columns["usage"]].strip() if "usage" in columns else ""
            except (IndexError, ValueError) as error:
                raise ValueError(f"{path}, line {reader.line_num}: {error}") from error
            images.append(image)
            labels.append(label)
            usage.append(split)
    stacked = np.stack(images) if images else np.zeros((0, SIDE_PX, SIDE_PX), np.uint8)
    return FaceData(images=stacked, labels=np.array(labels, np.int64), usage=np.array(usage, dtype=str), votes=None)


def _parse_face(emotion: str, pixels: str) -> tuple[int, np.ndarray]:
    if emotion.strip() not in _EMOTIONS:
        raise ValueError(f"expected an emotion from 0 to {len(LABELS) - 1}, got {emotion[:20]!r}")
    values = np.array(pixels.split(), dtype=np.int64)
    if values.size != SIDE_PX**2 or values.min() < 0 or values.max() > 255:
        raise ValueError(f"expected {SIDE_PX**2} pixels 0–255, got {values.size}")
    return int(emotion), values.astype(np.uint8).reshape(SIDE_PX, SIDE_PX)


def read_votes(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read ``fer2013new.csv``: usage str (M,), image names (empty for "not a face"), votes int64 (M, 10)."""
    with open_csv_text(path, ()) as stream:
        rows = list(csv.DictReader(stream))
    missing = [name for name in ("Usage", "Image name", *VOTE_COLUMNS) if rows and name not in rows[0]]
    if missing:
        raise ValueError(f"{path}: the columns {missing} are missing")
    usage = np.array([row["Usage"].strip() for row in rows], dtype=str)
    names = np.array([row["Image name"].strip() for row in rows], dtype=str)
    votes = np.array([[int(row[name]) for name in VOTE_COLUMNS] for row in rows], np.int64).reshape(-1, 10)
    return usage, names, votes


def match_votes(face_usage: np.ndarray, vote_usage: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair FER2013 rows with FER+ rows: two index arrays of equal length, into the faces and into the votes.

    FER+ lists the rows of ``fer2013.csv`` in their order and names an image after its row (``fer0000042.png``).
    Either file may lack rows (those that are not a face, or a whole split). Tried in turn, for each split:
    the same number of rows; the same number of named rows; the row number in the name. Raises ValueError
    if none fits.
    """
    by_number = _match_by_number(face_usage, vote_usage, names)
    pairs = []
    for split in dict.fromkeys(face_usage.tolist()):
        faces = np.flatnonzero(face_usage == split)
        rows = np.flatnonzero(vote_usage == split)
        named = rows[names[rows] != ""]
        if len(rows) in (len(faces), 0):
            pairs.append((faces[: len(rows)], rows))
        elif len(named) == len(faces):
            pairs.append((faces, named))
        elif by_number is not None:
            inside = face_usage[by_number[0]] == split
            pairs.append((by_number[0][inside], by_number[1][inside]))
        else:
            raise ValueError(f"{len(faces)} {split} rows of faces do not match {len(rows)} rows of votes")
    if not pairs:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    faces, rows = (np.concatenate(part) for part in zip(*pairs, strict=True))
    order = np.argsort(faces, kind="stable")
    return faces[order], rows[order]


def _match_by_number(
    face_usage: np.ndarray, vote_usage: np.ndarray, names: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    rows = np.flatnonzero(names != "")
    digits = ["".join(c for c in name if c.isdigit()) for name in names[rows]]
    if not all(digits):
        return None
    faces = np.array([int(value) for value in digits], np.int64)
    if len(faces) == 0 or faces.max() >= len(face_usage):
        return None
    return (faces, rows) if (face_usage[faces] == vote_usage[rows]).all() else None


def load(faces_path: Path, votes_path: Path | None) -> FaceData:
    """Read both files and match them; rows without votes are left out when votes are asked for."""
    faces = read_faces(faces_path)
    if votes_path is None:
        return faces
    vote_usage, names, votes = read_votes(votes_path)
    face_rows, vote_rows = match_votes(faces.usage, vote_usage, names)
    kept = faces.take(face_rows)
    return FaceData(images=kept.images, labels=kept.labels, usage=kept.usage, votes=votes[vote_rows])


def joined(*parts: FaceData) -> FaceData:
    """Return all rows, concatenated; without votes unless every part has them."""
    votes = [part.votes for part in parts if part.votes is not None]
    return FaceData(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels", "usage")},
        votes=np.concatenate(votes) if len(votes) == len(parts) else None,
    )


def majority(votes: np.ndarray) -> np.ndarray:
    """Return the FER+ majority as an index into LABELS, int64 (N,); -1 where the row does not count.

    A row does not count when its majority is contempt, unknown or "not a face", or is not strictly above
    unknown and "not a face". The first column of the vote file wins a tie between expressions, as in the
    reference code of FER+.
    """
    winner = votes[:, :_UNKNOWN].argmax(axis=1)
    top = votes[:, :_UNKNOWN].max(axis=1, initial=0)
    to_label = np.full(_UNKNOWN, -1, np.int64)
    to_label[list(_LABEL_VOTES)] = np.arange(len(LABELS))
    counts = top > votes[:, [_UNKNOWN, _NOT_A_FACE]].max(axis=1, initial=0)
    return np.where(counts, to_label[winner], -1)


def unanimous_votes(labels: np.ndarray) -> np.ndarray:
    """Return ten votes for each row's label, int64 (N, 10), for labels that come without votes."""
    votes = np.zeros((len(labels), len(VOTE_COLUMNS)), np.int64)
    votes[np.arange(len(labels)), np.array(_LABEL_VOTES)[labels]] = 10
    return votes


def vote_targets(votes: np.ndarray, *, drop_single: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Return training targets from votes: float32 (N, 7) distributions and float32 (N,) weights in 0–1.

    Single votes are dropped as outliers (Barsoum et al. 2016); contempt, unknown and "not a face" are
    dropped and the rest is renormalised. The weight is the share of votes that remain; 0 (and a uniform
    target) if none remain, or if unknown or "not a face" has the majority.
    """
    kept = np.where(votes > 1, votes, 0) if drop_single else votes
    expressions = kept[:, list(_LABEL_VOTES)].astype(np.float32)
    total = expressions.sum(axis=1, keepdims=True)
    targets = np.where(total > 0, expressions / np.maximum(total, 1), 1 / len(LABELS)).astype(np.float32)
    weights = total[:, 0] / np.maximum(votes.sum(axis=1), 1)
    weights[votes.argmax(axis=1) >= _UNKNOWN] = 0
    return targets, weights.astype(np.float32)


def without_duplicates(training: FaceData, held_out: FaceData) -> FaceData:
    """Return the training rows whose pixels are not held out, each image once (the first stays)."""
    seen = {image.tobytes() for image in held_out.images}
    kept = []
    for row, image in enumerate(training.images):
        key = image.tobytes()
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return training.take(np.array(kept, np.int64))
