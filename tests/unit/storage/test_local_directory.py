import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fer.errors import CorruptData, InvalidInput, Unavailable
from fer.storage.objects import ABSENT, ObjectInfo, ObjectNotFound, Source
from fer.storage.stores.local_directory import LocalDirectoryStore
from fer.storage.stores.local_files import HISTORY_LIMIT


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


def test_files_of_dead_writers_are_removed_and_those_of_living_ones_kept(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    dead, alive = tmp_path / "tmp" / "dead", tmp_path / "tmp" / "alive"
    dead.write_bytes(b"a face")
    with alive.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        LocalDirectoryStore(tmp_path)
        assert (dead.exists(), alive.exists()) == (False, True)
    info = store.put("a", b"x", if_generation=ABSENT, content_type="text/csv", metadata={})
    store.delete("a", if_generation=info.generation)
    assert not alive.exists()


def composed(store: LocalDirectoryStore, key: str, *sources: ObjectInfo, if_generation: int) -> ObjectInfo:
    pinned = [Source(key=info.key, generation=info.generation) for info in sources]
    return store.compose(key, pinned, if_generation=if_generation, content_type="text/csv", metadata={})


def test_an_appended_file_that_is_written_anew_leaves_nothing_of_the_old(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    whole = store.put("whole", b"head;", if_generation=ABSENT, content_type="text/csv", metadata={})
    face = store.put("parts/1", b"a face;", if_generation=ABSENT, content_type="text/csv", metadata={})
    other = store.put("parts/2", b"head;other;", if_generation=ABSENT, content_type="text/csv", metadata={})
    appended = composed(store, "whole", whole, face, if_generation=whole.generation)
    anew = composed(store, "whole", other, if_generation=appended.generation)
    store.delete("parts/1", if_generation=face.generation)
    assert store.read("whole", generation=anew.generation) == b"head;other;"
    with pytest.raises(ObjectNotFound):
        store.read("whole", generation=appended.generation)
    assert not any(b"a face" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    again = composed(store, "whole", anew, other, if_generation=anew.generation)
    assert store.read("whole", generation=again.generation) == b"head;other;head;other;"


def test_bytes_that_no_record_names_are_removed_when_the_directory_is_opened(tmp_path: Path) -> None:
    """A process was killed after it had written a file anew and before it removed the old one."""
    store = LocalDirectoryStore(tmp_path)
    whole = store.put("whole", b"head;", if_generation=ABSENT, content_type="text/csv", metadata={})
    whole = composed(store, "whole", whole, whole, if_generation=whole.generation)
    left = data_file(tmp_path).with_name("whole.1.data")
    left.write_bytes(b"a face")
    again = LocalDirectoryStore(tmp_path)
    assert not left.exists()
    assert again.read("whole", generation=whole.generation) == b"head;head;"


def test_a_directory_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable):
        LocalDirectoryStore(tmp_path / "file" / "store")
    store = LocalDirectoryStore(tmp_path / "store")
    (tmp_path / "store" / "tmp").rmdir()
    with pytest.raises(Unavailable):
        put(store, "a", b"x")
    assert store.stat("a") is None


def test_stray_files_are_none_of_its_objects(tmp_path: Path) -> None:
    store = LocalDirectoryStore(tmp_path)
    put(store, "shards/a.csv", b"row")
    folders = [tmp_path, tmp_path / "objects", tmp_path / "objects" / "shards", tmp_path / "tmp", tmp_path / "locks"]
    for folder in [*folders, next((tmp_path / "objects" / "shards").iterdir())]:
        (folder / ".DS_Store").write_bytes(b"Bud1")
    assert [info.key for info in LocalDirectoryStore(tmp_path).list("shards/")] == ["shards/a.csv"]
    assert [info.key for info in store.list("")] == ["shards/a.csv"]
