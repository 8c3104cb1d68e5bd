"""Packs the archives from which the cloud deploys the functions: one zip per artefact, reproducible byte for byte."""

import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST = (1980, 1, 1, 0, 0, 0)


def archive_path(function: str) -> Path:
    """Return where the archive of a function lies; infra/functions.tf looks for it there."""
    return ROOT / "build" / f"{function}.zip"


def write_archive(source: Path, target: Path) -> None:
    """Pack a directory's files in sorted order, with fixed times and permissions."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), OLDEST)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
