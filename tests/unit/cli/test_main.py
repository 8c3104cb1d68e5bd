"""What every command has in common."""

from pathlib import Path

import pytest

from fer.cli.main import main
from tests.pictures import astronaut, encode


def test_what_cannot_be_read_or_written_is_named_without_a_stack_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FER_DETECTOR", "mtcnn")
    picture, bucket = tmp_path / "one.jpg", (tmp_path / "bucket").as_uri()
    picture.write_bytes(encode(astronaut(), ".jpg"))
    not_folders = [
        ["predict", str(picture), "--annotate", str(picture)],
        ["models", "--bucket", bucket, "publish", str(picture)],
        ["dataset", str(picture), "--out", str(tmp_path / "out.csv")],
    ]
    for arguments in not_folders:
        assert main(arguments) == 2
        said = capsys.readouterr().err.splitlines()[-1]
        assert said.startswith("fer: ")
        assert str(picture) in said
