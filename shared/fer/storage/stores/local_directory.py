"""The embedded store: a local directory with Cloud Storage's semantics, for many processes at once.

Layout: ``objects/<first part of the key>/<two hex digits>/<rest of the key>``, where the digits are a hash
that keeps every folder small. A file there is a record (see ``local_files``). ``locks/`` has one lock file
per hash, which also stores the last generation issued; ``tmp/`` holds incomplete files.
"""

import contextlib
import fcntl
import itertools
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final

from fer.errors import CorruptData, InvalidInput
from fer.storage.objects import (
    ABSENT,
    ObjectInfo,
    ObjectNotFound,
    PreconditionFailed,
    Source,
    check_source_count,
)
from fer.storage.stores import local_files
from fer.storage.stores.local_files import (
    DATA_SUFFIX,
    RECORD_SUFFIX,
    Record,
    disk_faults,
    file_chunks,
    hash_digits,
    quoted_name,
    read_record,
)
from fer.whole_files import sync_folder

_TOP: Final = "@top"
"""The folder of keys without a slash; no quoted first part of a key has an @."""

_MAX_NAME_BYTES: Final = 200
"""Under the 255 of common file systems, with room for the suffixes."""

_EMPTY: Final = "@empty"
"""The folder of keys that begin with a slash."""

_GENERATION_DIGITS: Final = 20


class LocalDirectoryStore:
    """An ``ObjectStore`` in a directory of a local file system.

    Atomic and durable: what a method has acknowledged survives ``kill -9`` and loss of power; anything in
    progress is there completely or not at all. Writes to one key exclude each other across threads and
    processes (``flock``); reads take no lock. Not for network file systems.

    Composing an object from itself as the first source appends in place and costs only the new bytes. Older
    generations that are a prefix of the current one stay readable; others are gone, as in Cloud Storage.
    """

    def __init__(self, root: Path, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._clock_ns = clock_ns
        self._objects, self._locks, self._tmp = (root / name for name in ("objects", "locks", "tmp"))
        with disk_faults():
            for folder in (self._objects, self._locks, self._tmp):
                local_files.make_folder(folder)
            self._remove_left_behind()

    def stat(self, key: str) -> ObjectInfo | None:
        with disk_faults():
            record = read_record(self._path(key))
        return record.info if record else None

    def read(self, key: str, *, generation: int | None = None) -> bytes:
        with disk_faults():
            file, length = self._open(key, generation)
            with file:
                data = file.read(length)
        if len(data) != length:
            raise CorruptData(f"{key} is shorter than its record says.")
        return data

    def stream(self, key: str, *, generation: int, chunk_bytes: int) -> Iterator[bytes]:
        with disk_faults():
            file, length = self._open(key, generation)
        return file_chunks(key, file, length, chunk_bytes)

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
        path = self._path(key)
        with disk_faults(), self._locked(key) as next_generation:
            record = read_record(path)
            _check(key, record, if_generation)
            info = self._info(key, next_generation(), len(data), content_type, metadata)
            info = replace(info, custom_time=custom_time)
            self._replace(path, record, [local_files.encode_record(info), data])
        return info

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        collection, slash, _ = prefix.partition("/")
        with disk_faults():
            folders = [self._objects / _folder_name(collection)] if slash else [*self._objects.iterdir()]
            records = [record for folder in folders for record in local_files.read_folder(folder)]
        found = [record.info for record in records if record.info.key.startswith(prefix)]
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
        path = self._path(key)
        with disk_faults(), self._locked(key) as next_generation:
            record = read_record(path)
            _check(key, record, if_generation)
            onto_itself = sources[0] == Source(key=key, generation=if_generation)
            with self._opened(sources[onto_itself:]) as (added, added_bytes):
                old_bytes = record.info.size_bytes if record and onto_itself else 0
                info = self._info(key, next_generation(), old_bytes + added_bytes, content_type, metadata)
                if record and onto_itself:
                    self._append(path, record, info, added)
                elif record and record.data_file is not None:
                    self._start_data_file(path, info, added)  # it will be appended to again
                else:
                    self._replace(path, record, itertools.chain([local_files.encode_record(info)], added))
        return info

    def delete(self, key: str, *, if_generation: int) -> None:
        path = self._path(key)
        with disk_faults(), self._locked(key):
            record = read_record(path)
            if record is None:
                raise ObjectNotFound(key)
            _check(key, record, if_generation)
            path.unlink()
            sync_folder(path.parent)
            if record.data_file is not None:
                _remove_data_files(path)
            local_files.remove_left_behind(self._tmp)  # deleted data must be gone

    def signed_url(self, key: str, *, generation: int, expires_s: int, filename: str) -> str | None:  # noqa: ARG002
        return None

    @contextlib.contextmanager
    def _opened(self, sources: Sequence[Source]) -> Generator[tuple[Iterator[bytes], int]]:
        """Yield the sources' bytes one after another, and their number."""
        with contextlib.ExitStack() as files:
            opened = [(source.key, *self._open(source.key, source.generation)) for source in sources]
            for _, file, _ in opened:
                files.enter_context(file)
            chunks = (chunk for key, file, length in opened for chunk in file_chunks(key, file, length))
            yield chunks, sum(length for _, _, length in opened)

    def _append(self, path: Path, record: Record, info: ObjectInfo, added: Iterator[bytes]) -> None:
        """Append in place, then commit the new length; after a crash in between, the old length stays in force."""
        history = (*record.history, (record.info.generation, record.info.size_bytes))
        if record.data_file is None:  # the first append: from now on the bytes lie in a file of their own
            with self._opened([Source(key=info.key, generation=record.info.generation)]) as (old, _):
                self._start_data_file(path, info, itertools.chain(old, added), history=history)
            return
        data_path = path.with_name(record.data_file)
        if not data_path.is_file() or data_path.stat().st_size < record.info.size_bytes:
            raise CorruptData(f"{info.key} is shorter than its record says.")
        local_files.append_at(data_path, record.info.size_bytes, added)
        line = local_files.encode_record(info, data_file=record.data_file, history=history)
        local_files.write_whole(self._tmp, path, [line])

    def _start_data_file(
        self, path: Path, info: ObjectInfo, content: Iterator[bytes], *, history: tuple[tuple[int, int], ...] = ()
    ) -> None:
        """Write the bytes to a file of their own, then the record that names it."""
        data_file = f"{path.name.removesuffix(RECORD_SUFFIX)}.{info.generation}{DATA_SUFFIX}"
        local_files.write_whole(self._tmp, path.with_name(data_file), content)
        line = local_files.encode_record(info, data_file=data_file, history=history)
        local_files.write_whole(self._tmp, path, [line])
        _remove_data_files(path, but=data_file)  # a reader that has it open keeps it until done

    def _replace(self, path: Path, old: Record | None, content: Iterable[bytes]) -> None:
        for folder in (path.parent.parent, path.parent):
            local_files.make_folder(folder)
        local_files.write_whole(self._tmp, path, content)
        if old is not None and old.data_file is not None:
            _remove_data_files(path)

    def _open(self, key: str, generation: int | None) -> tuple[BinaryIO, int]:
        """Return the content, opened at its first byte, and its valid length."""
        path = self._path(key)
        while True:
            try:
                file = path.open("rb")
            except FileNotFoundError as error:
                raise ObjectNotFound(key, generation) from error
            with contextlib.ExitStack() as on_failure:
                on_failure.enter_context(file)
                record = local_files.decode_record(file.readline(), path)
                length = record.length_at(generation)
                if length is None:
                    raise ObjectNotFound(key, generation)
                if record.data_file is None:
                    on_failure.pop_all()
                    return file, length
            try:
                return path.with_name(record.data_file).open("rb"), length
            except FileNotFoundError as error:
                if read_record(path) == record:
                    raise CorruptData(f"The data file of {key} is missing.") from error
                # replaced between the two opens: try again

    def _path(self, key: str) -> Path:
        collection, slash, rest = key.partition("/")
        name = quoted_name(rest if slash else key)
        if not name or len(name) > _MAX_NAME_BYTES:
            raise InvalidInput(f"A key must have 1 to {_MAX_NAME_BYTES} characters.")
        folder = _folder_name(collection) if slash else _TOP
        return self._objects / folder / hash_digits(key) / f"{name}{RECORD_SUFFIX}"

    def _info(
        self, key: str, generation: int, size_bytes: int, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectInfo:
        return ObjectInfo(
            key=key,
            generation=generation,
            size_bytes=size_bytes,
            updated=datetime.fromtimestamp(self._clock_ns() / 1e9, tz=UTC),
            metadata=MappingProxyType(dict(metadata)),
            content_type=content_type,
        )

    @contextlib.contextmanager
    def _locked(self, key: str) -> Generator[Callable[[], int]]:
        """Hold the key's lock; yield the function that issues the next generation.

        Opening the file for each use makes ``flock`` exclude threads as well as processes. The kernel
        releases it when a process dies.
        """
        with self._locked_folder(hash_digits(key)) as descriptor:
            yield lambda: self._next_generation(descriptor)

    @contextlib.contextmanager
    def _locked_folder(self, digits: str) -> Generator[int]:
        descriptor = os.open(self._locks / digits, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _next_generation(self, descriptor: int) -> int:
        """Return microseconds as in Cloud Storage, always ahead of the last one, whatever the clock does.

        If a loss of power reverts the lock file, the clock has moved past what it held.
        """
        last = int(os.pread(descriptor, _GENERATION_DIGITS, 0) or b"0")
        generation = max(last + 1, self._clock_ns() // 1000)
        os.pwrite(descriptor, f"{generation:0{_GENERATION_DIGITS}d}".encode(), 0)
        return generation

    def _remove_left_behind(self) -> None:
        """Remove what dead processes left: incomplete files, and bytes that no record names any more."""
        local_files.remove_left_behind(self._tmp)
        for data_path in self._objects.glob(f"*/*/*{DATA_SUFFIX}"):
            name = data_path.name.removesuffix(DATA_SUFFIX).rpartition(".")[0]
            record_path = data_path.with_name(f"{name}{RECORD_SUFFIX}")
            with self._locked_folder(data_path.parent.name):
                record = read_record(record_path)
                if record is None or record.data_file != data_path.name:
                    data_path.unlink(missing_ok=True)


def _folder_name(collection: str) -> str:
    return quoted_name(collection) or _EMPTY


def _check(key: str, record: Record | None, if_generation: int) -> None:
    if if_generation != (record.info.generation if record else ABSENT):
        raise PreconditionFailed(key, if_generation)


def _remove_data_files(path: Path, *, but: str = "") -> None:
    for data_file in path.parent.glob(f"{path.name.removesuffix(RECORD_SUFFIX)}.*{DATA_SUFFIX}"):
        if data_file.name != but:
            data_file.unlink(missing_ok=True)
