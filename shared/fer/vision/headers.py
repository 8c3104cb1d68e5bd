"""What a picture's first bytes say: its format, size, orientation and whether it is all there.

Reading the headers here costs microseconds, comes before anything is decoded or unpacked, and does not depend
on how lenient a decoder is.
"""

import struct
from dataclasses import dataclass

from fer.errors import InvalidInput, UnsupportedType

_DAMAGED = "The image is damaged or not complete."
# A progressive JPEG has about ten scans; hundreds in a small file only serve to cost time.
_MAX_JPEG_SCANS = 64

_READABLE = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"P4", "PPM"),
    (b"P5", "PPM"),
    (b"P6", "PPM"),
)
_KNOWN_BUT_NOT_READ = (
    b"%PDF", b"<svg", b"<?xml", b"<!doc", b"<html", b"8BPS", b"\0\0\1\0", b"\0\0\2\0", b"\0\0\0\x0cjP",
    b"\0\0\0\x0cJXL", b"\xff\x0a", b"\xff\x4f\xff\x51", b"II+\0", b"MM\0+", b"SIMPLE", b"P1", b"P2", b"P3",
    b"P7", b"PF", b"Pf", b"\x1aE\xdf\xa3", b"v/1\x01", b"#?RAD", b"DDS ", b"PK\3\4", b"\x1f\x8b", b"RIFF",
    b"icns", b"gimp xcf", b"qoif", b"/* XPM", b"%!PS", b"IIRO", b"FORM", b"OggS", b"ID3",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """``size_wh`` and ``orientation`` (EXIF, 1 to 8) are None where only the decoder can tell.

    ``plain`` says that OpenCV reads it rightly, ``alpha`` that it then has a fourth channel.
    """

    format: str
    size_wh: tuple[int, int] | None = None
    orientation: int | None = None
    plain: bool = False
    alpha: bool = False


def read_header(data: bytes) -> Header:
    """Read the header of an encoded picture.

    Raises ``InvalidInput`` for what is no picture, damaged or cut off, and ``UnsupportedType`` for a format or
    variant that is not read.
    """
    name = _format_of(data)
    try:
        if name == "JPEG":
            return _jpeg(data)
        if name == "PNG":
            return _png(data)
        if name == "WEBP":
            return _webp(data)
    except (struct.error, IndexError) as error:  # the header itself is cut off
        raise InvalidInput(_DAMAGED) from error
    return Header(format=name)


def _format_of(data: bytes) -> str:
    if not data:
        raise InvalidInput("The image is empty.")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for magic, name in _READABLE:
        if data.startswith(magic):
            return name
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if data[4:8] == b"ftyp" or any(
        data.startswith(magic) or start.lower().startswith(magic.lower()) for magic in _KNOWN_BUT_NOT_READ
    ):
        raise UnsupportedType("This format is not read. Send a JPEG, PNG, WebP, GIF, BMP, TIFF or PPM image.")
    raise InvalidInput("This is not an image. Send a JPEG, PNG, WebP, GIF, BMP, TIFF or PPM image.")


def exif_orientation(exif: bytes) -> int:
    """Return the orientation (1 to 8) that an EXIF block (a small TIFF) states, 1 where it states none."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    try:
        if order is None:
            return 1
        (at,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, at)
        for index in range(entries):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", exif, at + 2 + 12 * index)
            if tag == 0x0112 and kind == 3 and count == 1:
                return value if 1 <= value <= 8 else 1
    except struct.error:  # a damaged EXIF block does not spoil the picture
        pass
    return 1


def _jpeg(data: bytes) -> Header:
    # ITU-T T.81, annex B: segments up to the first scan, the end marker after it
    at, orientation, frame = 2, 1, None
    while True:
        marker = data[at + 1]
        if data[at] != 0xFF:
            raise InvalidInput(_DAMAGED)
        if marker in (0xFF, 0x01):  # fill bytes, TEM
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if marker == 0xDA:
            break
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = exif_orientation(body)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker not in (0xC0, 0xC1, 0xC2) or body[0] != 8:
                raise UnsupportedType("This kind of JPEG is not read: only 8-bit baseline or progressive ones are.")
            frame = struct.unpack_from(">HHB", body, 1)
        at += 2 + length
    if frame is None or data.find(b"\xff\xd9", at) < 0 or data.count(b"\xff\xda", at) > _MAX_JPEG_SCANS:
        raise InvalidInput(_DAMAGED)
    height, width, components = frame
    return Header(format="JPEG", size_wh=(width, height), orientation=orientation, plain=components in (1, 3))


def _png(data: bytes) -> Header:
    # https://www.w3.org/TR/png-3/: chunks of length, type, body, CRC; IHDR first, IEND last
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    at, kinds, orientation = 8, set[bytes](), 1
    while b"IEND" not in kinds:
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if at + 12 + length > len(data) or (at == 8) != (kind == b"IHDR"):
            raise InvalidInput(_DAMAGED)
        if kind == b"eXIf":
            orientation = exif_orientation(data[at + 8 : at + 8 + length])
        kinds.add(kind)
        at += 12 + length
    if b"IDAT" not in kinds:
        raise InvalidInput(_DAMAGED)
    alpha = colour == 6 and depth == 8
    plain = not kinds & {b"tRNS", b"acTL"} and (colour in (0, 2, 3) or alpha)
    return Header(format="PNG", size_wh=(width, height), orientation=orientation, plain=plain, alpha=alpha)


def _webp(data: bytes) -> Header:
    # RFC 9649: a RIFF file of chunks; VP8X announces alpha, animation and metadata
    size_wh, alpha, animated, orientation = None, False, False, 1
    at = 12
    while at + 8 <= len(data):
        kind = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        body = memoryview(data)[at + 8 : at + 8 + length]
        if len(body) < length:
            raise InvalidInput(_DAMAGED)
        if kind == b"VP8X":
            alpha, animated = bool(body[0] & 16), bool(body[0] & 2)
            size_wh = (int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1)
        elif kind == b"VP8 " and size_wh is None:
            width, height = struct.unpack_from("<HH", body, 6)
            size_wh = (width & 0x3FFF, height & 0x3FFF)
        elif kind == b"VP8L" and size_wh is None:
            (bits,) = struct.unpack_from("<I", body, 1)
            size_wh, alpha = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits >> 28 & 1)
        elif kind == b"EXIF":
            orientation = exif_orientation(bytes(body))
        at += 8 + length + length % 2
    if size_wh is None:
        raise InvalidInput(_DAMAGED)
    return Header(format="WEBP", size_wh=size_wh, orientation=orientation, plain=not animated, alpha=alpha)
