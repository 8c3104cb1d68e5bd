"""What only the Cloud Storage client does: lost replies, faults, and the merge over HTTP."""

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest
from google.auth import credentials as auth_credentials
from google.cloud import storage

from fer.errors import Unavailable
from fer.storage.csv_file import open_csv
from fer.storage.factory import open_store
from fer.storage.keys import CSV_KEY
from fer.storage.merge import merge_pending
from fer.storage.objects import ABSENT, ObjectNotFound, PreconditionFailed, Source
from fer.storage.records_csv import iterate_rows
from fer.storage.shards import save_shard
from fer.storage.stores.gcs import GcsObjectStore
from tests.gcs_server import Fault, GcsServer, running_gcs_server
from tests.unit.storage.schedule import feedback_number

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE: list[Fault] = ["before"]
AFTER: list[Fault] = ["after"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[GcsServer]:
    with running_gcs_server() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield server


@pytest.fixture
def store(server: GcsServer) -> Generator[GcsObjectStore]:
    client = storage.Client(project="test")
    yield GcsObjectStore(client, "bucket", retry_deadline_s=1.5)
    client.close()


def test_a_put_whose_reply_was_lost_is_a_success(server: GcsServer, store: GcsObjectStore) -> None:
    server.faults.append("after")
    info = store.put("a", b"x", if_generation=ABSENT, content_type="text/csv", metadata={"k": "v"})
    assert store.read("a", generation=info.generation) == b"x"


def test_a_put_that_meets_what_another_wrote_fails(server: GcsServer, store: GcsObjectStore) -> None:
    store.put("a", b"x", if_generation=ABSENT, content_type="text/csv", metadata={"k": "v"})
    for data, metadata in ((b"y", {"k": "v"}), (b"x", {"k": "w"})):
        with pytest.raises(PreconditionFailed):
            store.put("a", data, if_generation=ABSENT, content_type="text/csv", metadata=metadata)


def test_a_put_that_is_forbidden_because_the_name_is_taken_fails_as_any_other(
    server: GcsServer, store: GcsObjectStore
) -> None:
    store.put("a", b"x", if_generation=ABSENT, content_type="text/csv", metadata={"k": "v"})
    server.faults.append("forbidden")
    store.put("a", b"x", if_generation=ABSENT, content_type="text/csv", metadata={"k": "v"})
    server.faults.append("forbidden")
    with pytest.raises(PreconditionFailed):
        store.put("a", b"y", if_generation=ABSENT, content_type="text/csv", metadata={"k": "v"})
    server.faults.append("forbidden")
    with pytest.raises(Unavailable):
        store.put("b", b"y", if_generation=ABSENT, content_type="text/csv", metadata={})


def test_a_commit_whose_reply_was_lost_is_a_success(server: GcsServer, store: GcsObjectStore) -> None:
    info = store.put("a", b"x", if_generation=ABSENT, content_type="text/csv", metadata={})
    server.faults.append("after")
    whole = store.compose(
        "a",
        [Source(key="a", generation=info.generation)] * 2,
        if_generation=info.generation,
        content_type="text/csv",
        metadata={"batch": "1"},
    )
    assert store.read("a", generation=whole.generation) == b"xx"


def test_a_write_that_failed_once_is_repeated(server: GcsServer, store: GcsObjectStore) -> None:
    server.faults.append("before")
    store.put("a", b"x", if_generation=ABSENT, content_type="text/csv", metadata={})
    assert store.read("a") == b"x"


def test_a_store_that_keeps_failing_is_unavailable_within_the_deadline(
    server: GcsServer, store: GcsObjectStore
) -> None:
    server.faults.extend(100 * BEFORE)
    with pytest.raises(Unavailable):
        store.put("a", b"x", if_generation=ABSENT, content_type="text/csv", metadata={})


def test_a_store_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_gcs_server() as gone:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", gone.url)
        client = storage.Client(project="test")
    store = GcsObjectStore(client, "bucket", retry_deadline_s=0.5)
    for operation in (
        lambda: store.stat("a"),
        lambda: store.read("a"),
        lambda: store.stream("a", generation=1, chunk_bytes=10),
        lambda: list(store.list("")),
        lambda: store.delete("a", if_generation=1),
        lambda: store.put("a", b"", if_generation=ABSENT, content_type="text/csv", metadata={}),
    ):
        with pytest.raises(Unavailable):
            operation()
    client.close()


def test_a_large_upload_arrives_whole(store: GcsObjectStore) -> None:
    data = bytes(range(256)) * 40_000  # over 8 MiB the client uploads in another way
    info = store.put("a", data, if_generation=ABSENT, content_type="text/csv", metadata={"k": "v"})
    assert b"".join(store.stream("a", generation=info.generation, chunk_bytes=1 << 20)) == data
    assert store.stat("a") == info


def test_a_merge_works_through_the_client_even_if_every_other_reply_is_lost(
    server: GcsServer, store: GcsObjectStore
) -> None:
    for number in range(40):
        save_shard(store, feedback_number(number), idempotency_key=str(number), now=NOW)
    server.faults.extend(3 * AFTER)
    report = merge_pending(store, now=NOW, workers=1)
    assert (report.rows, report.merged_shards, report.complete) == (40, 40, True)
    download = open_csv(store)
    assert len(list(iterate_rows(download.chunks))) == 40
    info = store.stat(CSV_KEY)
    assert info is not None
    assert info.content_type == "text/csv"


def test_merging_moves_no_feedback_through_the_client(server: GcsServer, store: GcsObjectStore) -> None:
    for number in range(3):
        save_shard(store, feedback_number(number), idempotency_key=str(number), now=NOW)
    server.requests.clear()
    merge_pending(store, now=NOW)
    assert not [line for line in server.requests if line.startswith("GET /download")]


def test_a_bucket_url_opens_the_client(server: GcsServer) -> None:
    store = open_store("gs://bucket")
    assert store.stat("a") is None
    with pytest.raises(ObjectNotFound):
        store.read("a")


class KeylessCredentials(auth_credentials.Signing, auth_credentials.Credentials):
    """Signs without a private key in the process, as IAM does for a function's account."""

    @property
    def signer_email(self) -> str:
        return "function@project.example"

    @property
    def signer(self) -> None:
        return None

    def sign_bytes(self, message: bytes) -> bytes:
        return b"signature"

    def refresh(self, request: Any) -> None:
        self.token = "token"


def test_a_signed_url_names_the_generation_and_the_file_and_expires() -> None:
    client = storage.Client(project="test", credentials=KeylessCredentials())  # pyright: ignore[reportUnknownArgumentType]
    store = GcsObjectStore(client, "bucket")
    url = store.signed_url("a.csv", generation=7, expires_s=300, filename="expression_pixel_data.csv")
    assert url is not None
    assert url.startswith("https://storage.googleapis.com/bucket/a.csv?")
    for part in (
        "generation=7",
        "X-Goog-Expires=300",
        "GOOG4-RSA-SHA256",
        "expression_pixel_data.csv",
    ):
        assert part in url
    client.close()
