"""The bytes of a request's body, unpacked, within a limit that applies to the unpacked bytes too."""

import io
import zlib
from collections.abc import Mapping
from typing import Any

import flask
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import MultiPartParser

from fer.errors import InvalidInput, TooLarge, UnsupportedType

_PIECE_BYTES = 262_144
_GZIP = 16 + zlib.MAX_WBITS
# A picture and a handful of options.
_MAX_PARTS = 50
_MAX_GZIP_MEMBERS = 10


def read_body(request: flask.Request, *, max_body_bytes: int) -> bytes:
    """Return the body, unpacked if it came with ``Content-Encoding: gzip``.

    Raises TooLarge if it is too large packed or unpacked, UnsupportedType naming any other encoding, and
    InvalidInput for damaged gzip.
    """
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise UnsupportedType(f"'Content-Encoding: {coding[:40]}' is not supported. Use gzip or none.")
    body = _read(request, max_body_bytes)
    return _gunzipped(body, max_body_bytes) if coding.endswith("gzip") else body


def read_form(request: flask.Request, body: bytes) -> tuple[bytes | None, Mapping[str, str]]:
    """Return the only file of a ``multipart/form-data`` body, whatever its field is called, and the text fields.

    The file is None if there is none with content. Raises InvalidInput for several files or a malformed body.
    """
    boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
    if not boundary:
        raise InvalidInput("'multipart/form-data' needs its boundary.")
    parser = MultiPartParser(
        stream_factory=_in_memory,
        max_form_memory_size=len(body) + 1,
        max_form_parts=_MAX_PARTS,
        buffer_size=_PIECE_BYTES,
    )
    try:
        fields, files = parser.parse(io.BytesIO(body), boundary, len(body))
    except (ValueError, HTTPException) as error:
        raise InvalidInput("The body is not valid 'multipart/form-data'.") from error
    contents = [content for stored in files.listvalues() for content in map(_content, stored) if content]
    if len(contents) > 1:
        raise InvalidInput("Send one picture at a time.")
    return (contents[0] if contents else None), fields.to_dict()


def _content(file: FileStorage) -> bytes:
    return file.stream.read()


def _in_memory(*_: Any, **__: Any) -> io.BytesIO:
    """Keep the body in memory: it is already there and within the limit, so a file would only be a copy."""
    return io.BytesIO()


def _read(request: flask.Request, max_body_bytes: int) -> bytes:
    too_large = _too_large(max_body_bytes)
    if request.content_length is not None and request.content_length > max_body_bytes:
        raise too_large
    pieces: list[bytes] = []
    read_bytes = 0
    while piece := request.stream.read(_PIECE_BYTES):
        read_bytes += len(piece)
        if read_bytes > max_body_bytes:
            raise too_large
        pieces.append(piece)
    return b"".join(pieces)


def _gunzipped(body: bytes, max_bytes: int) -> bytes:
    """Return the members of a gzip file (RFC 1952, section 2.2), one after the other."""
    if not body:
        return b""
    result = b""
    try:
        for _ in range(_MAX_GZIP_MEMBERS):
            unpacker = zlib.decompressobj(_GZIP)
            result += unpacker.decompress(body, max_bytes + 1 - len(result))
            if len(result) > max_bytes:
                raise _too_large(max_bytes)
            if not unpacker.eof:
                raise InvalidInput("The gzip data in the body is incomplete.")
            body = unpacker.unused_data.lstrip(b"\0")  # some tools pad to whole blocks
            if not body:
                return result
    except zlib.error as error:
        raise InvalidInput("The body is not valid gzip data.") from error
    raise InvalidInput("The gzip data in the body has too many members.")


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"The body is larger than {max_bytes} bytes.")
