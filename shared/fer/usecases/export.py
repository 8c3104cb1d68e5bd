"""Merge what is pending, then hand out the CSV, its statistics, or a link to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from fer.storage.csv_file import Statistics, open_csv, pinned_csv, read_statistics
from fer.storage.merge import MergeReport, merge_pending
from fer.storage.objects import ObjectStore

CSV_FILENAME = "expression_pixel_data.csv"
SIGNED_URL_EXPIRES_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One version of the CSV.

    ``chunks`` are its bytes, None where the caller did not want them; ``redirect_url`` is set instead where the
    file is better fetched from the store directly.
    """

    etag: str
    size_bytes: int
    chunks: Iterator[bytes] | None = None
    redirect_url: str | None = None


def merge(store: ObjectStore, *, now: datetime) -> MergeReport:
    """Merge every pending shard; safe to call any number of times, at any time, from anywhere."""
    return merge_pending(store, now=now)


def download(
    store: ObjectStore, *, now: datetime, redirect_above_bytes: int, wanted: Callable[[str], bool]
) -> Download:
    """The CSV with all feedback acknowledged so far; raises NotFound while there is none.

    The version is pinned: rows merged while it is being sent do not show in it. Its bytes are opened only if
    ``wanted(etag)``. A file larger than ``redirect_above_bytes`` comes as a link valid for five minutes, where
    the store can sign one.
    """
    merge(store, now=now)
    info = pinned_csv(store)
    if info is not None:
        version = Download(etag=str(info.generation), size_bytes=info.size_bytes)
        if not wanted(version.etag):
            return version
        if info.size_bytes > redirect_above_bytes:
            url = store.signed_url(
                info.key, generation=info.generation, expires_s=SIGNED_URL_EXPIRES_S, filename=CSV_FILENAME
            )
            if url is not None:
                return replace(version, redirect_url=url)
    opened = open_csv(store)
    return Download(etag=str(opened.info.generation), size_bytes=opened.info.size_bytes, chunks=opened.chunks)


def statistics(store: ObjectStore, *, now: datetime) -> Statistics:
    """Rows per label and in total, with all feedback acknowledged so far, without reading the CSV."""
    merge(store, now=now)
    return read_statistics(store)
