"""Opens the store that ``FER_BUCKET`` names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from fer.errors import InvalidInput
from fer.storage.objects import MemoryObjectStore, ObjectStore

_EXPECTED = "expected file:///absolute/directory, gs://bucket or memory:"


def open_store(bucket_url: str, *, patience_s: float = 20.0) -> ObjectStore:
    """Return the store that a URL names: ``file:///absolute/directory``, ``gs://bucket`` or ``memory:``.

    The directory is created if need be. ``memory:`` is a new, empty store each time. The Cloud Storage
    client is imported only for ``gs:``; it honours ``STORAGE_EMULATOR_HOST``. A failing operation
    there is retried for ``patience_s``. Raises ``InvalidInput``.
    """
    if not bucket_url:
        raise InvalidInput(f"FER_BUCKET is not set, and has no default here; {_EXPECTED}.")
    parts = urlsplit(bucket_url)
    if bucket_url in ("memory:", "memory://"):
        return MemoryObjectStore()
    if parts.query or parts.fragment:
        raise InvalidInput(f"The bucket URL has a query or a fragment: {bucket_url!r}; {_EXPECTED}.")
    if parts.scheme == "file":
        return _open_directory(bucket_url, parts.netloc, unquote(parts.path))
    if parts.scheme == "gs" and parts.netloc and parts.path in ("", "/"):
        from fer.storage.stores.gcs import GcsObjectStore

        return GcsObjectStore.connect(parts.netloc, patience_s=patience_s)
    raise InvalidInput(f"Unknown bucket URL {bucket_url!r}; {_EXPECTED}.")


def _open_directory(bucket_url: str, host: str, path: str) -> ObjectStore:
    from fer.storage.stores.local_directory import LocalDirectoryStore

    if host not in ("", "localhost") or not path.startswith("/") or path == "/":
        raise InvalidInput(f"Not an absolute directory: {bucket_url!r}; {_EXPECTED}.")
    return LocalDirectoryStore(Path(path))
