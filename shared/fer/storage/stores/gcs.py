"""Google Cloud Storage behind the store protocol: the only module that imports google.cloud (about 0.4 s).

The client honours ``STORAGE_EMULATOR_HOST``; without it, it uses the application default credentials.
"""

# The client library's annotations are incomplete; what it returns is checked at this boundary.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportPrivateUsage=false

import base64
import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, cast
from urllib.parse import quote

import google_crc32c
import requests
from google.api_core import exceptions as api_errors
from google.auth import credentials as auth_credentials
from google.auth import exceptions as auth_errors
from google.auth.transport.requests import Request
from google.cloud import storage
from google.cloud.storage import exceptions as storage_errors
from google.cloud.storage.retry import DEFAULT_RETRY

from fer.errors import NotPermitted, Unavailable
from fer.storage.objects import (
    ABSENT,
    ObjectInfo,
    ObjectNotFound,
    PreconditionFailed,
    Source,
    check_source_count,
)

REQUEST_TIMEOUT_S: Final = 10.0
"""For one attempt: a healthy answer takes well under one second."""

RETRY_DEADLINE_S: Final = 20.0
"""For all attempts of one operation: the library's default of 120 s outlives the waiting request."""

_NO_BUCKET: Final = "The storage bucket does not exist."
_LIST_FIELDS: Final = "items(name,generation,size,updated,metadata,contentType,customTime,crc32c),nextPageToken"


class GcsObjectStore:
    """An ``ObjectStore`` in one Cloud Storage bucket.

    The bucket should have neither object versioning nor soft delete: the objects are pictures of faces.
    """

    def __init__(
        self,
        client: storage.Client,
        bucket_name: str,
        *,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
        retry_deadline_s: float = RETRY_DEADLINE_S,
    ) -> None:
        self._client = client
        self._bucket = client.bucket(bucket_name)
        self._bucket_path = f"b/{quote(bucket_name, safe='')}"
        self._timeout_s = request_timeout_s
        # A first wait of 0.2 s suits the limit of one write per second per name.
        self._retry: Any = DEFAULT_RETRY.with_delay(initial=0.2, maximum=2.0).with_timeout(retry_deadline_s)
        self._options: dict[str, Any] = {"timeout": request_timeout_s, "retry": self._retry}

    @classmethod
    def connect(cls, bucket_name: str, *, patience_s: float) -> "GcsObjectStore":
        """Return the bucket with the default credentials; makes no request yet.

        ``patience_s`` covers all attempts of one operation; a single attempt gets half of it.
        """
        with _faults(bucket_name):
            client = storage.Client()
        return cls(client, bucket_name, request_timeout_s=patience_s / 2, retry_deadline_s=patience_s)

    def stat(self, key: str) -> ObjectInfo | None:
        with _faults(key):
            blob = self._bucket.get_blob(key, **self._options)
        return _info(blob) if blob else None

    def read(self, key: str, *, generation: int | None = None) -> bytes:
        with _faults(key, generation):
            data: bytes = self._bucket.blob(key, generation=generation).download_as_bytes(**self._options)
        return data

    def stream(self, key: str, *, generation: int, chunk_bytes: int) -> Iterator[bytes]:
        # One response for the whole object: the service goes on sending the generation it began with,
        # whereas the library's reader makes a request per chunk and would find it gone after a merge.
        url = (
            f"{self._client.api_endpoint}/download/storage/v1/{self._bucket_path}"
            f"/o/{quote(key, safe='')}?alt=media&generation={generation}"
        )

        def open_response() -> requests.Response:
            session = cast("requests.Session", self._client._http)
            response = session.get(url, stream=True, timeout=self._timeout_s, headers={"Accept-Encoding": "identity"})
            if response.status_code != requests.codes["ok"]:
                raise api_errors.from_http_response(response)
            return response

        with _faults(key, generation):
            response: requests.Response = self._retry(open_response)()
        return _chunks(key, response, chunk_bytes)

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
        blob = self._bucket.blob(key)
        blob.metadata = dict(metadata)
        if custom_time is not None:
            blob.custom_time = custom_time
        try:
            with _faults(key, if_generation=if_generation):
                try:
                    blob.upload_from_string(
                        data, content_type=content_type, if_generation_match=if_generation, **self._options
                    )
                except api_errors.Forbidden as error:
                    # An account that may create but not delete (feedback's) can be told "forbidden" for a name
                    # that is taken, while others are told that the precondition failed.
                    if if_generation != ABSENT or self._stored(key) is None:
                        raise
                    raise PreconditionFailed(key, if_generation) from error
        except ObjectNotFound as error:
            raise Unavailable(_NO_BUCKET) from error
        except PreconditionFailed:
            # The library retries a request whose reply was lost, and the retry meets our own write.
            stored = self._stored(key)
            if stored is None or stored.crc32c != _crc32c(data) or not _same(stored, metadata, custom_time):
                raise
            return _info(stored)
        return _info(blob)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        try:
            with _faults(prefix):
                for blob in self._client.list_blobs(
                    self._bucket, prefix=prefix, fields=_LIST_FIELDS, **self._options
                ):
                    yield _info(blob)
        except ObjectNotFound as error:
            raise Unavailable(_NO_BUCKET) from error

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
        # A fresh destination: a blob that was read before would send back its old properties.
        blob = self._bucket.blob(key)
        blob.metadata = dict(metadata)
        blob.content_type = content_type  # compose keeps none of the sources'
        pinned = [self._bucket.blob(source.key, generation=source.generation) for source in sources]
        try:
            with _faults(key, if_generation=if_generation):
                blob.compose(pinned, if_generation_match=if_generation, **self._options)
        except (ObjectNotFound, PreconditionFailed):
            # Also "not found": a repeated append no longer finds its first source, the old generation.
            stored = self._stored(key)
            # A composite has no MD5 to compare; metadata that identifies this write serves as well.
            if stored is None or not metadata or not _same(stored, metadata, None):
                raise
            return _info(stored)
        return _info(blob)

    def delete(self, key: str, *, if_generation: int) -> None:
        with _faults(key, if_generation=if_generation):
            self._bucket.blob(key).delete(if_generation_match=if_generation, **self._options)

    def signed_url(self, key: str, *, generation: int, expires_s: int, filename: str) -> str | None:
        """Return a V4 link, signed by the account's own key or, if it has none here, through IAM.

        Signing through IAM needs ``iam.serviceAccounts.signBlob`` on the account itself. None with
        an emulator and with a person's credentials, which cannot sign.
        """
        credentials = cast("Any", self._client._credentials)
        signer: dict[str, Any] = {}
        with _faults(key, generation):
            if not isinstance(credentials, auth_credentials.Signing):
                if not hasattr(credentials, "service_account_email"):
                    return None
                if not credentials.valid:  # only the refresh provides the account's name and token
                    credentials.refresh(Request())
                signer["service_account_email"] = credentials.service_account_email
                signer["access_token"] = credentials.token
            url: str = self._bucket.blob(key).generate_signed_url(
                version="v4",
                method="GET",
                expiration=timedelta(seconds=expires_s),
                generation=generation,
                response_disposition=f'attachment; filename="{filename}"',
                **signer,
            )
        return url

    def _stored(self, key: str) -> Any:
        with _faults(key):
            return self._bucket.get_blob(key, **self._options)


def _info(blob: Any) -> ObjectInfo:
    return ObjectInfo(
        key=blob.name,
        generation=int(blob.generation),
        size_bytes=int(blob.size or 0),  # the official test server omits zero
        updated=blob.updated,
        metadata=MappingProxyType(dict(blob.metadata or {})),
        content_type=blob.content_type or "application/octet-stream",
        custom_time=blob.custom_time,
    )


def _same(blob: Any, metadata: Mapping[str, str], custom_time: datetime | None) -> bool:
    return dict(blob.metadata or {}) == dict(metadata) and blob.custom_time == custom_time


def _crc32c(data: bytes) -> str:
    """Format as Cloud Storage does: the four bytes, most significant first, in base64."""
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()


def _chunks(key: str, response: requests.Response, chunk_bytes: int) -> Iterator[bytes]:
    expected_bytes = int(response.headers.get("Content-Length", -1))
    sent_bytes = 0
    with response, _faults(key):
        for chunk in response.iter_content(chunk_bytes):
            sent_bytes += len(chunk)
            yield chunk
    if expected_bytes not in (-1, sent_bytes):
        raise Unavailable("The object store interrupted a download.")


@contextlib.contextmanager
def _faults(key: str, generation: int | None = None, *, if_generation: int | None = None) -> Generator[None]:
    """Raise the library's errors as the protocol's."""
    try:
        yield
    except api_errors.NotFound as error:
        raise ObjectNotFound(key, generation) from error
    except api_errors.PreconditionFailed as error:
        raise PreconditionFailed(key, -1 if if_generation is None else if_generation) from error
    except api_errors.Forbidden as error:
        raise NotPermitted("The object store did not answer as it should.") from error
    except (
        api_errors.GoogleAPIError,
        auth_errors.GoogleAuthError,
        storage_errors.InvalidResponse,
        storage_errors.DataCorruption,
        requests.RequestException,
        OSError,
    ) as error:
        raise Unavailable("The object store gave an unexpected answer.") from error
