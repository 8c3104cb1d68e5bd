"""Reads a picture's header: format, size, orientation and colours, before anything is decoded."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from fer.errors import InvalidInput
from fer.vision.decoding import pillow
from fer.vision.decoding.colours import MAX_PROFILE_BYTES
from fer.vision.decoding.formats import format_of
from fer.vision.decoding.jpeg import DAMAGED, read_jpeg_header
from fer.vision.decoding.limits import MAX_ODD_PIXELS, MAX_PIXELS

# Twice the number of chunks in a 24 MB PNG with libpng's 8 KB chunks.
_MAX_CHUNKS = 6_000
# What a pixel takes at most while it is decoded, as test_decoding_memory.py measures it: the
# decoder's and our own; of a JPEG in several scans its coefficients, of a picture with a profile the converted one;
# with transparency four channels before it is laid on white.
_PLAIN_BYTES, _THIRD_COPY_BYTES, _ALPHA_BYTES = 6, 9, 13
_PILLOW_BYTES = {"BMP": 15, "GIF": 16, "JPEG": 17, "PNG": 19, "AVIF": 22, "WEBP": 29}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a header says; ``size_wh`` is before ``orientation`` (EXIF, 1 to 8) is applied.

    ``plain`` says that OpenCV decodes it rightly, with a fourth channel where ``alpha``. What is not plain is left
    to Pillow, takes up to five times the memory on the way, and is read up to ``max_pixels``; ``kind`` names it.
    ``scans`` says that a JPEG has several.
    """

    format: str
    kind: str
    size_wh: tuple[int, int]
    plain: bool
    max_pixels: int
    orientation: int = 1
    alpha: bool = False
    grey: bool = False
    scans: bool = False
    icc_profile: bytes = b""

    @property
    def pixels(self) -> int:
        return self.size_wh[0] * self.size_wh[1]

    @property
    def bytes_per_px(self) -> int:
        """The most that a pixel takes while it is decoded."""
        if not self.plain:
            return _PILLOW_BYTES[self.format]
        if self.alpha:
            return _ALPHA_BYTES
        return _THIRD_COPY_BYTES if self.scans or self.icc_profile else _PLAIN_BYTES

    @property
    def charged_pixels(self) -> int:
        """How many pixels of a plain, opaque picture take as much memory as this one."""
        return self.pixels * self.bytes_per_px // _PLAIN_BYTES


def read_header(data: bytes) -> Header:
    """Read the header of an encoded picture; takes microseconds and unpacks nothing.

    Raises ``InvalidInput`` for anything that is not a picture or has a damaged header, ``UnsupportedType`` for a
    format or variant that is not supported, and ``TooLarge`` if the header claims too much.
    """
    name = format_of(data)
    try:
        if name == "JPEG":
            return _jpeg(data)
        if name == "PNG":
            return _png(data)
        if name == "WEBP":
            return _webp(data)
    except (struct.error, IndexError) as error:  # the header itself is truncated
        raise InvalidInput(DAMAGED) from error
    return _of_pillow(data, name)


def _max_pixels(*, plain: bool) -> int:
    return MAX_PIXELS if plain else MAX_ODD_PIXELS


def exif_orientation(exif: bytes) -> int:
    """Return the orientation (1 to 8) that an EXIF block (a small TIFF) states, 1 if none."""
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
    found = read_jpeg_header(data)
    plain = found.components in (1, 3)
    return Header(
        format="JPEG",
        kind="JPEG" if plain else "CMYK JPEG",
        size_wh=found.size_wh,
        plain=plain,
        max_pixels=_max_pixels(plain=plain),
        orientation=exif_orientation(found.exif),
        grey=found.components == 1,
        scans=found.scans,
        icc_profile=found.icc_profile,
    )


def _webp(data: bytes) -> Header:
    # RFC 9649: a RIFF file of chunks; the first says what the others are
    first = data[12:16]
    if first == b"VP8X":
        flags, size = data[20], data[24:30]
        animated = bool(flags & 2)
        size_wh = (int.from_bytes(size[:3], "little") + 1, int.from_bytes(size[3:], "little") + 1)
        chunks = dict(_webp_chunks(data)) if flags & (8 | 32) else {}
        return Header(
            format="WEBP",
            kind="animated WebP" if animated else "WebP",
            size_wh=size_wh,
            plain=not animated,
            max_pixels=_max_pixels(plain=not animated),
            alpha=bool(flags & 16),
            orientation=exif_orientation(chunks.get(b"EXIF", b"")),
            icc_profile=chunks.get(b"ICCP", b""),
        )
    alpha = False
    if first == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        size_wh, alpha = ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), bool(bits >> 28 & 1)
    elif first == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        size_wh = (width & 0x3FFF, height & 0x3FFF)
    else:
        raise InvalidInput(DAMAGED)
    return Header(format="WEBP", kind="WebP", size_wh=size_wh, plain=True, max_pixels=MAX_PIXELS, alpha=alpha)


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    for _ in range(_MAX_CHUNKS):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if len(kind) < 4:
            return
        if kind in (b"EXIF", b"ICCP"):
            yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _png(data: bytes) -> Header:
    # https://www.w3.org/TR/png-3/: chunks of length, type, body, CRC, of which IHDR is the first
    if data[12:16] != b"IHDR":
        raise InvalidInput(DAMAGED)
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    chunks = dict(_png_chunks(data))
    odd = {b"acTL", b"tRNS"} & chunks.keys()
    kind = "animated PNG" if b"acTL" in chunks else "PNG of a rare kind with transparency"
    # OpenCV reads every depth, but alpha only with 8 bits, and no transparent colours or animation. It allocates what
    # a chunk's length claims, so all chunks must be present.
    plain = b"IEND" in chunks and not odd and (colour in (0, 2, 3) or (colour, depth) == (6, 8))
    return Header(
        format="PNG",
        kind=kind,
        size_wh=(width, height),
        plain=plain,
        max_pixels=_max_pixels(plain=plain),
        orientation=exif_orientation(_png_exif(data)),
        alpha=colour == 6,
        grey=colour in (0, 4),
        icc_profile=_unpacked(chunks.get(b"iCCP", b"")),
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks that say how to read the pixels, and the last one, as long as they are contiguous."""
    at = 8
    for _ in range(_MAX_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if at + 12 + length > len(data):
            return
        if kind in (b"acTL", b"tRNS", b"iCCP", b"IEND"):
            yield kind, data[at + 8 : at + 8 + length]
        if kind == b"IEND":
            return
        at += 12 + length


def _png_exif(data: bytes) -> bytes:
    """Return the body of the eXIf chunk, which may come before or after the pixels."""
    at = data.rfind(b"eXIf") - 4
    length = int.from_bytes(data[at : at + 4]) if at >= 8 else 0
    body, crc = data[at + 8 : at + 8 + length], data[at + 8 + length : at + 12 + length]
    # The checksum distinguishes it from the same four letters within packed pixels.
    return body if length and zlib.crc32(b"eXIf" + body).to_bytes(4) == crc else b""


def _unpacked(chunk: bytes) -> bytes:
    """Return the profile in an iCCP chunk, empty if damaged or too large."""
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(chunk[chunk.find(b"\0") + 2 :], MAX_PROFILE_BYTES)
    except zlib.error:
        return b""
    return profile if unpacker.eof else b""


def _of_pillow(data: bytes, name: str) -> Header:
    found = pillow.read_header(data, name)
    return Header(
        format=name,
        kind=found.kind,
        size_wh=found.size_wh,
        plain=False,
        max_pixels=found.max_pixels,
        orientation=exif_orientation(found.exif),
        grey=found.grey,
        icc_profile=found.icc_profile,
    )
