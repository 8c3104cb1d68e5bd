"""Generated faces and votes in the formats of FER2013 and FER+."""

from pathlib import Path

import numpy as np

from training.data import VOTE_COLUMNS, FaceData


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
    """The rows as `fer2013.csv`."""
    lines = ["emotion,pixels,Usage"]
    for image, label, usage in zip(faces.images, faces.labels, faces.usage, strict=True):
        lines.append(f"{label},{' '.join(map(str, image.ravel()))},{usage}")
    return "\n".join(lines) + "\n"


def votes_csv(faces: FaceData, names: list[str]) -> str:
    """The votes as `fer2013new.csv`."""
    lines = ["Usage,Image name," + ",".join(VOTE_COLUMNS)]
    for usage, name, votes in zip(faces.usage, names, faces.votes, strict=True):
        lines.append(f"{usage},{name},{','.join(map(str, votes))}")
    return "\n".join(lines) + "\n"


def write_both(folder: Path, faces: FaceData) -> tuple[Path, Path]:
    """Write both files into `folder`; returns their paths."""
    data, votes = folder / "fer2013.csv", folder / "fer2013new.csv"
    data.write_text(faces_csv(faces), encoding="utf-8")
    names = [f"fer{row:07d}.png" for row in range(len(faces))]
    votes.write_text(votes_csv(faces, names), encoding="utf-8")
    return data, votes
