"""Recognises formats by their first bytes, including the names of those that are not supported."""

from fer.errors import InvalidInput, UnsupportedType

SEND = "Send a JPEG, PNG, WebP, GIF, BMP or AVIF image."

_READ = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
}
_NOT_READ = {
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "BigTIFF",
    b"MM\0+": "BigTIFF",
    b"IIU\0": "camera raw",
    b"IIRO": "camera raw",
    b"FUJIFILMCCD-RAW": "camera raw",
    b"II\xbc": "JPEG XR",
    b"\0\0\0\x0cjP": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cJXL": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
    b"8BPS": "Photoshop",
    b"\0\0\1\0": "icon (ICO)",
    b"icns": "icon (ICNS)",
    b"gimp xcf": "GIMP (XCF)",
    b"qoif": "QOI",
    b"v/1\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR",
    b"#?RGBE": "Radiance HDR",
    b"DDS ": "DDS",
    b"SIMPLE  =": "FITS",
    b"/* XPM": "XPM",
    b"FORM": "IFF",
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"PK\3\4": "ZIP",
    b"\x1f\x8b": "gzip",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"RIFF": "RIFF (sound or video)",
    b"\x1aE\xdf\xa3": "WebM or Matroska video",
    b"OggS": "Ogg",
    b"ID3": "MP3",
}
_PNM = {b"P%c" % kind: "PPM" for kind in b"1234567Ff"}
_TEXT = {b"<svg": "SVG", b"<!doctype svg": "SVG", b"<!doctype html": "HTML", b"<html": "HTML", b"<?xml": "XML"}
# https://nokiatech.github.io/heif/technical.html, and the registry at https://mp4ra.org
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "HEIC"),
    **dict.fromkeys((b"mif1", b"mif2", b"msf1"), "HEIF"),
    b"crx ": "camera raw",
    b"jxl ": "JPEG XL",
    b"jp2 ": "JPEG 2000",
    b"qt  ": "QuickTime video",
}


def format_of(data: bytes) -> str:
    """Return ``JPEG``, ``PNG``, ``WEBP``, ``GIF``, ``BMP`` or ``AVIF``.

    Raises ``UnsupportedType``, naming the format, for another known one, and ``InvalidInput`` for anything that is
    not an image.
    """
    if not data:
        raise InvalidInput("The image is empty.")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    for magic, name in _READ.items():
        if data.startswith(magic):
            return name
    other = _container_name(data) if data[4:8] == b"ftyp" else _other_name(data)
    if other == "AVIF":
        return other
    if other is None:
        raise InvalidInput(f"This is not an image. {SEND}")
    raise UnsupportedType(f"{other} files are not supported. {SEND}")


def _container_name(data: bytes) -> str:
    """Return the name of an ISO base media file (ISO/IEC 14496-12): by its major brand, then its compatible ones."""
    end = min(int.from_bytes(data[:4]), 256)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    names = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    if names[:1] == ["HEIF"]:  # a container that names its content further on
        names.sort(key=lambda name: name == "HEIF")
    return names[0] if names else "MP4 video"


def _other_name(data: bytes) -> str | None:
    for magic, name in _NOT_READ.items():
        if data.startswith(magic):
            return name
    if data[:4] == b"\0\0\2\0":  # a Targa file begins with the same, and continues with nothing
        return "cursor (CUR)" if data[4:6] != b"\0\0" else "Targa (TGA)"
    if data[:2] in _PNM and data[2:3] in (b" ", b"\t", b"\r", b"\n", b"#"):
        return _PNM[data[:2]]
    return _text_name(data[:1024])


def _text_name(head: bytes) -> str | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magic, name in _TEXT.items():
        if start.startswith(magic):
            return "SVG" if b"<svg" in start else name
    return None
