"""Reading FER2013 and FER+, matching their rows, targets, duplicates."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.training.generated import faces_csv, make_faces, votes_csv, write_both
from training.data.fer2013 import (
    FaceData,
    load,
    majority,
    match_votes,
    read_faces,
    read_votes,
    vote_targets,
    without_duplicates,
)

NAMES = np.array([f"fer{row:07d}.png" for row in range(6)])
SPLITS = np.array(["Training", "Training", "Training", "PublicTest", "PublicTest", "PrivateTest"])


def _votes(**counts: int) -> np.ndarray:
    columns = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
    return np.array([[counts.get(name, 0) for name in columns]])


@pytest.mark.parametrize(
    "kind", ["csv", "gz", "zip", "gz in zip", "tar.gz", "tar", "tar.gz in zip", "mark", "quoted"]
)
def test_faces_are_read_however_kaggle_packs_them(tmp_path: Path, kind: str) -> None:
    faces = make_faces()
    text = faces_csv(faces).encode()
    path = tmp_path / "fer2013.bin"
    if kind == "csv":
        path.write_bytes(text)
    elif kind == "gz":
        path.write_bytes(gzip.compress(text))
    elif kind == "mark":
        path.write_bytes(b"\xef\xbb\xbf" + text)
    elif kind == "quoted":
        path.write_text("\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in text.decode().splitlines()))
    elif kind == "tar.gz in zip":  # as the competition's own archive
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("example_submission.csv", "id,emotion\n")
            archive.writestr("fer2013.tar.gz", _tar(text, "w:gz"))
    elif kind.startswith("tar"):
        path.write_bytes(_tar(text, "w:gz" if kind == "tar.gz" else "w"))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            name = "fer2013/fer2013.csv" + (".gz" if kind == "gz in zip" else "")
            archive.writestr("fer2013/README", "a text")
            archive.writestr(name, gzip.compress(text) if name.endswith(".gz") else text)
    read = read_faces(path)
    assert (read.images == faces.images).all()
    assert (read.labels == faces.labels).all()
    assert (read.usage == faces.usage).all()


def _tar(text: bytes, mode: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, content in (("fer2013/README", b"a text"), ("fer2013/fer2013.csv", text)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_columns_may_come_in_another_order_and_spelling(tmp_path: Path) -> None:
    faces, path = make_faces(), tmp_path / "icml_face_data.csv"
    rows = [line.split(",") for line in faces_csv(faces).splitlines()[1:]]
    text = "".join(f"{emotion},{usage},{pixels}\n" for emotion, pixels, usage in rows)
    path.write_text("emotion, Usage, pixels\n" + text, encoding="utf-8")
    read = read_faces(path)
    assert (read.images == faces.images).all()
    assert (read.usage == faces.usage).all()


@pytest.mark.parametrize("emotion", ["7", "-1", "", "happy", "1.0"])
def test_a_label_that_is_none_of_the_seven_is_an_error_with_its_line(tmp_path: Path, emotion: str) -> None:
    header, first, *rest = faces_csv(make_faces()).splitlines()
    path = tmp_path / "fer2013.csv"
    path.write_text("\n".join([header, first, emotion + rest[0][1:], *rest[1:]]), encoding="utf-8")
    with pytest.raises(ValueError, match="line 3: expected an emotion from 0 to 6"):
        read_faces(path)


def test_crlf_line_ends_do_not_stick_to_the_usage(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(faces_csv(make_faces()).replace("\n", "\r\n").encode())
    assert set(read_faces(path).usage) == {"Training", "PublicTest"}


def test_a_file_without_rows_is_empty_data(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n", encoding="utf-8")
    assert read_faces(path).images.shape == (0, 48, 48)


@pytest.mark.parametrize(
    "text",
    ["a,b\n", "emotion,pixels,Usage\n0,1 2 3,Training\n", f"emotion,pixels,Usage\n0,{'300 ' * 2304},Training\n"],
    ids=["wrong header", "too few pixels", "pixel over 255"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="expected"):
        read_faces(path)


def test_votes_are_read_in_file_order(tmp_path: Path) -> None:
    faces = make_faces()
    _, path = write_both(tmp_path, faces)
    usage, names, votes = read_votes(path)
    assert (usage == faces.usage).all()
    assert names[1] == "fer0000001.png"
    assert (votes == faces.votes).all()


@pytest.mark.parametrize(
    ("face_rows", "vote_rows", "unnamed", "expected"),
    [
        ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], [], [0, 1, 2, 3, 4, 5]),
        ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], [1], [0, 1, 2, 3, 4, 5]),
        ([0, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], [1], [0, 2, 3, 4, 5]),
        ([0, 1, 2, 3, 4, 5], [0, 2, 3, 4], [], [0, 2, 3, 4]),
        ([3, 4], [0, 1, 2, 3, 4, 5], [1], [3, 4]),
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4], [], [0, 1, 2, 3, 4]),
        ([], [0, 1], [], []),
    ],
    ids=[
        "same rows",
        "same rows, one not a face",
        "the faces lack what is not a face",
        "the votes lack rows and a split",
        "one split of faces, all votes",
        "both lack a split",
        "empty",
    ],
)
def test_votes_find_their_faces(
    face_rows: list[int], vote_rows: list[int], unnamed: list[int], expected: list[int]
) -> None:
    names = NAMES.copy()
    names[unnamed] = ""
    faces, votes = match_votes(SPLITS[face_rows], SPLITS[vote_rows], names[vote_rows])
    assert np.array(face_rows)[faces].tolist() == expected
    assert np.array(vote_rows)[votes].tolist() == expected


def test_files_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="do not match"):
        match_votes(np.array(["Training"] * 5), np.array(["Training"] * 4), np.array(["fer0000009.png"] * 4))


def test_load_pairs_pixels_with_votes(tmp_path: Path) -> None:
    faces = make_faces()
    loaded = load(*write_both(tmp_path, faces))
    assert loaded.digest() == faces.digest()


def test_load_drops_faces_without_votes(tmp_path: Path) -> None:
    faces = make_faces()
    data, votes = write_both(tmp_path, faces)
    kept = np.delete(np.arange(len(faces)), 3)
    votes.write_text(votes_csv(faces.take(kept), [f"fer{row:07d}.png" for row in kept]), encoding="utf-8")
    loaded = load(data, votes)
    assert len(loaded) == len(faces) - 1
    assert (loaded.images == faces.images[kept]).all()


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        (_votes(anger=6, neutral=4), 0),
        (_votes(happiness=5, sadness=5), 3),
        (_votes(neutral=4, contempt=6), -1),
        (_votes(neutral=3, unknown=4, sadness=3), -1),
        (_votes(neutral=5, unknown=5), -1),
        (_votes(fear=5, NF=5), -1),
        (_votes(NF=10), -1),
    ],
    ids=["plain", "tie of expressions", "contempt", "unknown", "tie with unknown", "tie with NF", "not a face"],
)
def test_majority(votes: np.ndarray, expected: int) -> None:
    assert majority(votes).tolist() == [expected]


def test_majority_of_no_rows_is_empty() -> None:
    assert majority(np.zeros((0, 10), np.int64)).shape == (0,)


def test_targets_drop_single_votes_and_contempt() -> None:
    targets, weights = vote_targets(_votes(anger=6, neutral=2, sadness=1, contempt=1))
    assert targets[0].tolist() == [0.75, 0, 0, 0, 0, 0, 0.25]
    assert weights[0] == pytest.approx(0.8)


@pytest.mark.parametrize("votes", [_votes(NF=10), _votes(unknown=6, anger=4), _votes(contempt=9, anger=1)])
def test_a_row_without_an_expression_weighs_nothing(votes: np.ndarray) -> None:
    targets, weights = vote_targets(votes)
    assert weights[0] == 0
    assert targets.sum() == pytest.approx(1)


def test_duplicates_and_held_out_pixels_leave_the_training_rows() -> None:
    faces = make_faces()
    images = faces.images.copy()
    images[5], images[7] = images[4], images[30]
    faces = FaceData(images=images, labels=faces.labels, usage=faces.usage, votes=faces.votes)
    training = without_duplicates(faces.take(faces.usage == "Training"), faces.take(faces.usage != "Training"))
    assert len(training) == 22
    assert (training.images == np.delete(images[:24], [5, 7], axis=0)).all()
