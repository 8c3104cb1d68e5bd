"""What every object store must do: memory, local directory, and Cloud Storage through its real client."""

import threading
from datetime import UTC, datetime

import pytest

from fer.storage.objects import (
    ABSENT,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
    PreconditionFailed,
    Source,
)

NO_SUCH_GENERATION = 12345


def put(store: ObjectStore, key: str, data: bytes, *, if_generation: int = ABSENT) -> ObjectInfo:
    return store.put(key, data, if_generation=if_generation, content_type="text/csv", metadata={"about": key})


def source(info: ObjectInfo) -> Source:
    return Source(key=info.key, generation=info.generation)


def compose(store: ObjectStore, key: str, *sources: Source, if_generation: int = ABSENT) -> ObjectInfo:
    return store.compose(
        key, sources, if_generation=if_generation, content_type="text/csv", metadata={"composed": "yes"}
    )


def test_an_empty_store_has_nothing(store: ObjectStore) -> None:
    assert store.stat("a") is None
    assert list(store.list("")) == []
    with pytest.raises(ObjectNotFound):
        store.read("a")


@pytest.mark.parametrize("data", [b"", b"x", b"\r\n--\x00\xff" * 1000], ids=["empty", "one", "binary"])
def test_a_put_is_read_back_as_it_was(store: ObjectStore, data: bytes) -> None:
    info = put(store, "shards/a b%?#.csv", data)

    assert store.read("shards/a b%?#.csv") == data
    assert store.read("shards/a b%?#.csv", generation=info.generation) == data
    assert b"".join(store.stream(info.key, generation=info.generation, chunk_bytes=7)) == data


def test_stat_and_list_tell_what_was_put(store: ObjectStore) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    put_info = store.put(
        "a", b"abc", if_generation=ABSENT, content_type="text/csv", metadata={"k": "ä"}, custom_time=moment
    )

    for info in (put_info, store.stat("a"), next(store.list("a"))):
        assert info is not None
        assert (info.key, info.size_bytes, info.content_type) == ("a", 3, "text/csv")
        assert dict(info.metadata) == {"k": "ä"}
        assert info.custom_time == moment
        assert info.generation == put_info.generation > 0
        assert info.updated.tzinfo is not None


def test_creating_an_object_that_exists_fails_and_changes_nothing(store: ObjectStore) -> None:
    put(store, "a", b"first")
    with pytest.raises(PreconditionFailed):
        put(store, "a", b"second")
    assert store.read("a") == b"first"


def test_replacing_needs_the_present_generation(store: ObjectStore) -> None:
    first = put(store, "a", b"first")
    second = put(store, "a", b"second", if_generation=first.generation)
    assert second.generation != first.generation
    with pytest.raises(PreconditionFailed):
        put(store, "a", b"third", if_generation=first.generation)
    assert store.read("a") == b"second"


def test_replacing_what_is_absent_fails(store: ObjectStore) -> None:
    with pytest.raises((PreconditionFailed, ObjectNotFound)):
        put(store, "a", b"x", if_generation=NO_SUCH_GENERATION)
    assert store.stat("a") is None


def test_an_older_generation_reads_as_it_was_or_not_at_all(store: ObjectStore) -> None:
    first = put(store, "a", b"first")
    put(store, "a", b"second", if_generation=first.generation)
    with pytest.raises(ObjectNotFound):
        store.read("a", generation=first.generation)
    with pytest.raises(ObjectNotFound):
        store.stream("a", generation=first.generation, chunk_bytes=10)


def test_deleting_needs_the_present_generation(store: ObjectStore) -> None:
    info = put(store, "a", b"x")
    with pytest.raises(PreconditionFailed):
        store.delete("a", if_generation=NO_SUCH_GENERATION)
    store.delete("a", if_generation=info.generation)
    assert store.stat("a") is None
    with pytest.raises(ObjectNotFound):
        store.delete("a", if_generation=info.generation)


def test_a_generation_is_not_used_again_after_a_deletion(store: ObjectStore) -> None:
    generations: list[int] = []
    for _ in range(5):
        info = put(store, "intents/1", b"x")
        generations.append(info.generation)
        store.delete("intents/1", if_generation=info.generation)
    assert len(set(generations)) == 5


def test_listing_is_sorted_and_keeps_to_the_prefix(store: ObjectStore) -> None:
    keys = ["b/2", "b/10", "a", "b/1/x", "c", "b"]
    for key in keys:
        put(store, key, b"x")
    assert [info.key for info in store.list("b/")] == ["b/1/x", "b/10", "b/2"]
    assert [info.key for info in store.list("b/1")] == ["b/1/x", "b/10"]
    assert [info.key for info in store.list("")] == sorted(keys)
    assert list(store.list("nothing/")) == []


def test_compose_joins_the_sources_in_order(store: ObjectStore) -> None:
    infos = [put(store, f"parts/{index:02}", f"{index};".encode()) for index in range(32)]
    whole = compose(store, "whole", *map(source, infos))

    expected = "".join(f"{index};" for index in range(32)).encode()
    assert store.read("whole") == expected
    assert whole.size_bytes == len(expected)
    stored = store.stat("whole")
    assert stored is not None
    assert (stored.content_type, dict(stored.metadata)) == ("text/csv", {"composed": "yes"})


@pytest.mark.parametrize("count", [0, 33])
def test_compose_takes_1_to_32_sources(store: ObjectStore, count: int) -> None:
    info = put(store, "a", b"x")
    with pytest.raises(ValueError, match="1 to 32"):
        compose(store, "whole", *[source(info)] * count)


def test_compose_onto_itself_appends_again_and_again(store: ObjectStore) -> None:
    whole = put(store, "whole", b"head;")
    for index in range(4):
        part = put(store, f"part{index}", f"{index};".encode())
        whole = compose(store, "whole", source(whole), source(part), if_generation=whole.generation)
    assert store.read("whole", generation=whole.generation) == b"head;0;1;2;3;"
    assert whole.size_bytes == len(b"head;0;1;2;3;")


def test_compose_onto_itself_alone_makes_a_new_generation(store: ObjectStore) -> None:
    whole = put(store, "whole", b"head;")
    again = compose(store, "whole", source(whole), if_generation=whole.generation)
    assert again.generation != whole.generation
    assert store.read("whole") == b"head;"


def test_compose_with_a_failed_precondition_changes_nothing(store: ObjectStore) -> None:
    part = put(store, "part", b"part")
    whole = put(store, "whole", b"head")
    with pytest.raises(PreconditionFailed):
        compose(store, "whole", source(part))
    with pytest.raises(PreconditionFailed):
        compose(store, "whole", source(whole), source(part), if_generation=NO_SUCH_GENERATION)
    assert store.read("whole") == b"head"


def test_compose_refuses_a_source_that_is_gone_or_changed(store: ObjectStore) -> None:
    part = put(store, "part", b"part")
    put(store, "part", b"changed", if_generation=part.generation)
    with pytest.raises(ObjectNotFound):
        compose(store, "whole", source(part))
    with pytest.raises(ObjectNotFound):
        compose(store, "whole", Source(key="never", generation=NO_SUCH_GENERATION))
    assert store.stat("whole") is None


def test_a_stream_once_opened_is_not_disturbed_by_an_append(store: ObjectStore) -> None:
    data = bytes(range(256)) * 2000
    whole = put(store, "whole", data)
    part = put(store, "part", b"new")
    stream = store.stream("whole", generation=whole.generation, chunk_bytes=1000)
    first = next(stream)
    whole = compose(store, "whole", source(whole), source(part), if_generation=whole.generation)
    chunks = [first, *stream]
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) <= 1000
    assert store.read("whole") == data + b"new"


def test_a_stream_once_opened_is_not_disturbed_by_a_replacement(store: ObjectStore) -> None:
    data = bytes(range(256)) * 2000
    info = put(store, "a", data)
    stream = store.stream("a", generation=info.generation, chunk_bytes=1000)
    first = next(stream)
    put(store, "a", b"other", if_generation=info.generation)
    assert b"".join([first, *stream]) == data


def test_of_many_creators_at_once_one_wins(store: ObjectStore) -> None:
    outcomes: list[int | None] = []

    def create(index: int) -> None:
        try:
            put(store, "a", f"writer {index}".encode())
            outcomes.append(index)
        except PreconditionFailed:
            outcomes.append(None)

    threads = [threading.Thread(target=create, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [index for index in outcomes if index is not None]
    assert len(outcomes) == 8
    assert store.read("a") == f"writer {winner}".encode()


def test_a_signed_url_is_none_where_there_is_none(store: ObjectStore) -> None:
    info = put(store, "a", b"x")
    assert store.signed_url("a", generation=info.generation, expires_s=60, filename="a.csv") is None
