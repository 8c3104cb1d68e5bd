"""Percent-encoding (RFC 3986) undone in time and memory of the text's size.

``urllib`` cuts the text at each escape and takes a hundred times its memory for the pieces.
"""

import binascii
from collections.abc import Iterator

from fer.errors import InvalidInput

_MAX_FIELDS = 50


def unescaped(text: bytes) -> bytes:
    """Decode ``%41`` and its like; what follows a ``%`` that is no escape comes out as anything.

    Quoted-printable (RFC 2045) writes the same with another sign, and Python decodes it in C.
    """
    return binascii.a2b_qp(text.replace(b"=", b"=3D").replace(b"%", b"=")) if b"%" in text else text


def form_fields(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the fields of ``application/x-www-form-urlencoded`` in their order; raises InvalidInput for too many."""
    if body.count(b"&") >= _MAX_FIELDS:
        raise InvalidInput(f"A form may have at most {_MAX_FIELDS} fields.")
    for field in body.split(b"&"):
        name, _, value = field.partition(b"=")
        yield _text(name), unescaped(value.replace(b"+", b" "))


def _text(name: bytes) -> str:
    return unescaped(name.replace(b"+", b" ")).decode("utf-8", "replace")
