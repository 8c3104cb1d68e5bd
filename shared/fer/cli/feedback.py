"""``fer export`` and ``fer merge``: the collected feedback as one CSV."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from fer.errors import Conflict
from fer.settings import Settings
from fer.storage.factory import open_store
from fer.usecases import export as usecase
from fer.whole_files import replacing


def run_merge(bucket: str | None) -> str:
    """Merge pending feedback and return the figures as JSON."""
    settings = Settings.from_env()
    store = open_store(bucket or settings.bucket_url)
    report = usecase.merge(store, now=datetime.now(UTC), receipt_days=settings.receipt_days)
    return json.dumps(report.as_json())


def run_export(bucket: str | None, *, out: Path | None, force: bool) -> None:
    """Merge, and write the CSV to ``out`` (atomically) or to standard output.

    Raises ``Conflict`` if ``out`` exists, unless ``force``, and ``NotFound`` while there is no feedback.
    """
    if out is not None and out.exists() and not force:
        raise Conflict(f"{out} exists; --force replaces it.")
    settings = Settings.from_env()
    download = usecase.download(
        open_store(bucket or settings.bucket_url),
        now=datetime.now(UTC),
        receipt_days=settings.receipt_days,
        redirect_above_bytes=sys.maxsize,
        wanted=lambda _: True,
    )
    if not download.complete:
        print("more corrections are waiting to be merged; run it again for all of them", file=sys.stderr)
    chunks = download.chunks or iter(())
    if out is None:
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
    else:
        with replacing(out, mode=0o600) as file:  # readable by its owner only: these are faces
            file.writelines(chunks)
