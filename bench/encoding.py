"""Boxes and labels, and PNG by row filter and packer: ``python -m bench.encoding [--runs N] [--json OUT]``.

OpenCV's levels and strategies, and ISA-L's levels with the filters that are cheap in NumPy, on the annotated
pictures of the other benchmarks, taking turns; CPU time on one core. The unit is OpenCV's YuNet at 640×480 in the
same run.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from isal import isal_zlib

from bench.harness.measures import circumstances, summary
from bench.harness.pictures import eight_faces, jpeg, one_face
from bench.harness.yardstick import Yardstick
from fer.domain import Face, Prediction
from fer.vision.annotation import annotate
from fer.vision.arrays import ImageRGB
from fer.vision.images import decode_image
from fer.vision.png import encode_png

Encoder = Callable[[ImageRGB], bytes]
OPENCV: Final[dict[str, list[int]]] = {
    "OpenCV, default": [],
    **{f"OpenCV, level {level}": [cv2.IMWRITE_PNG_COMPRESSION, level] for level in (0, 1, 3)},
    "OpenCV, filtered": [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_FILTERED],
    "OpenCV, Huffman only": [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY],
}


def by_opencv(parameters: list[int], image_rgb: ImageRGB) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), parameters)[1].tobytes()


def filtered(image_rgb: ImageRGB, which: str) -> ImageRGB:
    """The rows after the filter ``left``, ``above``, ``mean`` of these, or per row the better of the first two."""
    height, width, channels = image_rgb.shape
    rows = image_rgb.reshape(height, width * channels)
    above, left = np.zeros_like(rows), np.zeros_like(rows)
    above[1:], left[:, channels:] = rows[:-1], rows[:, :-channels]
    if which == "mean":
        return rows - ((left & above) + ((left ^ above) >> np.uint8(1)))
    if which == "row by row":
        both = np.stack([rows - left, rows - above])
        cost = np.abs(both.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int32)
        return np.where((cost[0] < cost[1])[:, np.newaxis], rows - left, rows - above)
    return rows - (left if which == "left" else above)


def by_isal(which: str, level: int, image_rgb: ImageRGB) -> bytes:
    """Return what would be in the file, nearly: the bytes that name each row's filter pack to nothing."""
    return isal_zlib.compress(filtered(image_rgb, which), level=level)


def candidates() -> dict[str, Encoder]:
    result: dict[str, Encoder] = {name: partial(by_opencv, options) for name, options in OPENCV.items()}
    for which in ("left", "above", "mean", "row by row"):
        for level in (0, 1, 2, 3) if which == "above" else (1,):
            result[f"ISA-L, {which}, level {level}"] = partial(by_isal, which, level)
    return {**result, "served": encode_png}


def measure_drawing(faces: int, runs: int, yardstick: Yardstick) -> dict[str, Any]:
    """Measure boxes and labels of a number of faces of 60×75 pixels in 640×480."""
    grid = [(10.0 + 75 * (each % 8), 60.0 + 130 * (each // 8), 60.0, 75.0) for each in range(faces)]
    scores = (0.05, 0.05, 0.0, 0.85, 0.05, 0.0, 0.0)
    drawn = [Prediction(face=Face(box_xywh=box, detection_score=0.9), scores=scores) for box in grid]
    picture, durations_s = one_face(640, 480), list[float]()
    for _ in range(runs + 1):
        yardstick.look()
        started_s = time.process_time()
        annotate(picture, drawn)
        durations_s.append(time.process_time() - started_s)
    figures = summary(durations_s[1:])
    return {"faces": faces, **figures, "yardsticks": yardstick.multiple(figures["median_ms"])}


def measure(image_rgb: ImageRGB, runs: int, yardstick: Yardstick) -> dict[str, Any]:
    encoders = candidates()
    durations_s: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(runs + 1):
        yardstick.look()
        for name, encode in encoders.items():
            started_s = time.process_time()
            encode(image_rgb)
            durations_s[name].append(time.process_time() - started_s)
    default_bytes = len(encoders["OpenCV, default"](image_rgb))
    report: dict[str, Any] = {}
    for name, encode in encoders.items():
        figures = summary(durations_s[name][1:])
        size = round(len(encode(image_rgb)) / default_bytes, 3)
        report[name] = {**figures, "yardsticks": yardstick.multiple(figures["median_ms"]), "size": size}
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    yardstick = Yardstick(time.process_time)
    pictures = {
        "640×480": decode_image(jpeg(one_face(640, 480))),
        "1280×720": decode_image(jpeg(eight_faces())),
        "12 MP, drawn at 4": annotate(decode_image(jpeg(one_face(4000, 3000))), []),
    }
    results = {name: measure(picture, options.runs, yardstick) for name, picture in pictures.items()}
    drawing = [measure_drawing(faces, options.runs, yardstick) for faces in (1, 8, 24)]
    report = {
        "benchmark": "encoding",
        **circumstances(),
        "yardstick": yardstick.figures(),
        "drawing": drawing,
        "results": results,
    }
    if options.json:
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for row in drawing:
        print(f"drawing {row['faces']:2} faces {row['median_ms']:30.1f} ms  {row['yardsticks']:5.2f}")
    for picture, rows in results.items():
        for name, row in rows.items():
            print(
                f"{picture:18} {name:26} {row['median_ms']:7.1f} ms  {row['yardsticks']:5.2f}  size {row['size']:.3f}"
            )


if __name__ == "__main__":
    main()
