"""The bytes of a request's body, unpacked, within a limit that applies to the unpacked bytes too."""

import zlib
from collections.abc import Iterator, Mapping

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.multipart import NEED_DATA, Data, Epilogue, Event, Field, File, MultipartDecoder, State

from fer.errors import BODY, InvalidInput, TooLarge, UnsupportedType

UNPACKED = ("", "identity")
_PIECE_BYTES = 262_144
_GZIP = 16 + zlib.MAX_WBITS
# A picture and a handful of options.
_MAX_PARTS = 50
_MAX_GZIP_MEMBERS = 10


def content_coding(request: flask.Request) -> str:
    """Return what the body is packed with, in small letters; one of ``UNPACKED`` for nothing."""
    return request.headers.get("Content-Encoding", "").strip().lower()


def read_body(request: flask.Request, *, max_body_bytes: int) -> bytes:
    """Return the body, unpacked if it came with ``Content-Encoding: gzip``.

    Raises TooLarge if it is too large packed or unpacked, UnsupportedType naming any other encoding, and
    InvalidInput for damaged gzip.
    """
    coding = content_coding(request)
    if coding not in (*UNPACKED, "gzip", "x-gzip"):
        raise UnsupportedType(f"'Content-Encoding: {coding[:40]}' is not supported. Use gzip or none.")
    body = _read(request, max_body_bytes)
    return _gunzipped(body, max_body_bytes) if coding.endswith("gzip") else body


def read_form(request: flask.Request, body: bytes) -> tuple[bytes | None, Mapping[str, str]]:
    """Return the only file of a ``multipart/form-data`` body, whatever its field is called, and the text fields.

    A field that is no text is a file too: not every client names it. The file is None if there is none with content.
    Raises InvalidInput for several files or a malformed body.
    """
    boundary = request.mimetype_params.get("boundary", "").encode("latin-1", "replace")
    if not boundary:
        raise InvalidInput("'multipart/form-data' needs its boundary.")
    fields: dict[str, str] = {}
    files: list[bytes] = []
    try:
        for part, content in _parts(boundary, body):
            text = None if isinstance(part, File) else _as_text(content)
            if text is not None:
                fields.setdefault(part.name or "", text)
            elif content:
                files.append(content)
    except (ValueError, HTTPException) as error:
        raise InvalidInput("The body is not valid 'multipart/form-data'.") from error
    if len(files) > 1:
        raise InvalidInput("Send one picture at a time.")
    return (files[0] if files else None), fields


def _parts(boundary: bytes, body: bytes) -> Iterator[tuple[Field | File, bytes]]:
    """Yield each part's head and content; raises ValueError or an HTTPException."""
    part: Field | File | None = None
    pieces: list[bytes] = []
    for event in _events(boundary, body):
        if isinstance(event, Field | File):
            part, pieces = event, []
        elif isinstance(event, Data):
            pieces.append(event.data)
            if part is not None and not event.more_data:
                yield part, b"".join(pieces)


def _events(boundary: bytes, body: bytes) -> Iterator[Event]:
    """Yield what is found in the body, which the decoder takes in pieces because it copies what it holds."""
    decoder = MultipartDecoder(boundary, max_parts=_MAX_PARTS)
    for start in range(0, len(body), _PIECE_BYTES):
        decoder.receive_data(body[start : start + _PIECE_BYTES])
        while (event := decoder.next_event()) is not NEED_DATA:
            yield event
        if decoder.state in (State.PREAMBLE, State.PART) and len(decoder.buffer) > _PIECE_BYTES:
            raise ValueError("nobody writes so much in front of a part")
    decoder.receive_data(None)
    while not isinstance(event := decoder.next_event(), Epilogue):  # it raises if the end is missing
        yield event


def _as_text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _read(request: flask.Request, max_body_bytes: int) -> bytes:
    too_large = _too_large(max_body_bytes)
    if request.content_length is not None and request.content_length > max_body_bytes:
        raise too_large
    if BODY in request.environ:
        return request.environ[BODY]
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
