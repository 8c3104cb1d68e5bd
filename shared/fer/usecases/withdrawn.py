"""Finds published models trained with rows that are no longer in the CSV: ``fer models withdrawn``.

A run publishes a digest of each row that it had, and whether it trained on it (``feedback_rows.bin``). Rows leave the
CSV only by withdrawal, so a row that the run had and the CSV lacks was withdrawn. No pixels are kept.
"""

from collections import Counter
from collections.abc import Iterator

from fer.errors import CorruptData, NotFound
from fer.storage.csv_file import open_csv
from fer.storage.objects import ObjectStore
from fer.storage.records_csv import ROW_DIGEST_BYTES, iterate_rows, row_digest
from fer.storage.registry import ModelRegistry

ROWS_NAME = "feedback_rows.bin"
TRAINED = b"t"
_ENTRY_BYTES = ROW_DIGEST_BYTES + 1


def read_rows_file(registry: ModelRegistry, version: str) -> list[tuple[bytes, bool]]:
    """Return the digest of each row that the version's run had, and whether it was trained on."""
    try:
        data = registry.fetch(version, [ROWS_NAME])[ROWS_NAME]
    except NotFound:
        return []
    if len(data) % _ENTRY_BYTES:
        raise CorruptData(f"{ROWS_NAME} of {version} is not a list of row digests.")
    entries = (data[start : start + _ENTRY_BYTES] for start in range(0, len(data), _ENTRY_BYTES))
    return [(entry[:-1], entry[-1:] == TRAINED) for entry in entries]


def withdrawn_rows(store: ObjectStore, registry: ModelRegistry) -> str:
    """Return a line per version trained on feedback, with the number of its rows withdrawn since."""
    present = Counter(_present_digests(store))
    lines: list[str] = []
    for each in registry.versions():
        rows = [] if each.fault else read_rows_file(registry, each.version)
        if not rows:
            continue
        gone = Counter(digest for digest, _ in rows) - present
        trained = Counter(digest for digest, trained in rows if trained)
        trained_gone = sum((gone & trained).values())
        lines.append(
            f"{each.version}: {gone.total():,} of its {len(rows):,} rows have been withdrawn, "
            f"{trained_gone:,} of them used in training"
        )
        if trained_gone and each.parent:
            lines[-1] += f"; to retrain without them: make retrain START={each.parent}"
    return "\n".join(lines) or "no published model was trained on feedback"


def _present_digests(store: ObjectStore) -> Iterator[bytes]:
    try:
        chunks = open_csv(store).chunks
    except NotFound:
        return
    for row in iterate_rows(chunks):
        yield row_digest(row.label, row.pixels)
