"""The files of the local directory store: one record file per object, always written atomically."""

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from urllib.parse import quote

from fer.errors import CorruptData, Unavailable
from fer.storage.objects import ObjectInfo
from fer.whole_files import sync_folder

RECORD_SUFFIX: Final = ".object"
DATA_SUFFIX: Final = ".data"

CHUNK_BYTES: Final = 1 << 20

HISTORY_LIMIT: Final = 64
"""How many older lengths of an appended object stay readable: far more than there are concurrent downloads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The first line of a record file. The bytes follow it, or are in ``data_file`` next to it.

    Only the first ``size_bytes`` of a data file count; the rest is an append that was never
    committed. ``history`` holds (generation, length) of earlier states of the same data file, oldest first.
    """

    info: ObjectInfo
    data_file: str | None = None
    history: tuple[tuple[int, int], ...] = field(default=())

    def length_at(self, generation: int | None) -> int | None:
        """Return how many bytes of the content belong to a generation; None if it can no longer be read."""
        if generation is None or generation == self.info.generation:
            return self.info.size_bytes
        return dict(self.history).get(generation)


def encode_record(
    info: ObjectInfo, *, data_file: str | None = None, history: tuple[tuple[int, int], ...] = ()
) -> bytes:
    """Return the record's line, ending in ``\\n``; inline bytes follow it."""
    fields: dict[str, Any] = {
        "key": info.key,
        "generation": info.generation,
        "size_bytes": info.size_bytes,
        "updated": info.updated.timestamp(),
        "content_type": info.content_type,
        "metadata": dict(info.metadata),
    }
    if info.custom_time is not None:
        fields["custom_time"] = info.custom_time.timestamp()
    if data_file is not None:
        fields |= {"data_file": data_file, "history": history[-HISTORY_LIMIT:]}
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def decode_record(line: bytes, path: Path) -> Record:
    """Return the inverse of ``encode_record``. Raises ``CorruptData``."""
    try:
        if not line.endswith(b"\n"):
            raise ValueError("no line end")
        fields = cast("dict[str, Any]", json.loads(line))
        custom_time = fields.get("custom_time")
        info = ObjectInfo(
            key=fields["key"],
            generation=fields["generation"],
            size_bytes=fields["size_bytes"],
            updated=_moment(fields["updated"]),
            metadata=cast("Mapping[str, str]", fields["metadata"]),
            content_type=fields["content_type"],
            custom_time=None if custom_time is None else _moment(custom_time),
        )
        history = cast("list[list[int]]", fields.get("history", []))
        return Record(
            info=info,
            data_file=fields.get("data_file"),
            history=tuple((generation, length) for generation, length in history),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptData(f"{path.name} in the store's directory is not a record.") from error


def read_record(path: Path) -> Record | None:
    """Return the record at the path, or None. Reads its first line only."""
    try:
        with path.open("rb") as file:
            return decode_record(file.readline(), path)
    except FileNotFoundError:
        return None


def read_folder(folder: Path) -> Iterator[Record]:
    """Yield the records in all hash folders of one folder, in no order; a missing folder has none.

    Other files there (a ``.DS_Store``) are ignored.
    """
    if not folder.is_dir():
        return
    for hash_folder in folder.iterdir():
        if not hash_folder.is_dir():
            continue
        with os.scandir(hash_folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(RECORD_SUFFIX)]
        for name in names:
            record = read_record(hash_folder / name)
            if record is not None:  # removed since the folder was read
                yield record


def hash_digits(key: str) -> str:
    """Return two hex digits that spread keys over folders and locks."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:2]


def quoted_name(text: str) -> str:
    """Return a file name for any text; never ``.``, ``..`` or a hidden file."""
    quoted = quote(text, safe="", errors="surrogatepass")
    return "%2E" + quoted[1:] if quoted.startswith(".") else quoted


def write_whole(folder: Path, path: Path, chunks: Iterable[bytes]) -> None:
    """Replace the file at ``path`` by one with this content, durably: after a crash, either all of it or none.

    ``folder`` is where it is written first; it must be on the same file system. A lock says that the writer is alive,
    which ``fer.whole_files`` does without.
    """
    file, temporary = _begin_file(folder)
    try:
        with file:
            file.writelines(chunks)
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _begin_file(folder: Path) -> tuple[BinaryIO, Path]:
    """Return a new file that stays locked while open, so that others see that its writer is alive."""
    while True:
        descriptor, name = tempfile.mkstemp(dir=folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return os.fdopen(descriptor, "wb"), Path(name)
        os.close(descriptor)  # mistaken for an abandoned one before it was locked


def remove_left_behind(folder: Path) -> None:
    """Remove the files whose writer is gone: what they hold was never acknowledged."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def append_at(path: Path, length: int, chunks: Iterable[bytes]) -> None:
    """Truncate the file to ``length`` bytes and append the chunks, durably."""
    with path.open("r+b") as file:
        file.truncate(length)
        file.seek(length)
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())


def make_folder(path: Path) -> None:
    """Create the folder, durably, if there is none."""
    if not path.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        sync_folder(path.parent)


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, tz=UTC)


def file_chunks(key: str, file: BinaryIO, length: int, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield only the committed length: what follows is from a crash or an append in progress."""
    with file:
        left = length
        while left:
            with disk_faults():
                chunk = file.read(min(left, chunk_bytes))
            if not chunk:
                raise CorruptData(f"{key} is shorter than its record says.")
            left -= len(chunk)
            yield chunk


@contextlib.contextmanager
def disk_faults() -> Generator[None]:
    """Raise the file system's errors as the protocol's."""
    try:
        yield
    except OSError as error:
        raise Unavailable("The store's directory could not be read or written.") from error
