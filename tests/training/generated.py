"""Generated faces and votes in the formats of FER2013 and FER+."""

from pathlib import Path

import cv2
import numpy as np

from fer.domain import Feedback
from fer.storage.records_csv import HEADER, encode_row
from training.data.fer2013 import VOTE_COLUMNS, FaceData


def make_faces(training: int = 24, public: int = 14, seed: int = 0) -> FaceData:
    """Random pictures, one clear expression each, all seven in both splits."""
    rng = np.random.default_rng(seed)
    count = training + public
    labels = np.arange(count) % 7
    votes = np.zeros((count, 10), np.int64)
    for row, column in enumerate(np.array([4, 5, 6, 1, 3, 2, 0])[labels]):
        votes[row, column] = 8
        votes[row, 7] = 2
    return FaceData(
        images=rng.integers(0, 256, (count, 48, 48), dtype=np.uint8),
        labels=labels,
        usage=np.array(["Training"] * training + ["PublicTest"] * public),
        votes=votes,
    )


def faces_csv(faces: FaceData) -> str:
    """Return the rows as ``fer2013.csv``."""
    lines = ["emotion,pixels,Usage"]
    for image, label, usage in zip(faces.images, faces.labels, faces.usage, strict=True):
        lines.append(f"{label},{' '.join(map(str, image.ravel()))},{usage}")
    return "\n".join(lines) + "\n"


def votes_csv(faces: FaceData, names: list[str]) -> str:
    """Return the votes as ``fer2013new.csv``."""
    lines = ["Usage,Image name," + ",".join(VOTE_COLUMNS)]
    for usage, name, votes in zip(faces.usage, names, faces.votes, strict=True):
        lines.append(f"{usage},{name},{','.join(map(str, votes))}")
    return "\n".join(lines) + "\n"


def write_both(folder: Path, faces: FaceData) -> tuple[Path, Path]:
    """Write both files into ``folder``; returns their paths."""
    data, votes = folder / "fer2013.csv", folder / "fer2013new.csv"
    data.write_text(faces_csv(faces), encoding="utf-8")
    names = [f"fer{row:07d}.png" for row in range(len(faces))]
    votes.write_text(votes_csv(faces, names), encoding="utf-8")
    return data, votes


def portrait(seed: int) -> np.ndarray:
    """Return a smooth random picture, uint8 (48, 48), unique to its seed, with shapes as large as a face's."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.uniform(20, 235, (7, 7)), (48, 48), interpolation=cv2.INTER_CUBIC)
    return np.clip(coarse + rng.normal(0, 3, coarse.shape), 0, 255).astype(np.uint8)


def portraits(count: int) -> np.ndarray:
    """Different pictures uint8 (count, 48, 48)."""
    return np.stack([portrait(seed) for seed in range(count)])


def feedback_csv(labelled: list[tuple[str, np.ndarray]]) -> bytes:
    """Return a feedback CSV of these labels and faces."""
    rows = (encode_row(Feedback(label=label, pixels=face.tobytes())) for label, face in labelled)
    return HEADER + b"".join(rows)


def marked(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return a different picture for each label, uint8 (N, 48, 48), with a bright bar whose place tells the label."""
    images = np.stack([portrait(10_000 * seed + number) // 2 for number in range(len(labels))])
    for image, label in zip(images, labels, strict=True):
        image[label * 6 + 2 : label * 6 + 7, 6:42] = 255
    return images


def marked_portraits(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return a real, detectable face per label, cut anew each time, label marked: uint8 (N, 48, 48)."""
    grey = cv2.imread(str(Path(__file__).parents[2] / "docs/images/astronaut.jpg"), cv2.IMREAD_GRAYSCALE)
    rng = np.random.default_rng(seed)
    images = []
    for number, label in enumerate(labels):
        side = 110 * np.exp(rng.uniform(-0.1, 0.1))
        left, top = np.array([223.5, 119.5]) + rng.uniform(-6, 6, 2) - side / 2
        scale = 48 / side
        cut = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
        face = cv2.warpAffine(grey, cut, (48, 48), borderMode=cv2.BORDER_REPLICATE)
        # Without other light on each, they would all be near duplicates.
        face = 0.8 * face + 0.2 * portrait(10_000 * seed + number)
        face[label * 6 + 3 : label * 6 + 8, [*range(5), *range(43, 48)]] = 255
        images.append(face.astype(np.uint8))
    return np.stack(images)
