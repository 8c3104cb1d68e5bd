"""``fer dataset``: folders as they are handed around, broken-off runs, and what is left out."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fer.cli.main import main
from fer.storage.records_csv import iterate_rows
from fer.usecases.dataset import Labelled, find_labelled, write_dataset
from tests.pictures import astronaut, encode


def picture(seed: int, shape: tuple[int, ...] = (48, 48)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def labels(out: Path) -> list[str]:
    return [row.label for row in iterate_rows([out.read_bytes()])]


def silent(_done: int, _total: int) -> None:
    return


def report(out: Path) -> dict[str, tuple[str, str]]:
    with Path(f"{out}.report.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: (row["split"], row["outcome"]) for row in csv.DictReader(file)}


def test_cut_out_faces_are_taken_as_they_are(tmp_path: Path) -> None:
    faces = {name: picture(seed) for seed, name in enumerate(("anger", "Happiness", "surprise"))}
    root = write(tmp_path / "in", {f"train/{name}/1.png": encode(face, ".png") for name, face in faces.items()})
    out = tmp_path / "out.csv"
    assert main(["dataset", str(root), "-o", str(out), "--as-is"]) == 0
    rows = list(iterate_rows([out.read_bytes()]))
    assert {row.label: row.pixels for row in rows} == {
        "angry": faces["anger"].tobytes(),
        "happy": faces["Happiness"].tobytes(),
        "surprised": faces["surprise"].tobytes(),
    }
    assert set(report(out).values()) == {("train", "kept")}


def test_faces_are_found_and_cut_as_in_serving(tmp_path: Path) -> None:
    from fer import open_recogniser

    photo = encode(astronaut(), ".jpg")
    root = write(tmp_path / "in", {"happy/1.jpg": photo, "sad/blank.png": encode(picture(1) // 255 + 127, ".png")})
    out = tmp_path / "out.csv"
    assert main(["dataset", str(root), "-o", str(out)]) == 1
    (row,) = iterate_rows([out.read_bytes()])
    assert row.pixels == open_recogniser().face_chips(photo)[0].tobytes()
    assert report(out)["sad/blank.png"] == ("", "no face was found")


def test_what_is_left_out_is_reported_with_its_reason(tmp_path: Path) -> None:
    files = {
        "contempt/1.png": encode(picture(1), ".png"),
        "sad/broken.png": b"no picture",
        "sad/wide.png": encode(picture(2, (48, 60)), ".png"),
        "sad/large.png": encode(picture(3, (96, 96)), ".png"),
        "sad/note.txt": b"a text",
    }
    root, out = write(tmp_path / "in", files), tmp_path / "out.csv"
    assert main(["dataset", str(root), "-o", str(out), "--as-is"]) == 1
    assert labels(out) == ["sad"]
    outcomes = {name: outcome for name, (_, outcome) in report(out).items()}
    assert outcomes["contempt/1.png"] == "the folder 'contempt' is none of the labels"
    assert outcomes["sad/wide.png"] == "not square, so not a cut-out face"
    assert outcomes["sad/broken.png"] not in ("", "kept")
    assert "sad/note.txt" not in outcomes


def test_numbers_need_to_be_told_whose_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path / "in", {f"train/{n}/1.png": encode(picture(n), ".png") for n in (1, 7)})
    out = tmp_path / "out.csv"
    assert main(["dataset", str(root), "-o", str(out), "--as-is"]) == 2
    assert "say whose numbers" in capsys.readouterr().err
    assert main(["dataset", str(root), "-o", str(out), "--as-is", "--numbers", "rafdb"]) == 0
    assert labels(out) == ["surprised", "neutral"]
    table = tmp_path / "table.csv"
    table.write_text("name,label\n1,fear\n7,nan\n", encoding="utf-8")
    assert main(["dataset", str(root), "-o", str(out), "--as-is", "--table", str(table), "--force"]) == 0
    assert labels(out) == ["fear", "nan"]


class Stopped(Exception):
    """Ends a run before it is done."""


class Reader:
    """Reads chips that tell the picture's number, and keeps which it looked at."""

    def __init__(self) -> None:
        self.looked: list[str] = []

    def __call__(self, path: Path) -> bytes:
        self.looked.append(path.name)
        return bytes([int(path.stem)]) * 2304


def stop(done: int, _: int) -> None:
    if done == 7:
        raise Stopped


@pytest.fixture
def pictures(tmp_path: Path) -> list[Labelled]:
    root = write(tmp_path / "in", {f"sad/{n:02}.png": encode(picture(n), ".png") for n in range(20)})
    return find_labelled(root, suffixes=(".png",), numbering=None, table={})


def test_a_broken_off_run_goes_on_where_it_stopped(tmp_path: Path, pictures: list[Labelled]) -> None:
    whole, out, reader = tmp_path / "whole.csv", tmp_path / "out.csv", Reader()
    write_dataset(pictures, whole, read_chip=Reader(), way="found", jobs=2, tell=silent)
    with pytest.raises(Stopped):
        write_dataset(pictures, out, read_chip=Reader(), way="found", jobs=2, tell=stop)
    assert not out.exists()
    with Path(f"{out}.found.part").open("ab") as rows, Path(f"{out}.report.csv.found.part").open("a") as entries:
        rows.write(b"sad,1,2")  # what was begun when the run ended
        entries.write("sad/07.png,sa")
    write_dataset(pictures, out, read_chip=reader, way="found", jobs=2, tell=silent)
    assert sorted(reader.looked) == [f"{n:02}.png" for n in range(7, 20)]
    assert out.read_bytes() == whole.read_bytes()
    assert Path(f"{out}.report.csv").read_bytes() == Path(f"{whole}.report.csv").read_bytes()


@pytest.mark.parametrize("other", ["way", "label", "rows are gone"])
def test_a_run_of_another_kind_begins_anew(tmp_path: Path, pictures: list[Labelled], other: str) -> None:
    out, reader = tmp_path / "out.csv", Reader()
    with pytest.raises(Stopped):
        write_dataset(pictures, out, read_chip=Reader(), way="found", jobs=2, tell=stop)
    if other == "label":
        pictures = [dataclasses.replace(each, label="fear") for each in pictures]
    if other == "rows are gone":
        Path(f"{out}.found.part").unlink()
    way = "as-is" if other == "way" else "found"
    write_dataset(pictures, out, read_chip=reader, way=way, jobs=2, tell=silent)
    assert len(reader.looked) == 20
    assert labels(out) == [each.label for each in pictures]
    assert not list(tmp_path.glob("*.part"))


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    root = write(tmp_path / "in", {"sad/1.png": encode(picture(1), ".png")})
    out = tmp_path / "out.csv"
    out.write_text("mine", encoding="utf-8")
    assert main(["dataset", str(root), "-o", str(out), "--as-is"]) == 1
    assert out.read_text(encoding="utf-8") == "mine"
