"""Merge what is pending, then hand out the CSV, its statistics, or a link to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fer.storage.csv_file import Statistics, open_csv, pinned_csv, read_statistics
from fer.storage.merge import MergeReport, merge_pending
from fer.storage.objects import ObjectStore

CSV_FILENAME = "expression_pixel_data.csv"
SIGNED_URL_EXPIRES_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One version of the CSV: ``chunks`` of its bytes, or a ``redirect_url`` where it is better fetched directly."""

    etag: str
    size_bytes: int
    chunks: Iterator[bytes]
    redirect_url: str | None


def merge(store: ObjectStore, *, now: datetime) -> MergeReport:
    """Merge every pending shard; safe to call any number of times, at any time, from anywhere."""
    return merge_pending(store, now=now)


def download(store: ObjectStore, *, now: datetime, redirect_above_bytes: int) -> Download:
    """The CSV with all feedback acknowledged so far; raises NotFound while there is none.

    The version is pinned: rows merged while it is being sent do not show in it. A file larger than
    ``redirect_above_bytes`` comes as a link valid for five minutes, where the store can sign one.
    """
    merge(store, now=now)
    info = pinned_csv(store)
    if info is not None and info.size_bytes > redirect_above_bytes:
        url = store.signed_url(
            info.key, generation=info.generation, expires_s=SIGNED_URL_EXPIRES_S, filename=CSV_FILENAME
        )
        if url is not None:
            return Download(etag=str(info.generation), size_bytes=info.size_bytes, chunks=iter(()), redirect_url=url)
    opened = open_csv(store)
    return Download(
        etag=str(opened.info.generation),
        size_bytes=opened.info.size_bytes,
        chunks=opened.chunks,
        redirect_url=None,
    )


def statistics(store: ObjectStore, *, now: datetime) -> Statistics:
    """Rows per label and in total, with all feedback acknowledged so far, without reading the CSV."""
    merge(store, now=now)
    return read_statistics(store)
