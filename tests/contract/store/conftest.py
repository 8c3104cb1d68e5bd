"""The stores that the contract suite runs on."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from fer.storage.objects import MemoryObjectStore, ObjectStore
from fer.storage.stores.local_directory import LocalDirectoryStore
from tests.gcs_server import running_gcs_server


@pytest.fixture(scope="session")
def gcs_url() -> Iterator[str]:
    """What ``STORAGE_EMULATOR_HOST`` names, or else a server of our own that pages after two objects."""
    if "STORAGE_EMULATOR_HOST" in os.environ:
        yield os.environ["STORAGE_EMULATOR_HOST"]
        return
    with running_gcs_server(page_size=2) as server:
        yield server.url


@pytest.fixture(params=["memory", "directory", "gcs"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[ObjectStore]:
    if request.param == "memory":
        yield MemoryObjectStore()
    elif request.param == "directory":
        yield LocalDirectoryStore(tmp_path)
    else:
        yield from _gcs_store(request.getfixturevalue("gcs_url"))


def _gcs_store(url: str) -> Generator[ObjectStore]:
    from google.cloud import storage

    from fer.storage.stores.gcs import GcsObjectStore

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("STORAGE_EMULATOR_HOST", url)
        environment.setenv("NO_PROXY", "127.0.0.1,localhost")
        client = storage.Client(project="test")
        name = f"bucket-{uuid4()}"
        client.create_bucket(name)  # pyright: ignore[reportUnknownMemberType]
        yield GcsObjectStore(client, name, retry_deadline_s=2.0)
        client.close()
