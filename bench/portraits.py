"""Portraits as large JPEGs, of which a half is decoded: ``python -m bench.portraits --portraits ZIP [--photos DIR]``.

Small faces next to one of about 1,000 pixels in 12 megapixels: how many are found in the whole picture, and in as
much of it as is served. With ``--photos`` (a directory with ``faces/``), whether photos enlarged to 4,000
pixels have the same answer.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from bench.detection import face_free_pictures, read_photos
from bench.harness.measures import ROOT
from bench.harness.mosaics import Mosaic, matches, mosaics
from bench.harness.pictures import jpeg
from bench.harness.yardstick import Yardstick
from fer.domain import BoxXYWH, Face
from fer.usecases.predict import Recogniser, open_recogniser
from fer.vision.boxes import iou
from fer.vision.images import decode_image
from fer.vision.locating import locate_faces
from local.samples import astronaut

SIZE_WH: Final = (4000, 3000)
BANDS_PX: Final = ((40, 60), (60, 96), (96, 150), (150, 240), (240, 400))
PORTRAIT_WH: Final = (1466, 2000)
PLACES: Final = [(x, y) for x in (1300, 0, 2500) for y in (900, 0)]
MAX_PIXELS: Final = 50_000_000


def with_portrait(mosaic: Mosaic) -> tuple[bytes, list[BoxXYWH]]:
    """Return the mosaic with a portrait where it covers fewest faces, and the faces that are left."""
    left = [[box for box in mosaic.faces_xywh if _apart(box, place)] for place in PLACES]
    best = max(range(len(PLACES)), key=lambda index: len(left[index]))
    (x, y), (width, height) = PLACES[best], PORTRAIT_WH
    portrait = cv2.resize(astronaut()[:300, 110:330], PORTRAIT_WH, interpolation=cv2.INTER_CUBIC)
    mosaic.image_rgb[y : y + height, x : x + width] = portrait
    return jpeg(mosaic.image_rgb), left[best]


def _apart(box_xywh: BoxXYWH, place: tuple[int, int]) -> bool:
    (x, y, w, h), (left, top), (width, height) = box_xywh, place, PORTRAIT_WH
    return x + 1.4 * w < left or x - 0.4 * w > left + width or y + 1.4 * h < top or y - 0.4 * h > top + height


def measure_small_faces(recogniser: Recogniser, portraits: Path, every: int) -> dict[str, Any]:
    """Recall by size, false faces, and processor time with decoding, of both ways in turn."""
    detector, yardstick = recogniser.detector, Yardstick(clock=time.process_time)
    ways: dict[str, Callable[[bytes], list[Face]]] = {
        "whole": lambda data: detector.detect(decode_image(data)),
        "served": lambda data: locate_faces(data, detector, max_pixels=MAX_PIXELS).faces,
    }
    hits = {way: {str(band): list[bool]() for band in BANDS_PX} for way in ways}
    false, taken_ms = dict.fromkeys(ways, 0), {way: list[float]() for way in ways}
    backgrounds = face_free_pictures()[::6][::every]
    for band in BANDS_PX:
        for mosaic in mosaics(portraits, backgrounds, size_wh=SIZE_WH, sides_px=band, faces=5, seed=3):
            data, boxes = with_portrait(mosaic)
            for way, find in ways.items():
                yardstick.look()
                started_s = time.process_time()
                faces = find(data)
                taken_ms[way].append((time.process_time() - started_s) * 1000)
                hits[way][str(band)] += [any(matches(face, box) for face in faces) for box in boxes]
                small = [face for face in faces if face.box_xywh[2] < 500]
                false[way] += sum(not any(matches(face, box) for box in boxes) for face in small)
    return {
        way: {
            "recall": {band: round(statistics.mean(found), 3) for band, found in hits[way].items()},
            "faces": sum(map(len, hits[way].values())),
            "false": false[way],
            "yardsticks": yardstick.multiple(statistics.median(taken_ms[way])),
        }
        for way in ways
    }


def measure_answers(recogniser: Recogniser, photos: Path, every: int) -> dict[str, Any]:
    """Compare the largest face's label, scores and box with those from the whole picture."""
    labels, differences, overlaps, elsewhere = list[bool](), list[float](), list[float](), 0
    for _, photo_rgb in read_photos(photos, every):
        factor = SIZE_WH[0] / max(photo_rgb.shape[:2])
        size_wh = (2 * round(photo_rgb.shape[1] * factor / 2), 2 * round(photo_rgb.shape[0] * factor / 2))
        data = jpeg(np.asarray(cv2.resize(photo_rgb, size_wh, interpolation=cv2.INTER_CUBIC), np.uint8))
        located = locate_faces(data, recogniser.detector, max_pixels=MAX_PIXELS)
        whole = recogniser.recognise(decode_image(data))
        if located.share == 1 or not whole:
            continue
        expected, served = whole[0], recogniser.recognise_located(located)
        same = [one for one in served if iou(one.face.box_xywh, expected.face.box_xywh) > 0.5]
        elsewhere += not same
        for one in same[:1]:
            labels.append(one.expression == expected.expression)
            differences += np.abs(np.array(one.scores) - expected.scores).tolist()
            overlaps.append(iou(one.face.box_xywh, expected.face.box_xywh))
    return {
        "compared": len(labels),
        "elsewhere": elsewhere,
        "same_label": sum(labels),
        "scores_within_0.02": round(statistics.mean(value <= 0.02 for value in differences), 4),
        "median_overlap": round(statistics.median(overlaps), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--portraits", type=Path, required=True, help="zip of portraits, for mosaics")
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--every", type=int, default=1, help="every nth background and photo only")
    options = parser.parse_args()
    recogniser = open_recogniser("yunet", models_dir=ROOT / "models")
    print(json.dumps(measure_small_faces(recogniser, options.portraits, options.every)), flush=True)
    if options.photos:
        print(json.dumps(measure_answers(recogniser, options.photos, options.every)))


if __name__ == "__main__":
    main()
