"""Damages encoded pictures in the ways that have confused decoders; deterministic for each number."""

import random
import struct
import zlib
from collections.abc import Callable, Mapping

_EXTREMES = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x100, 1000, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)
_HEADER_BYTES = 120


class Mutator:
    """Makes damaged pictures from intact ones, each of ``size_wh``."""

    def __init__(self, pictures: Mapping[str, bytes], size_wh: tuple[int, int], *, seed: int) -> None:
        self._pictures = pictures
        self._names = sorted(pictures)
        self._size_wh = size_wh
        self._seed = seed
        self._kinds: tuple[Callable[[random.Random, bytes], bytes], ...] = (
            _cut_off,
            _flip_in_header,
            _flip_anywhere,
            _wrong_number,
            self._other_size,
            _without_part,
            _part_twice,
            _zeroed_part,
            _more_behind,
            self._part_of_another,
            _other_rows,
        )

    def make(self, number: int) -> tuple[str, bytes]:
        """Return what was damaged and how, for people, and the damaged bytes."""
        chance = random.Random(f"{self._seed}/{number}")
        name = self._names[number % len(self._names)]
        kind = self._kinds[(number // len(self._names)) % len(self._kinds)]
        data = kind(chance, self._pictures[name])
        if chance.random() < 0.2:
            kind_too = chance.choice(self._kinds)
            data = kind_too(chance, data) if data else data
        if name.startswith("png") and chance.random() < 0.7:  # a wrong checksum would hide deeper damage
            data = _with_checksums(data)
        return f"{name}: {kind.__name__.strip('_').replace('_', ' ')}", data

    def _other_size(self, chance: random.Random, data: bytes) -> bytes:
        """Return the sides exchanged, or one replaced, wherever they stand in whatever byte order."""
        width, height = self._size_wh
        sides = [(height, width), (width, height * 16), (width * 40, height), (width, 65535), (5000, 5000), (1, 1)]
        new_width, new_height = chance.choice(sides)
        for form in (">HH", "<HH", ">II", "<II", "<Ii"):
            old = [struct.pack(form, width, height), struct.pack(form, height, width)]
            if form == "<Ii":
                old = [struct.pack(form, width, -height)]
            for number, packed in enumerate(old):
                new = (new_width, new_height) if number == 0 else (new_height, new_width)
                data = data.replace(packed, struct.pack(form.upper(), *new))
        canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        other = (new_width - 1).to_bytes(3, "little") + (new_height - 1).to_bytes(3, "little")
        return data.replace(canvas, other)

    def _part_of_another(self, chance: random.Random, data: bytes) -> bytes:
        other = self._pictures[chance.choice(self._names)]
        at, of = chance.randrange(len(data) + 1), chance.randrange(len(other))
        return data[:at] + other[of : of + chance.randrange(1, 2000)] + data[at + chance.choice((0, 100)) :]


def _cut_off(chance: random.Random, data: bytes) -> bytes:
    kept = data[: chance.randrange(len(data))]
    # A decoder that is told where the picture ends may believe it.
    return kept + chance.choice((b"", b"", b"\xff\xd9", b"\0;", b"\0\0\0\0IEND\xaeB`\x82", b"\0\1"))


def _flip_in_header(chance: random.Random, data: bytes) -> bytes:
    return _flipped(chance, data, min(len(data), _HEADER_BYTES))


def _flip_anywhere(chance: random.Random, data: bytes) -> bytes:
    return _flipped(chance, data, len(data))


def _flipped(chance: random.Random, data: bytes, end: int) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randrange(1, 9)):
        damaged[chance.randrange(end)] ^= chance.choice((1, 2, 4, 8, 16, 32, 64, 128, 255))
    return bytes(damaged)


def _wrong_number(chance: random.Random, data: bytes) -> bytes:
    size = chance.choice((1, 2, 4))
    order = chance.choice(("big", "little"))
    number = (chance.choice(_EXTREMES) % 256**size).to_bytes(size, order)
    at = chance.randrange(min(len(data), chance.choice((_HEADER_BYTES, 100_000))))
    return data[:at] + number + data[at + size :]


def _without_part(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.randrange(1, 1 + len(data) // 3) :]


def _part_twice(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    end = at + chance.randrange(1, 1 + len(data) // 3)
    return data[:end] + data[at:]


def _zeroed_part(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    part = data[at : at + chance.randrange(1, 1 + len(data) // 2)]
    return data[:at] + chance.choice((b"\0", b"\xff")) * len(part) + data[at + len(part) :]


def _more_behind(chance: random.Random, data: bytes) -> bytes:
    return data + chance.randbytes(chance.randrange(1, 5000))


def _other_rows(chance: random.Random, data: bytes) -> bytes:
    """Damage a PNG's rows before packing them again, usually leaving too few; damage the end of other formats."""
    start = data.find(b"IDAT")
    if not data.startswith(b"\x89PNG") or start < 0:
        at = len(data) - chance.randrange(1, min(len(data), 400))
        return data[:at] + chance.randbytes(chance.randrange(1, 40)) + data[at + 20 :]
    length = int.from_bytes(data[start - 4 : start])
    try:
        rows = zlib.decompress(data[start + 4 : start + 4 + length])
    except zlib.error:
        return data
    rows = rows[: chance.randrange(len(rows))] if chance.random() < 0.7 else _flipped(chance, rows, len(rows))
    packed = zlib.compress(rows)
    chunk = len(packed).to_bytes(4) + b"IDAT" + packed + zlib.crc32(b"IDAT" + packed).to_bytes(4)
    return data[: start - 4] + chunk + data[start + 8 + length :]


def _with_checksums(data: bytes) -> bytes:
    """Return the chunks of a PNG with the checksums that belong to them, as far as they can be followed."""
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        if at + 12 + length > len(data):
            break
        chunk = data[at + 4 : at + 8 + length]
        parts += [data[at : at + 4], chunk, zlib.crc32(chunk).to_bytes(4)]
        at += 12 + length
    return b"".join([*parts, data[at:]])
