"""Detectors and alignment on photos: ``python -m bench.detection [--photos DIR [--expressions]] [--json OUT]``.

``DIR`` holds ``faces/`` and, for ``--expressions``, ``labels.csv`` (file, expression). Without the option the
detectors are compared: recall on the photos and on rolled copies, false faces, time. With it, expression accuracy
end to end against the roll from which on faces are turned upright. With ``--portraits ZIP`` instead of photos: recall
of small faces on mosaics, false faces on the pictures without one, and time as multiples of the yardstick.
"""

import argparse
import csv
import json
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import skimage

from bench.harness.mosaics import matches, measure_mosaics
from bench.harness.pictures import eight_faces, one_face
from bench.harness.yardstick import Yardstick
from fer.domain import EXPRESSIONS, BoxXYWH, Face
from fer.vision import alignment, classifier
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import largest_first
from fer.vision.detection import detector
from fer.vision.images import decode_image
from fer.vision.model_files import load_model_files

ROOT: Final = Path(__file__).resolve().parents[1]
ROLLS_DEG: Final = (-15, 15, -30, 30, -45, 45)
THRESHOLDS_DEG: Final = (0.0, 8.0, 12.0, 15.0, 20.0, 360.0)
# Of the pictures bundled with scikit-image, those without a face. Left out: astronaut and camera (people), coins
# (heads in relief), and what is not 8 bits.
FACE_FREE: Final = (
    *("brick", "cell", "chelsea", "chessboard_GRAY", "chessboard_RGB", "clock_motion", "coffee", "color"),
    *("grass", "gravel", "horse", "hubble_deep_field", "ihc", "logo", "microaneurysms", "moon"),
    *("motorcycle_left", "motorcycle_right", "page", "phantom", "retina", "rocket", "text"),
)

Photo = tuple[str, ImageRGB]


class Pair:
    """A detector as served, and its first look alone."""

    def __init__(self, name: str, models_dir: Path) -> None:
        self.served: Any = detector.open_detector(name, models_dir=models_dir)

    def first(self, image_rgb: ImageRGB) -> list[Face]:
        return largest_first(self.served.find_once(image_rgb))

    def both(self, image_rgb: ImageRGB) -> tuple[list[Face], list[Face]]:
        """Return the result of the first look, and the one served: the same if the first look finds a face."""
        faces = self.first(image_rgb)
        return faces, faces or self.served.detect(image_rgb)


def read_photos(directory: Path, every: int) -> list[Photo]:
    paths = sorted((directory / "faces").iterdir())[::every]
    return [(path.name, decode_image(path.read_bytes())) for path in paths]


def face_free_pictures() -> list[ImageRGB]:
    """Return every picture whole, and its four quarters and its middle."""
    pictures: list[ImageRGB] = []
    for name in FACE_FREE:
        path = next((Path(skimage.__file__).parent / "data").glob(f"{name}.*"))
        whole = decode_image(path.read_bytes())
        height, width = whole.shape[0] // 2, whole.shape[1] // 2
        corners = [(0, 0), (0, width), (height, 0), (height, width), (height // 2, width // 2)]
        pictures += [whole, *(np.ascontiguousarray(whole[y : y + height, x : x + width]) for y, x in corners)]
    return pictures


def roll(image_rgb: ImageRGB, box_xywh: BoxXYWH, degrees: float) -> ImageRGB:
    """Return the picture turned clockwise about the face's centre, same size, border replicated."""
    x, y, w, h = box_xywh
    matrix = cv2.getRotationMatrix2D((x + w / 2 - 0.5, y + h / 2 - 0.5), -degrees, 1.0)
    size_wh = (image_rgb.shape[1], image_rgb.shape[0])
    turned = cv2.warpAffine(image_rgb, matrix, size_wh, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def references(photos: Sequence[Photo], detectors: dict[str, Pair]) -> dict[str, Face]:
    """Return the largest face of photos where YuNet and MTCNN agree on it: the truth for rolled copies."""
    agreed: dict[str, Face] = {}
    for name, image_rgb in photos:
        ours, theirs = (detectors[which].served.detect(image_rgb)[:1] for which in ("yunet", "mtcnn"))
        if ours and theirs and matches(theirs[0], ours[0].box_xywh):
            agreed[name] = ours[0]
    return agreed


def recall(photos: Sequence[Photo], truth: dict[str, Face], pair: Pair, degrees: float) -> tuple[float, float]:
    """Share of the rolled copies whose face the first look finds, and all looks."""
    hits = [
        [any(matches(face, truth[name].box_xywh) for face in faces) for faces in pair.both(turned)]
        for name, turned in rolled(photos, truth, degrees)
    ]
    first, served = np.mean(np.array(hits), axis=0)
    return float(first), float(served)


def rolled(photos: Sequence[Photo], truth: dict[str, Face], degrees: float) -> Iterator[Photo]:
    for name, image_rgb in photos:
        if name in truth:
            yield name, roll(image_rgb, truth[name].box_xywh, degrees)


def compare_detectors(photos: Sequence[Photo], models_dir: Path, names: Sequence[str]) -> dict[str, Any]:
    pairs = {name: Pair(name, models_dir) for name in {*names, "yunet", "mtcnn"}}
    truth = references(photos, pairs)
    pictures = face_free_pictures()
    report: dict[str, Any] = {"photos": len(photos), "agreed": len(truth), "face_free": len(pictures)}
    print(report, flush=True)
    for name in names:
        pair = pairs[name]
        found = [pair.both(image_rgb) for _, image_rgb in photos]
        false = [pair.both(picture) for picture in pictures]
        recalls = {str(degrees): recall(photos, truth, pair, degrees) for degrees in (0, *ROLLS_DEG)}
        report[name] = {
            label: {
                "found": float(np.mean([bool(faces[which]) for faces in found])),
                "recall": {degrees: values[which] for degrees, values in recalls.items()},
                "false_per_picture": float(np.mean([len(faces[which]) for faces in false])),
            }
            for which, label in enumerate(("first", "served"))
        }
        report[name]["ms"] = times(pair)
        report[name]["to_yunet"] = mapping(photos, truth, found)
        print_detector(name, report[name])
    return report


def times(pair: Pair) -> dict[str, Any]:
    astronaut = decode_image((Path(skimage.__file__).parent / "data/astronaut.png").read_bytes())
    coffee = decode_image((Path(skimage.__file__).parent / "data/coffee.png").read_bytes())
    canvases: dict[str, ImageRGB] = {}
    for width, height in ((640, 480), (1280, 720)):
        canvas = np.full((height, width, 3), 96, np.uint8)
        side = height - 40
        canvas[20 : 20 + side, 20 : 20 + side] = cv2.resize(astronaut, (side, side), interpolation=cv2.INTER_AREA)
        canvases[f"{width}x{height}"] = canvas
    no_face = np.asarray(cv2.resize(coffee, (640, 480)), np.uint8)
    result: dict[str, Any] = {size: milliseconds(pair.served.detect, canvas) for size, canvas in canvases.items()}
    result["640x480 no face, first look"] = milliseconds(pair.first, no_face)
    result["640x480 no face, all looks"] = milliseconds(pair.served.detect, no_face)
    return result


def milliseconds(look: Callable[[ImageRGB], list[Face]], image_rgb: ImageRGB, runs: int = 20) -> dict[str, float]:
    taken: list[float] = []
    for _ in range(runs + 2):
        start = time.perf_counter()
        look(image_rgb)
        taken.append((time.perf_counter() - start) * 1000)
    return {"p50": statistics.median(taken[2:]), "p95": float(np.percentile(taken[2:], 95))}


def mapping(
    photos: Sequence[Photo], truth: dict[str, Face], found: Sequence[tuple[list[Face], list[Face]]]
) -> list[float]:
    """Return what turns this detector's box into YuNet's: medians of centre x, y, width, height, in its own sides.

    It already has ``fer.vision.framing`` applied, so (0.5, 0.5, 1, 1) says that nothing is left to correct.
    """
    rows: list[list[float]] = []
    for (name, _), (faces, _) in zip(photos, found, strict=True):
        if name in truth and (same := [face for face in faces if matches(face, truth[name].box_xywh)]):
            x, y, w, h = truth[name].box_xywh
            fx, fy, fw, fh = same[0].box_xywh
            rows.append([(x + w / 2 - fx) / fw, (y + h / 2 - fy) / fh, w / fw, h / fh])
    return [float(value) for value in np.median(np.array(rows), axis=0)] if rows else []


def print_detector(name: str, row: dict[str, Any]) -> None:
    for label in ("first", "served"):
        part = row[label]
        rolls = " ".join(f"{deg:>4}° {100 * value:5.1f}" for deg, value in part["recall"].items())
        print(
            f"{name:6} {label:6} found {100 * part['found']:5.1f} %  false {part['false_per_picture']:.3f}  {rolls}"
        )
    for size, taken in row["ms"].items():
        print(f"{name:6} {size:30} p50 {taken['p50']:6.1f} ms  p95 {taken['p95']:6.1f} ms")
    print(f"{name:6} box to YuNet's: {[round(value, 3) for value in row['to_yunet']]}", flush=True)


def compare_thresholds(
    photos: Sequence[Photo], labels: dict[str, str], models_dir: Path, name: str, expression_model: Path
) -> dict[str, dict[str, float]]:
    """Macro recall per roll and threshold; a photo without a face counts as wrong."""
    which = detector.open_detector(name, models_dir=models_dir)
    scorer = classifier.LiteRTClassifier(load_model_files(expression_model))
    aligners = {t: alignment.FaceAligner(models_dir, min_roll_deg=t) for t in THRESHOLDS_DEG}
    centres = {file: (which.detect(image_rgb) or [whole(image_rgb)])[0] for file, image_rgb in photos}
    report: dict[str, dict[str, float]] = {}
    for degrees in (0, *ROLLS_DEG):
        answers: dict[float, list[tuple[str, str]]] = {t: [] for t in THRESHOLDS_DEG}
        for file, turned in rolled(photos, centres, degrees):
            faces = which.detect(turned)[:1]
            for t, aligner in aligners.items():
                answer = "none"
                if faces:
                    scores = scorer.classify(aligner.align_faces(turned, faces)[0])
                    answer = EXPRESSIONS[int(scores[0].argmax())]
                answers[t].append((labels[file], answer))
        report[str(degrees)] = {str(t): macro_recall(pairs) for t, pairs in answers.items()}
        row = "  ".join(f"{t:>5}: {100 * value:5.1f}" for t, value in report[str(degrees)].items())
        print(f"{name:6} roll {degrees:>4}°  threshold {row}", flush=True)
    return report


def compare_small_faces(portraits: Path, models_dir: Path, name: str, seed: int) -> dict[str, Any]:
    """Recall on mosaics, and false faces on all pictures without a face and on the whole ones among them."""
    detect = detector.open_detector(name, models_dir=models_dir).detect
    pictures = face_free_pictures()
    false = [len(detect(picture)) for picture in pictures]
    report: dict[str, Any] = {
        "false_per_picture": statistics.mean(false),
        "false_per_whole": statistics.mean(false[::6]),
    }
    report["multiples_of_yardstick"] = multiples(detect)
    print(name, report, flush=True)
    return report | {"mosaics": measure_mosaics(detect, portraits, pictures[::6], seed)}


def multiples(detect: Callable[[ImageRGB], list[Face]], rounds: int = 10) -> dict[str, float]:
    """Processor time on the pictures of bench/latency.py, alternating with the yardstick."""
    yardstick = Yardstick(clock=time.process_time)
    cases = {"640x480": one_face(640, 480), "1280x720": eight_faces(), "12 MP": one_face(4000, 3000)}
    taken_ms: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, picture in cases.items():
            yardstick.look()
            started_s = time.process_time()
            detect(picture)
            taken_ms[name].append((time.process_time() - started_s) * 1000)
    return {name: yardstick.multiple(statistics.median(durations)) for name, durations in taken_ms.items()}


def whole(image_rgb: ImageRGB) -> Face:
    return Face(box_xywh=(0, 0, image_rgb.shape[1], image_rgb.shape[0]), detection_score=0.0)


def macro_recall(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the mean over the labels that occur."""
    present = sorted({label for label, _ in pairs})
    return statistics.mean(
        statistics.mean(answer == label for truth, answer in pairs if truth == label) for label in present
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--photos", type=Path)
    source.add_argument("--portraits", type=Path, help="zip of portraits, for mosaics")
    parser.add_argument("--seed", type=int, default=11, help="for other mosaics")
    parser.add_argument("--expressions", action="store_true", help="expression accuracy against the roll threshold")
    parser.add_argument("--model", type=Path, default=ROOT / "models/expression", help="for --expressions")
    parser.add_argument("--detector", nargs="+", default=["yunet", "mtcnn", "haar"])
    parser.add_argument("--every", type=int, default=1, help="every nth photo only")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    models_dir = ROOT / "models/detector"
    photos = read_photos(options.photos, options.every) if options.photos else []
    if options.portraits:
        report: dict[str, Any] = {
            name: compare_small_faces(options.portraits, models_dir, name, options.seed) for name in options.detector
        }
    elif options.expressions:
        with (options.photos / "labels.csv").open(newline="") as file:
            labels = {row["file"]: row["expression"] for row in csv.DictReader(file)}
        photos = [photo for photo in photos if photo[0] in labels]
        report = {
            name: compare_thresholds(photos, labels, models_dir, name, options.model) for name in options.detector
        }
    else:
        report = compare_detectors(photos, models_dir, options.detector)
    if options.json:
        report["machine"] = platform.processor() or platform.machine()
        options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
