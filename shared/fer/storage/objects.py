"""The object store as the project needs it: a small protocol, and an implementation in memory.

Every write states its precondition as a value: the generation that the key must have, or ``ABSENT`` (0) for
"no such object". There is no default and no unconditional write.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Protocol

ABSENT: Final = 0
"""The precondition "no object has this key"; generation 0 never occurs."""

MAX_COMPOSE_SOURCES: Final = 32
"""Cloud Storage's limit, which every store enforces: https://cloud.google.com/storage/docs/composite-objects."""

_NO_METADATA: Final[Mapping[str, str]] = MappingProxyType({})


class PreconditionFailed(Exception):
    """The key is not at the generation that the write named; nothing was changed."""

    def __init__(self, key: str, expected: int) -> None:
        super().__init__(f"{key}: expected generation {expected}")
        self.key = key
        self.expected = expected


class ObjectNotFound(Exception):
    """There is no object with this key, or no longer one with this generation."""

    def __init__(self, key: str, generation: int | None = None) -> None:
        super().__init__(key if generation is None else f"{key} at generation {generation}")
        self.key = key
        self.generation = generation


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What a store knows about an object without reading it.

    ``generation`` is positive, changes with every write and is never reused for a key, not even
    after a deletion. ``updated`` and ``custom_time`` are in UTC.
    """

    key: str
    generation: int
    size_bytes: int
    updated: datetime
    metadata: Mapping[str, str] = field(default_factory=lambda: _NO_METADATA)
    content_type: str = "application/octet-stream"
    custom_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source of a compose, pinned to a generation."""

    key: str
    generation: int


class ObjectStore(Protocol):
    """Keys to bytes, with conditional writes. All methods are thread-safe.

    Every method raises ``fer.errors.Unavailable`` if the store cannot be reached or does not answer; a
    write that raised it may have taken effect, or may yet do so. A write that raises
    ``PreconditionFailed`` or ``ObjectNotFound`` changed nothing.
    """

    def stat(self, key: str) -> ObjectInfo | None:
        """Return what is stored under the key now, or None."""
        ...

    def read(self, key: str, *, generation: int | None = None) -> bytes:
        """Return the whole object, at that generation if one is given. Raises ``ObjectNotFound``.

        A generation older than the current one either reads as it was or is not found; it never
        yields other bytes.
        """
        ...

    def stream(self, key: str, *, generation: int, chunk_bytes: int) -> Iterator[bytes]:
        """Return the object's bytes in non-empty chunks of at most ``chunk_bytes``, with constant memory.

        ``ObjectNotFound`` is raised here, before an iterator is returned. After that, later
        writes to the key do not disturb it; if the rest cannot be read, ``Unavailable`` is raised
        between chunks, and the result is never short or mixed.
        """
        ...

    def put(
        self,
        key: str,
        data: bytes,
        *,
        if_generation: int,
        content_type: str,
        metadata: Mapping[str, str],
        custom_time: datetime | None = None,
    ) -> ObjectInfo:
        """Store the bytes, durably and all at once, if the key is at ``if_generation``.

        Raises ``PreconditionFailed`` otherwise. A store that retries lost requests itself may instead
        return what is stored, if it has exactly the same bytes and metadata.
        """
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Return every object whose key starts with the prefix, sorted by key.

        Writes acknowledged before the call are seen; concurrent ones may be.
        """
        ...

    def compose(
        self,
        key: str,
        sources: Sequence[Source],
        *,
        if_generation: int,
        content_type: str,
        metadata: Mapping[str, str],
    ) -> ObjectInfo:
        """Store the concatenation of 1 to 32 sources under the key, if it is at ``if_generation``.

        The bytes do not pass through the caller. The key itself may be a source. Raises
        ``PreconditionFailed``, or ``ObjectNotFound`` if a source is gone; if both apply, either.
        """
        ...

    def delete(self, key: str, *, if_generation: int) -> None:
        """Remove the object if it is at ``if_generation``.

        Raises ``PreconditionFailed``, or ``ObjectNotFound`` if the key has no object.
        """
        ...

    def signed_url(self, key: str, *, generation: int, expires_s: int, filename: str) -> str | None:
        """Return a link that downloads this generation without credentials until it expires.

        Returns None if the store has no such links.
        """
        ...


def check_source_count(sources: Sequence[Source]) -> None:
    """Refuse what Cloud Storage would refuse."""
    if not 1 <= len(sources) <= MAX_COMPOSE_SOURCES:
        raise ValueError(f"compose takes 1 to {MAX_COMPOSE_SOURCES} sources, got {len(sources)}")


def chunked(data: bytes, chunk_bytes: int) -> Iterator[bytes]:
    """Yield the bytes in pieces of at most ``chunk_bytes``."""
    for start in range(0, len(data), chunk_bytes):
        yield data[start : start + chunk_bytes]


class MemoryObjectStore:
    """An ``ObjectStore`` in this process's memory, for tests and experiments.

    As in Cloud Storage without versioning, only the current generation can be read.
    """

    def __init__(self, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._clock_ns = clock_ns
        self._lock = threading.Lock()
        self._objects: dict[str, tuple[ObjectInfo, bytes]] = {}
        self._last_generation = 0

    def stat(self, key: str) -> ObjectInfo | None:
        with self._lock:
            found = self._objects.get(key)
        return found[0] if found else None

    def read(self, key: str, *, generation: int | None = None) -> bytes:
        with self._lock:
            return self._read_locked(key, generation)

    def stream(self, key: str, *, generation: int, chunk_bytes: int) -> Iterator[bytes]:
        return chunked(self.read(key, generation=generation), chunk_bytes)

    def put(
        self,
        key: str,
        data: bytes,
        *,
        if_generation: int,
        content_type: str,
        metadata: Mapping[str, str],
        custom_time: datetime | None = None,
    ) -> ObjectInfo:
        with self._lock:
            info = self._store_locked(key, data, if_generation, content_type, metadata)
            info = replace(info, custom_time=custom_time)
            self._objects[key] = (info, data)
            return info

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        with self._lock:
            found = [info for key, (info, _) in self._objects.items() if key.startswith(prefix)]
        return iter(sorted(found, key=lambda info: info.key))

    def compose(
        self,
        key: str,
        sources: Sequence[Source],
        *,
        if_generation: int,
        content_type: str,
        metadata: Mapping[str, str],
    ) -> ObjectInfo:
        check_source_count(sources)
        with self._lock:
            data = b"".join(self._read_locked(source.key, source.generation) for source in sources)
            return self._store_locked(key, data, if_generation, content_type, metadata)

    def delete(self, key: str, *, if_generation: int) -> None:
        with self._lock:
            if key not in self._objects:
                raise ObjectNotFound(key)
            self._check_locked(key, if_generation)
            del self._objects[key]

    def signed_url(self, key: str, *, generation: int, expires_s: int, filename: str) -> str | None:  # noqa: ARG002
        return None

    def _read_locked(self, key: str, generation: int | None) -> bytes:
        found = self._objects.get(key)
        if found is None or generation not in (None, found[0].generation):
            raise ObjectNotFound(key, generation)
        return found[1]

    def _check_locked(self, key: str, if_generation: int) -> None:
        found = self._objects.get(key)
        if if_generation != (found[0].generation if found else ABSENT):
            raise PreconditionFailed(key, if_generation)

    def _store_locked(
        self, key: str, data: bytes, if_generation: int, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectInfo:
        self._check_locked(key, if_generation)
        now_ns = self._clock_ns()
        # Microseconds as in Cloud Storage, and always ahead of the last one, whatever the clock does.
        self._last_generation = max(self._last_generation + 1, now_ns // 1000)
        info = ObjectInfo(
            key=key,
            generation=self._last_generation,
            size_bytes=len(data),
            updated=datetime.fromtimestamp(now_ns / 1e9, tz=UTC),
            metadata=MappingProxyType(dict(metadata)),
            content_type=content_type,
        )
        self._objects[key] = (info, data)
        return info
