import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fer.errors import CorruptData, InvalidInput, Unavailable
from fer.storage.local_directory import LocalDirectoryStore
from fer.storage.local_files import HISTORY_LIMIT
from fer.storage.objects import ABSENT, ObjectInfo, ObjectNotFound, Source


def put(store: LocalDirectoryStore, key: str, data: bytes, if_generation: int = ABSENT) -> ObjectInfo:
    return store.put(key, data, if_generation=if_generation, content_type="text/csv", metadata={})


def append(store: LocalDirectoryStore, whole: ObjectInfo, data: bytes) -> ObjectInfo:
    part = put(store, f"part-{whole.generation}", data)
    return store.compose(
        whole.key,
        [Source(key=info.key, generation=info.generation) for info in (whole, part)],
        if_generation=whole.generation,
        content_type="text/csv",
        metadata={},
    )


def data_file(root: Path) -> Path:
    (path,) = root.rglob("*.data")
    return path


def test_objects_outlive_the_process(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC)
    info = LocalDirectoryStore(tmp_path).put(
        "a", b"x\ny", if_generation=ABSENT, content_type="text/csv", metadata={"k": "v"}, custom_time=moment
    )
    again = LocalDirectoryStore(tmp_path)
    assert again.stat("a") == info
    assert again.read("a") == b"x\ny"


def test_an_append_keeps_the_file_and_every_older_generation_readable(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    states = [put(store, "whole", b"head;")]
    for text in (b"one;", b"two;", b"three;"):
        states.append(append(store, states[-1], text))
        inode = data_file(tmp_path).stat().st_ino
    assert data_file(tmp_path).stat().st_ino == inode
    assert [store.read("whole", generation=info.generation) for info in states] == [
        b"head;", b"head;one;", b"head;one;two;", b"head;one;two;three;"
    ]  # fmt: skip


def test_what_a_crashed_append_left_behind_the_length_is_not_read_and_then_overwritten(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    whole = append(store, put(store, "whole", b"head;"), b"one;")
    with data_file(tmp_path).open("ab") as file:
        file.write(b"half a ro")
    assert store.read("whole") == b"head;one;"
    assert b"".join(store.stream("whole", generation=whole.generation, chunk_bytes=4)) == b"head;one;"
    append(store, whole, b"2;")
    assert store.read("whole") == data_file(tmp_path).read_bytes() == b"head;one;2;"


def test_an_append_costs_the_new_bytes_only(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    whole = append(store, put(store, "whole", b"x" * 50_000_000), b"one;")
    before = os.times().system + os.times().user
    for _ in range(20):
        whole = append(store, whole, b"more;")
    assert os.times().system + os.times().user - before < 1.0  # copying would move 1 GB
    assert whole.size_bytes == 50_000_000 + 4 + 20 * 5


def test_only_so_many_older_generations_are_remembered(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    states = [put(store, "whole", b"")]
    for _ in range(HISTORY_LIMIT + 2):
        states.append(append(store, states[-1], b"x"))
    with pytest.raises(ObjectNotFound):
        store.read("whole", generation=states[0].generation)
    assert store.read("whole", generation=states[5].generation) == b"xxxxx"


def test_replacing_or_deleting_an_appended_object_removes_its_data(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    whole = append(store, put(store, "whole", b"head;"), b"one;")
    whole = put(store, "whole", b"new", whole.generation)
    assert list(tmp_path.rglob("*.data")) == []
    whole = append(store, whole, b"one;")
    store.delete("whole", if_generation=whole.generation)
    assert list(tmp_path.rglob("*.data")) == []


def test_a_lost_data_file_is_reported_and_not_taken_for_empty(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    whole = append(store, put(store, "whole", b"head;"), b"one;")
    data_file(tmp_path).write_bytes(b"hea")
    with pytest.raises(CorruptData):
        store.read("whole")
    with pytest.raises(CorruptData):
        list(store.stream("whole", generation=whole.generation, chunk_bytes=10))
    with pytest.raises(CorruptData):
        append(store, whole, b"x")
    data_file(tmp_path).unlink()
    with pytest.raises(CorruptData):
        store.read("whole")


def test_generations_go_up_even_if_the_clock_goes_back(tmp_path: Path) -> None:
    late = LocalDirectoryStore(tmp_path, clock_ns=lambda: 2_000_000_000_000)
    early = LocalDirectoryStore(tmp_path, clock_ns=lambda: 1_000_000_000_000)
    first = put(late, "a", b"")
    late.delete("a", if_generation=first.generation)
    assert put(early, "a", b"").generation > first.generation


@pytest.mark.parametrize("key", ["..", "../x", "../../x", "/x", "a/../../x", ".hidden", "a/.", "a//b", "@top/x", "x"])
def test_no_key_reaches_outside_the_directory(tmp_path: Path, key: str) -> None:
    root = tmp_path / "root"
    store = LocalDirectoryStore(root)
    put(store, key, b"data")
    assert store.read(key) == b"data"
    assert [info.key for info in store.list("")] == [key]
    assert [path.name for path in tmp_path.iterdir()] == ["root"]
    assert sorted(path.name for path in root.iterdir()) == ["locks", "objects", "tmp"]


@pytest.mark.parametrize("key", ["", "a/", "x" * 201], ids=["empty", "folder", "long"])
def test_a_key_that_is_no_file_name_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidInput):
        put(LocalDirectoryStore(tmp_path), key, b"")


def test_temporary_files_of_dead_processes_are_removed_in_time(tmp_path: Path) -> None:
    LocalDirectoryStore(tmp_path)
    old, fresh = tmp_path / "tmp" / "old", tmp_path / "tmp" / "fresh"
    for path, age_s in ((old, 7200), (fresh, 0)):
        path.touch()
        moment = time.time() - age_s
        os.utime(path, (moment, moment))
    LocalDirectoryStore(tmp_path)
    assert not old.exists()
    assert fresh.exists()


def test_a_directory_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable):
        LocalDirectoryStore(tmp_path / "file" / "store")
    store = LocalDirectoryStore(tmp_path / "store")
    (tmp_path / "store" / "tmp").rmdir()
    with pytest.raises(Unavailable):
        put(store, "a", b"x")
    assert store.stat("a") is None
