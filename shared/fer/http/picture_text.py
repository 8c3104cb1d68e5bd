"""A picture as text: a data URL (RFC 2397) or bare base64 (RFC 4648), as real clients write them."""

import re

import pybase64

from fer.errors import InvalidInput, UnsupportedType
from fer.http.escapes import unescaped

# Everything before the first comma, including parameters such as charset or name.
_HEAD = re.compile(r"data:(?P<media_type>[^;,]*)(?P<parameters>(?:;[^;,]*)*),", re.IGNORECASE)
_MAX_HEAD_CHARS = 1000
_ADDRESS = re.compile(r"(?!data:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_WHITESPACE = b" \t\r\n"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_EXPECTED = "'image' must be a data URL such as 'data:image/png;base64,…', or plain base64."


def picture_of_text(value: object) -> bytes:
    """Return the encoded picture in a text.

    Base64 may have line breaks, lack padding, use the URL-safe alphabet or be percent-encoded. Raises InvalidInput
    for anything else, and UnsupportedType for a data URL whose media type is not an image.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(_EXPECTED)
    text = value.strip()
    if text[:7].lower() == "data%3a":  # encoded as a whole, as for a form
        text = unescaped(_ascii(text)).decode("ascii", "replace")
    if text[:5].lower() == "data:":
        return _of_data_url(text)
    if _ADDRESS.match(text, 0, 40):
        raise InvalidInput(f"{_EXPECTED} URLs are not fetched.")
    return _of_base64(text)


def _of_data_url(text: str) -> bytes:
    head = _HEAD.match(text, 0, _MAX_HEAD_CHARS)
    if head is None:
        raise InvalidInput(_EXPECTED)
    media_type = head["media_type"].strip().lower()
    if not media_type.startswith("image/") and media_type not in ("", "application/octet-stream"):
        raise UnsupportedType("The data URL in 'image' must have an image media type.")
    payload = text[head.end() :]
    if not payload.strip():
        raise InvalidInput("The data URL in 'image' is empty.")
    if head["parameters"].rpartition(";")[2].strip().lower() == "base64":
        return _of_base64(payload)
    return unescaped(payload.encode("utf-8", "replace"))


def _of_base64(text: str) -> bytes:
    try:
        return _decoded(text)
    except ValueError:  # normalising a megabyte takes longer than decoding it, and is seldom needed
        pass
    plain = unescaped(_ascii(text)).translate(_URL_SAFE, _WHITESPACE)
    if b"=" not in plain:
        plain += b"=" * (-len(plain) % 4)
    try:
        return _decoded(plain)
    except ValueError as error:
        raise InvalidInput("The base64 in 'image' is not valid.") from error


def _ascii(text: str) -> bytes:
    """Return the text's bytes; what is not ASCII is no base64 either."""
    return text.encode("ascii", "replace")


def _decoded(text: str | bytes) -> bytes:
    """Decode strict base64; raise ValueError (or binascii.Error, its subclass) for anything else."""
    return pybase64.b64decode(text, validate=True)
