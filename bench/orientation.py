"""Photos that lost their orientation: ``python -m bench.orientation --photos DIR [--every N] [--json OUT]``.

``DIR`` holds ``faces/``. Of the photos that are answered with a confidence above 0.6, the share whose answer is the
same when they are turned by 90, 180 and 270 degrees; and what looking for that costs the upright ones, in processor
time of detection, alignment and classification, measured alternately with and without it.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.detection import Photo, read_photos
from bench.harness.measures import ROOT, circumstances
from fer.domain import Prediction
from fer.usecases.predict import Recogniser, open_recogniser
from fer.vision.arrays import ImageRGB
from fer.vision.detection import looks

MIN_CONFIDENCE: Final = 0.6
QUARTERS: Final = {"90": 3, "180": 2, "270": 1}
QUESTION: Final = "quarters_to_upright"
"""What `find_faces` asks; replaced to measure what it costs."""


def answer(predictions: Sequence[Prediction]) -> str:
    return predictions[0].expression if predictions else "no face"


def measure_answers(recogniser: Recogniser, photos: Sequence[Photo]) -> dict[str, Any]:
    """Return the share of unchanged answers for each turn, clockwise in degrees."""
    same: dict[str, list[bool]] = {degrees: [] for degrees in QUARTERS}
    for _, image_rgb in photos:
        upright = recogniser.recognise(image_rgb)
        if not upright or upright[0].confidence <= MIN_CONFIDENCE:
            continue
        for degrees, quarters in QUARTERS.items():
            turned = recogniser.recognise(np.ascontiguousarray(np.rot90(image_rgb, quarters)))
            same[degrees].append(answer(turned) == answer(upright))
    shares = {degrees: round(statistics.mean(values), 4) for degrees, values in same.items()}
    return {"photos": len(same["90"]), "same_answer": shares}


def _never_asked(*_: Any, **__: Any) -> int:
    return 0


def measure_cost(recogniser: Recogniser, photos: Sequence[Photo]) -> dict[str, Any]:
    """Sums over the photos, each the fastest of five alternating tries."""
    test = getattr(looks, QUESTION)
    sums_ms = {"with": 0.0, "without": 0.0}
    for _, image_rgb in photos:
        tries: dict[str, list[float]] = {"with": [], "without": []}
        for _ in range(5):
            for which in tries:
                setattr(looks, QUESTION, test if which == "with" else _never_asked)
                tries[which].append(processor_ms(recogniser, image_rgb))
        for which, durations_ms in tries.items():
            sums_ms[which] += min(durations_ms)
    setattr(looks, QUESTION, test)
    means_ms = {which: round(total / len(photos), 2) for which, total in sums_ms.items()}
    return {"mean_ms": means_ms, "ratio": round(sums_ms["with"] / sums_ms["without"], 4)}


def processor_ms(recogniser: Recogniser, image_rgb: ImageRGB) -> float:
    started_s = time.thread_time()
    recogniser.recognise(image_rgb)
    return (time.thread_time() - started_s) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="every nth photo only")
    parser.add_argument("--detector", default="yunet")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    photos = read_photos(options.photos, options.every)
    recogniser = open_recogniser(options.detector, models_dir=ROOT / "models")
    report: dict[str, Any] = {"benchmark": "orientation", **circumstances()}
    report |= measure_answers(recogniser, photos)
    report["upright"] = measure_cost(recogniser, photos)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
