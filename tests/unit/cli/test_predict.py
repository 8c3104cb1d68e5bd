"""``fer predict``: pictures, folders and videos in; lines, copies and an exit status out."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer.cli.main import main
from fer.cli.reports import CSV_COLUMNS
from fer.domain import EXPRESSIONS
from tests.pictures import astronaut, encode, two_faces

SIDE_PX = 512


@pytest.fixture(autouse=True)
def _mtcnn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_DETECTOR", "mtcnn")  # whose files are part of the project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A photo, a photo of two faces in a subfolder, a broken picture and a file that is none."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.jpg").write_bytes(encode(astronaut(), ".jpg"))
    (folder / "sub" / "two.png").write_bytes(encode(two_faces(), ".png"))
    (folder / "labels.csv").write_text("not a picture\n")
    return folder


def video(path: Path, frames: int) -> Path:
    """Return a video of the astronaut, 10 frames a second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (SIDE_PX, SIDE_PX))
    for _ in range(frames):
        writer.write(np.ascontiguousarray(astronaut()[..., ::-1]))
    writer.release()
    return path


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_folder_is_read_in_order_with_its_subfolders(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(folder)]) == 0
    answers = json_lines(capsys.readouterr().out)
    assert [Path(answer["path"]).name for answer in answers] == ["one.jpg", "two.png"]
    assert [len(answer["faces"]) for answer in answers] == [1, 2]
    face = answers[0]["faces"][0]
    assert face["expression"] == "happy"
    assert sum(face["scores"].values()) == pytest.approx(1, abs=1e-4)
    assert answers[0]["image_size"] == [SIDE_PX, SIDE_PX]


def test_csv_has_a_row_for_each_face(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "--csv", str(folder), "--jobs", "3"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [(Path(row["path"]).name, row["face"]) for row in rows] == [
        ("one.jpg", "0"), ("two.png", "0"), ("two.png", "1"),
    ]  # fmt: skip
    assert max(EXPRESSIONS, key=lambda name: float(rows[0][name])) == rows[0]["expression"]


def test_a_table_shows_pictures_without_a_face(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.png").write_bytes(encode(np.full((64, 64, 3), 90, np.uint8), ".png"))
    (tmp_path / "one.jpg").write_bytes(encode(astronaut(), ".jpg"))
    assert main(["predict", "--table", str(tmp_path)]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["picture", "expression", "confidence"]
    assert first.endswith("no face")
    assert "happy" in second
    assert "%" in second


@pytest.mark.parametrize(("frames", "every", "numbers"), [(5, 1, [0, 1, 2, 3, 4]), (7, 3, [0, 3, 6]), (2, 9, [0])])
def test_every_nth_frame_of_a_video(
    frames: int, every: int, numbers: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = video(tmp_path / "talk.mp4", frames)
    assert main(["predict", str(path), "--every", str(every)]) == 0
    answers = json_lines(capsys.readouterr().out)
    assert [answer["frame"] for answer in answers] == numbers
    assert [answer["time_s"] for answer in answers] == [number / 10 for number in numbers]
    assert all(answer["faces"][0]["expression"] == "happy" for answer in answers)


def test_what_cannot_be_read_is_skipped_listed_and_told_by_the_status(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    (folder / "broken.mp4").write_bytes(b"no video")
    assert main(["predict", str(folder)]) == 1
    captured = capsys.readouterr()
    assert len(json_lines(captured.out)) == 2
    assert f"skipped {folder / 'broken.jpg'}: " in captured.err
    assert f"skipped {folder / 'broken.mp4'}: " in captured.err
    assert captured.err.splitlines()[-1] == "2 of 4 files skipped"


def test_copies_are_drawn_where_they_do_not_meet(folder: Path, tmp_path: Path) -> None:
    (folder / "sub" / "one.jpg").write_bytes((folder / "one.jpg").read_bytes())
    (folder / "odd.bmp").write_bytes(encode(astronaut(), ".bmp"))
    drawn = tmp_path / "drawn"
    talk = video(tmp_path / "talk.mp4", 2)
    paths = [str(path) for path in (folder, folder / "sub", talk)]
    assert main(["predict", *paths, "--annotate", str(drawn)]) == 0
    names = sorted(str(path.relative_to(drawn)) for path in drawn.rglob("*") if path.is_file())
    assert names == [
        "odd.bmp.png", "one.jpg", "sub/one.jpg", "sub/two.png", "talk.mp4/000000.jpg", "talk.mp4/000001.jpg",
    ]  # fmt: skip
    original, copy = cv2.imread(str(folder / "one.jpg")), cv2.imread(str(drawn / "one.jpg"))
    assert original is not None
    assert copy is not None
    assert copy.shape == original.shape
    assert (copy != original).any()


def test_a_copy_never_overwrites_its_picture(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "one.jpg").read_bytes()
    assert main(["predict", str(folder), "--annotate", str(folder)]) == 2
    assert "would overwrite" in capsys.readouterr().err
    assert (folder / "one.jpg").read_bytes() == before


@pytest.mark.parametrize("name", ["missing.jpg", "nothing"])
def test_nothing_to_look_at_is_an_error(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "nothing").mkdir()
    assert main(["predict", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.startswith("fer: There is n")
