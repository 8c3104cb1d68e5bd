"""Walks a JPEG's headers as libjpeg does, no more strictly (ITU-T T.81, annex B).

Phone photos are the common case and the reason why this format is not left to Pillow, which takes longer to
import than the photo to decode and does not count scans.
"""

import re
import struct
from dataclasses import dataclass

from fer.errors import InvalidInput, UnsupportedType

# A progressive JPEG has about ten scans; hundreds in a small file can only be meant to waste time.
MAX_SCANS = 64
# A photo has about a dozen segments, one with depth maps and profiles hundreds.
MAX_SEGMENTS = 5_000
DAMAGED = "The image is damaged or incomplete."

# As in libjpeg's next_marker: anything between markers is skipped, including fill (FF FF) and stuffing (FF 00).
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_SCAN_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # restart markers belong to a scan
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD8))
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_READ_FRAMES = (0xC0, 0xC1, 0xC2)
_START_OF_SCAN, _END = 0xDA, 0xD9
_EXIF, _PROFILE = b"Exif\0\0", b"ICC_PROFILE\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegHeader:
    """What stands before the first scan; ``exif`` and ``icc_profile`` are empty where there is none.

    A JPEG of several ``scans`` is held as a whole, in coefficients, before its first pixel is there.
    """

    size_wh: tuple[int, int]
    components: int
    scans: bool
    exif: bytes
    icc_profile: bytes


def read_jpeg_header(data: bytes) -> JpegHeader:
    """Read the segments up to the first scan, and count the scans.

    Raises ``InvalidInput`` for anything that libjpeg cannot read, or only at great cost, and ``UnsupportedType`` for
    a lossless, arithmetic or 12-bit JPEG.
    """
    at, progressive, frame, exif = 2, False, b"", b""
    profile: dict[int, bytes] = {}
    for _ in range(MAX_SEGMENTS):
        marker, at = _next(_MARKER, data, at)
        if marker in _WITHOUT_LENGTH:
            continue
        body, at = _segment(data, at)
        if marker in _FRAMES and not frame:  # libjpeg refuses a second one
            frame, progressive = _checked_frame(marker, body), marker == 0xC2
        elif marker == 0xE1 and body.startswith(_EXIF) and not exif:
            exif = body
        elif marker == 0xE2 and body.startswith(_PROFILE) and len(body) > 14:
            profile.setdefault(body[12], body[14:])
        elif marker == _START_OF_SCAN:
            break
    else:
        raise InvalidInput("The JPEG has too many segments.")
    if not frame or not body:
        raise InvalidInput(DAMAGED)
    height, width, components = struct.unpack_from(">HHB", frame, 1)
    if frame[0] != 8:
        raise UnsupportedType("JPEGs with 12 bits per colour are not supported; send one with 8 bits.")
    scans = progressive or body[0] < components
    if scans:
        _check_scans(data, at)
    return JpegHeader(
        size_wh=(width, height),
        components=components,
        scans=scans,
        exif=exif,
        icc_profile=b"".join(profile[number] for number in sorted(profile)),
    )


def _next(marker: re.Pattern[bytes], data: bytes, at: int) -> tuple[int, int]:
    """Return the next marker from ``at`` on, and where what follows it begins."""
    found = marker.search(data, at)
    if found is None:
        raise InvalidInput(DAMAGED)
    return data[found.end() - 1], found.end()


def _segment(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the body of the segment whose length is at ``at``, and where it ends."""
    end = at + int.from_bytes(data[at : at + 2])
    if end < at + 2 or end > len(data):
        raise InvalidInput(DAMAGED)
    return data[at + 2 : end], end


def _checked_frame(marker: int, body: bytes) -> bytes:
    if marker not in _READ_FRAMES:
        kind = "An arithmetic-coded" if marker >= 0xC9 else "A lossless or hierarchical"
        raise UnsupportedType(f"{kind} JPEG is not supported; send a baseline or progressive one.")
    if len(body) < 6:
        raise InvalidInput(DAMAGED)
    return body


def _check_scans(data: bytes, at: int) -> None:
    """Count the scans up to the end of the image, not of the file."""
    scans = 1
    for _ in range(MAX_SEGMENTS):
        marker, at = _next(_SCAN_MARKER, data, at)
        if marker == _END:
            return
        if marker < 0xC0:  # not a segment: libjpeg refuses it, or skips it while looking for a restart marker
            continue
        scans += marker == _START_OF_SCAN
        if scans > MAX_SCANS:
            break
        _, at = _segment(data, at)
    raise InvalidInput(f"The JPEG has more than {MAX_SCANS} scans.")
