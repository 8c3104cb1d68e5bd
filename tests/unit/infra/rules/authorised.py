"""An object store that does what Cloud Storage lets an account do, by the rights that the configuration grants it."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from fer.storage.objects import ABSENT, MemoryObjectStore, ObjectInfo, PreconditionFailed, Source
from tests.unit.infra.rules.access import Right


class Forbidden(Exception):
    """The account lacks a permission."""


class AuthorisedStore:
    """A store as one account sees it.

    By Cloud Storage's rules: replacing an object takes the right to delete it, and whether an object is missing
    is told only to who may list the bucket.
    """

    def __init__(self, store: MemoryObjectStore, account: str, rights: Collection[Right]) -> None:
        self._store = store
        self._rights = [right for right in rights if right.account == account]

    def _needs(self, permission: str, key: str) -> None:
        for right in self._rights:
            whole = right.object.endswith("/") or right.object == ""
            fits = key.startswith(right.object) if whole else key == right.object
            if right.permission == f"storage.objects.{permission}" and fits:
                return
        raise Forbidden(f"{permission} {key}")

    def _needs_to_read(self, key: str) -> None:
        self._needs("get", key)
        if self._store.stat(key) is None:
            self._needs("list", "")

    def _needs_to_write(self, key: str, if_generation: int) -> None:
        self._needs("create", key)
        if if_generation != ABSENT:
            self._needs("delete", key)
        elif self._store.stat(key) is not None:
            raise PreconditionFailed(key, if_generation)

    def stat(self, key: str) -> ObjectInfo | None:
        self._needs_to_read(key)
        return self._store.stat(key)

    def read(self, key: str, *, generation: int | None = None) -> bytes:
        self._needs_to_read(key)
        return self._store.read(key, generation=generation)

    def stream(self, key: str, *, generation: int, chunk_bytes: int) -> Iterator[bytes]:
        self._needs_to_read(key)
        return self._store.stream(key, generation=generation, chunk_bytes=chunk_bytes)

    def put(self, key: str, data: bytes, *, if_generation: int, **options: Any) -> ObjectInfo:
        self._needs_to_write(key, if_generation)
        return self._store.put(key, data, if_generation=if_generation, **options)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        self._needs("list", "")
        return self._store.list(prefix)

    def compose(self, key: str, sources: Sequence[Source], *, if_generation: int, **options: Any) -> ObjectInfo:
        for source in sources:
            self._needs_to_read(source.key)
        self._needs_to_write(key, if_generation)
        return self._store.compose(key, sources, if_generation=if_generation, **options)

    def delete(self, key: str, *, if_generation: int) -> None:
        self._needs("delete", key)
        self._store.delete(key, if_generation=if_generation)

    def signed_url(self, key: str, *, generation: int, **options: Any) -> str | None:
        return self._store.signed_url(key, generation=generation, **options)
