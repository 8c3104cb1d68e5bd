"""Opens the feedback CSV from a path, a bucket, or the export function's URL."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import requests

CHUNK_BYTES = 1 << 20
TIMEOUT_S = (10, 300)
NO_CSV_YET = "Expression CSV file not found. Submit some feedback first."
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NoFeedback(Exception):
    """There is no CSV yet, because nobody has sent feedback."""


@contextmanager
def open_source(where: str, *, export_token: str | None = None) -> Generator[Iterator[bytes]]:
    """Yield the CSV's bytes in chunks, pinned to one version.

    ``where``: a path, ``file:///path``, ``gs://bucket`` (its CSV) or ``gs://bucket/key``, or the ``https`` address
    of ``/download_expression_csv`` (plain ``http`` on this machine only). ``export_token`` is sent as the bearer
    token; if Google credentials are available, an identity token for the address is sent as well, as Cloud Run's IAM
    requires. Raises NoFeedback if the bucket or function has none yet, OSError if it cannot be read or the address
    leads nowhere, and ValueError for any other kind of address.
    """
    parts = urlsplit(where)
    if parts.scheme == "gs":
        yield _bucket_chunks(parts.netloc, parts.path.lstrip("/"))
    elif parts.scheme in ("http", "https"):
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError(f"expected https (the CSV holds faces, the request a token), got {where!r}")
        with _download(where, export_token) as response:
            yield response.iter_content(CHUNK_BYTES)
    elif parts.scheme in ("", "file"):
        with Path(unquote(parts.path) if parts.scheme else where).open("rb") as stream:
            yield iter(lambda: stream.read(CHUNK_BYTES), b"")
    else:
        raise ValueError(f"expected a path, gs://bucket or https://…/download_expression_csv, got {where!r}")


def _bucket_chunks(bucket: str, key: str) -> Iterator[bytes]:
    from fer.storage.factory import open_store
    from fer.storage.keys import CSV_KEY

    store, key = open_store(f"gs://{bucket}"), key or CSV_KEY
    info = store.stat(key)
    if info is None:
        found = next(store.list(key), None)  # raises Unavailable if there is no such bucket
        if key != CSV_KEY or found is not None:
            raise FileNotFoundError(f"There is no gs://{bucket}/{key}; without a key it is the feedback's CSV.")
        raise NoFeedback(f"gs://{bucket}/{key} does not exist yet")
    return store.stream(key, generation=info.generation, chunk_bytes=CHUNK_BYTES)


@contextmanager
def _download(url: str, export_token: str | None) -> Generator["requests.Response"]:
    import requests

    headers = {"Authorization": f"Bearer {export_token}"} if export_token else {}
    identity = _identity_token(url)
    if identity:
        headers["X-Serverless-Authorization"] = f"Bearer {identity}"
    response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S, allow_redirects=False)
    if response.is_redirect:
        # Redirects to a signed URL, which needs no token and must not receive one.
        response.close()
        response = requests.get(response.headers["Location"], stream=True, timeout=TIMEOUT_S)
    with response:
        if response.status_code == HTTPStatus.NOT_FOUND and _says_no_feedback(response):
            raise NoFeedback(f"{url} has no feedback yet")
        response.raise_for_status()
        yield response


def _says_no_feedback(response: "requests.Response") -> bool:
    """Return whether a 404 is export's "no CSV yet", as the contract words it, and not a mistyped address."""
    try:
        return response.json().get("error") == NO_CSV_YET
    except (ValueError, AttributeError):
        return False


def _identity_token(url: str) -> str | None:
    """Return a Google identity token whose audience is the function, or None without credentials."""
    parts = urlsplit(url)
    if parts.hostname in _LOOPBACK:
        return None
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request
    from google.oauth2.id_token import fetch_id_token

    try:
        return fetch_id_token(Request(), f"{parts.scheme}://{parts.netloc}")
    except GoogleAuthError:
        return None
