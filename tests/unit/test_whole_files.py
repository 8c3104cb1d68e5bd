"""Files that are there whole or not at all."""

from pathlib import Path

import pytest

from fer.whole_files import replacing


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_file_appears_when_the_block_ends_with_its_rights(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "new" / "folder" / "file.bin"
    with replacing(path, mode=mode) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == mode
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_earlier_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"earlier")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half")
            file.flush()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_library_may_write_to_the_name_which_keeps_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with replacing(path) as file:
        assert file.name.endswith(".keras")
        Path(file.name).write_bytes(b"written by name")
    assert path.read_bytes() == b"written by name"


def test_a_path_that_is_a_folder_is_refused_without_remains(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()

    def write() -> None:
        with replacing(tmp_path / "taken") as file:
            file.write(b"x")

    with pytest.raises(OSError, match="taken"):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
