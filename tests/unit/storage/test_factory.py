import subprocess
import sys
from pathlib import Path

import pytest

from fer.errors import InvalidInput
from fer.storage.factory import open_store
from fer.storage.objects import MemoryObjectStore
from fer.storage.stores.local_directory import LocalDirectoryStore


def test_a_file_url_opens_a_directory_and_creates_it(tmp_path: Path) -> None:
    url = (tmp_path / "with space" / "bucket").as_uri()
    assert isinstance(open_store(url), LocalDirectoryStore)
    assert (tmp_path / "with space" / "bucket").is_dir()


def test_memory_is_a_new_store_each_time() -> None:
    first, second = open_store("memory:"), open_store("memory:")
    assert isinstance(first, MemoryObjectStore)
    assert first is not second


@pytest.mark.parametrize(
    "url",
    ["", "bucket", "/data", "file:", "file:///", "file://host/data", "file:data", "gs:", "gs://", "gs://bucket/folder",
     "s3://bucket", "http://bucket", "file:///data?x=1", "gs://bucket#x"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_is_expected(url: str) -> None:
    with pytest.raises(InvalidInput, match="expected file:///"):
        open_store(url)


def test_a_missing_bucket_is_called_by_its_variable() -> None:
    with pytest.raises(InvalidInput, match="FER_BUCKET is not set"):
        open_store("")


def test_the_storage_of_an_export_loads_neither_numpy_nor_opencv_nor_google() -> None:
    code = (
        "import sys; import fer.storage.factory, fer.storage.merge, fer.storage.csv_file, fer.storage.shards;"
        "import fer.storage.stores.local_directory; fer.storage.factory.open_store('memory:');"
        "print(sorted({'numpy', 'cv2', 'google.cloud.storage', 'google.auth', 'flask'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
