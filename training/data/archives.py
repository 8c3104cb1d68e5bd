"""Finds the CSV in a data set, whether plain or in gzip, zip or tar, nested or not."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

_PACKED = (".csv", ".csv.gz", ".tar", ".tar.gz", ".tgz", ".zip")


@contextmanager
def open_csv_text(path: Path, preferred: tuple[str, ...]) -> Generator[io.TextIOWrapper]:
    """Yield the CSV as text, without a byte-order mark; of several in an archive, the first one in ``preferred``.

    Raises ValueError if there is none.
    """
    with ExitStack() as opened:
        content = _unpacked(opened, opened.enter_context(path.open("rb")), str(path), preferred)
        yield io.TextIOWrapper(content, "utf-8-sig", newline="")


def _unpacked(opened: ExitStack, raw: IO[bytes], name: str, preferred: tuple[str, ...]) -> IO[bytes]:
    """Return the file's content, recognised by its first bytes, not by its name."""
    start = raw.read(2)
    raw.seek(0)
    if start == b"PK":
        archive = opened.enter_context(zipfile.ZipFile(raw))
        inner = _chosen(archive.namelist(), preferred, name)
        member = opened.enter_context(archive.open(inner))
        return _unpacked(opened, _seekable(member, inner), f"{name}/{inner}", preferred)
    if start == b"\x1f\x8b":
        raw = cast("IO[bytes]", opened.enter_context(gzip.GzipFile(fileobj=raw)))
    if _is_tar(raw):
        tar = opened.enter_context(tarfile.TarFile(fileobj=raw))
        inner = _chosen([member.name for member in tar if member.isfile()], preferred, name)
        member = tar.extractfile(inner)
        assert member is not None  # a file, by the line before
        return _unpacked(opened, opened.enter_context(member), f"{name}/{inner}", preferred)
    return raw


def _seekable(member: IO[bytes], name: str) -> IO[bytes]:
    """Members of a zip can seek, at the price of reading again; nested archives are read into memory."""
    return member if name.endswith(".csv") else io.BytesIO(member.read())


def _is_tar(raw: IO[bytes]) -> bool:
    raw.seek(257)
    magic = raw.read(5)
    raw.seek(0)
    return magic == b"ustar"


def _chosen(names: list[str], preferred: tuple[str, ...], where: str) -> str:
    packed = sorted(name for name in names if name.lower().endswith(_PACKED) and not name.startswith("__MACOSX"))
    ranks = {name: rank for rank, name in enumerate(preferred)}

    def rank(name: str) -> tuple[int, str]:
        base = Path(name).name
        return ranks.get(base, ranks.get(base.split(".")[0] + ".csv", len(ranks))), name

    if not packed:
        raise ValueError(f"{where} holds no .csv file")
    return min(packed, key=rank)
