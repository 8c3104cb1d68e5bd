"""Mosaics: portraits of known sizes on pictures without a face, to measure which faces a detector misses.

The portraits come from a zip of square JPEGs that show 1.5 times the square of the face chip, with the face's box in
the middle.
"""

import itertools
import math
import random
import statistics
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from fer.domain import BoxXYWH, Face
from fer.vision.alignment import FRAMING_FACTOR
from fer.vision.arrays import ImageRGB
from fer.vision.images import decode_image

# Around its face, a portrait shows 1.5 times what the face chip shows.
PORTRAIT_SIDES = 1.5 * FRAMING_FACTOR
_TRIES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Mosaic:
    """A picture and its faces' boxes, as squares."""

    image_rgb: ImageRGB
    faces_xywh: list[BoxXYWH]


class Portraits:
    """The portraits of a zip, in random order without end."""

    def __init__(self, path: Path, seed: int) -> None:
        self._zip = zipfile.ZipFile(path)
        self._names = sorted(name for name in self._zip.namelist() if name.endswith(".jpg"))
        self._random = random.Random(seed)

    def __iter__(self) -> Iterator[ImageRGB]:
        while True:
            for name in self._random.sample(self._names, len(self._names)):
                yield decode_image(self._zip.read(name))


def mosaics(
    portraits: Path,
    backgrounds: Sequence[ImageRGB],
    *,
    size_wh: tuple[int, int],
    sides_px: tuple[float, float],
    faces: int,
    seed: int = 11,
) -> Iterator[Mosaic]:
    """Yield one mosaic for each background, with up to ``faces`` faces whose sides are spread evenly in octaves."""
    dice = random.Random(seed)
    source = iter(Portraits(portraits, seed))
    low, high = (math.log(side) for side in sides_px)
    for background in backgrounds:
        canvas = covering(background, size_wh)
        sides = sorted((math.exp(dice.uniform(low, high)) for _ in range(faces)), reverse=True)
        placed: list[tuple[int, int, int]] = []
        boxes: list[BoxXYWH] = []
        for side in sides:
            place = _free_place(placed, round(side * PORTRAIT_SIDES), size_wh, dice)
            if place is None:
                continue
            placed.append(place)
            x, y, tile = place
            portrait = next(source)
            how = cv2.INTER_AREA if tile < portrait.shape[0] else cv2.INTER_CUBIC
            canvas[y : y + tile, x : x + tile] = cv2.resize(portrait, (tile, tile), interpolation=how)
            face = tile / PORTRAIT_SIDES
            boxes.append((x + (tile - face) / 2, y + (tile - face) / 2, face, face))
        yield Mosaic(image_rgb=canvas, faces_xywh=boxes)


def covering(image_rgb: ImageRGB, size_wh: tuple[int, int]) -> ImageRGB:
    """Scale and crop a picture so that it fills ``size_wh``; always a copy."""
    height, width = image_rgb.shape[:2]
    factor = max(size_wh[0] / width, size_wh[1] / height)
    scaled_wh = (max(size_wh[0], round(width * factor)), max(size_wh[1], round(height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(image_rgb, scaled_wh, interpolation=how), np.uint8)
    return scaled[: size_wh[1], : size_wh[0]].copy()


def _free_place(
    placed: Sequence[tuple[int, int, int]], tile: int, size_wh: tuple[int, int], dice: random.Random
) -> tuple[int, int, int] | None:
    """Return the top left corner of a square that overlaps none of the others, and its side."""
    if tile > min(size_wh):
        return None
    for _ in range(_TRIES):
        x, y = dice.randint(0, size_wh[0] - tile), dice.randint(0, size_wh[1] - tile)
        if all(x + tile <= px or px + side <= x or y + tile <= py or py + side <= y for px, py, side in placed):
            return x, y, tile
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Mosaics of one size: ``rounds`` on each background, or ``patchworks`` on all of them side by side."""

    name: str
    size_wh: tuple[int, int]
    sides_px: tuple[float, float]
    faces: int
    rounds: int = 1
    patchworks: int = 0

    def backgrounds(self, pictures: Sequence[ImageRGB]) -> list[ImageRGB]:
        if self.patchworks:
            return [patchwork(pictures, self.size_wh)] * self.patchworks
        return [*pictures] * self.rounds


TINY_PX: Final = (38, 42)
KINDS: Final = (
    Kind(name="640×480", size_wh=(640, 480), sides_px=(24, 150), faces=14, rounds=2),
    Kind(name="1280×720", size_wh=(1280, 720), sides_px=(24, 150), faces=24),
    Kind(name="12 MP", size_wh=(4000, 3000), sides_px=TINY_PX, faces=24),
    Kind(name="12 MP full of detail", size_wh=(4000, 3000), sides_px=TINY_PX, faces=24, patchworks=3),
)
STEPS_PX: Final = (0, 32, 48, 1000)


def patchwork(pictures: Sequence[ImageRGB], size_wh: tuple[int, int], tile_px: int = 500) -> ImageRGB:
    """Return all pictures side by side, again and again, each nearly as it is: detail everywhere."""
    source = itertools.cycle(pictures)
    canvas = np.empty((size_wh[1], size_wh[0], 3), np.uint8)
    for y in range(0, size_wh[1], tile_px):
        for x in range(0, size_wh[0], tile_px):
            place = canvas[y : y + tile_px, x : x + tile_px]
            place[:] = covering(next(source), (tile_px, tile_px))[: place.shape[0], : place.shape[1]]
    return canvas


def measure_mosaics(
    detect: Callable[[ImageRGB], list[Face]], portraits: Path, pictures: Sequence[ImageRGB], seed: int
) -> dict[str, Any]:
    """For each kind: recall in all and by size, false faces a mosaic, and the median of processor time."""
    report: dict[str, Any] = {}
    for kind in KINDS:
        hits: list[tuple[float, bool]] = []
        false, durations_ms = 0, list[float]()
        backgrounds = kind.backgrounds(pictures)
        options: dict[str, Any] = {"size_wh": kind.size_wh, "sides_px": kind.sides_px, "faces": kind.faces}
        for mosaic in mosaics(portraits, backgrounds, seed=seed, **options):
            started_s = time.thread_time()
            found = detect(mosaic.image_rgb)
            durations_ms.append((time.thread_time() - started_s) * 1000)
            hits += [(box[2], any(matches(face, box) for face in found)) for box in mosaic.faces_xywh]
            false += sum(not any(matches(face, box) for box in mosaic.faces_xywh) for face in found)
        report[kind.name] = {
            "faces": len(hits),
            "recall": round(statistics.mean(hit for _, hit in hits), 4),
            "by_size": {
                f"{low}-{high}": round(statistics.mean(part), 4)
                for low, high in itertools.pairwise(STEPS_PX)
                if (part := [hit for side, hit in hits if low <= side < high])
            },
            "false_per_mosaic": round(false / len(backgrounds), 3),
            "median_ms": round(statistics.median(durations_ms), 1),
        }
        print(kind.name, report[kind.name], flush=True)
    return report


def matches(found: Face, truth: BoxXYWH) -> bool:
    """Return whether the centre is within 0.35 of the side, and the size between half and twice."""
    side = math.sqrt(truth[2] * truth[3])
    x, y, w, h = found.box_xywh
    off = math.hypot(x + w / 2 - truth[0] - truth[2] / 2, y + h / 2 - truth[1] - truth[3] / 2)
    return off <= 0.35 * side and 0.5 <= math.sqrt(w * h) / side <= 2
