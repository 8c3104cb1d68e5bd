"""``fer dataset``: folders of labelled pictures as a CSV in the feedback's format."""

import argparse
import os
import sys
from pathlib import Path

import cv2
from tqdm import tqdm

from fer.api import open_recogniser
from fer.cli.sources import PICTURES
from fer.domain import CHIP_SIDE_PX
from fer.errors import Conflict, InvalidInput
from fer.usecases.dataset import KEPT, find_labelled, read_table, write_dataset
from fer.vision.images import decode_image, to_grey


def run_dataset(options: argparse.Namespace) -> int:
    """Write the CSV, print what was left out and why; return 1 if anything was."""
    if options.out.exists() and not options.force:
        raise Conflict(f"{options.out} exists; --force replaces it.")
    table = read_table(options.table) if options.table else {}
    pictures = find_labelled(options.folder, suffixes=PICTURES, numbering=options.numbers, table=table)
    read_chip = _as_is if options.as_is else _face_reader()
    jobs = options.jobs or os.cpu_count() or 1
    way = "as-is" if options.as_is else "found"
    with tqdm(total=len(pictures), unit=" pictures", file=sys.stderr) as bar:
        counts = write_dataset(
            pictures,
            options.out,
            read_chip=read_chip,
            way=way,
            jobs=jobs,
            tell=lambda done, _: bar.update(done - bar.n),
        )
    for outcome, count in counts.most_common():
        print(f"{count:8,}  {outcome}")
    print(f"written: {options.out}, and the outcome of each picture: {options.out}.report.csv")
    return 0 if counts[KEPT] == sum(counts.values()) else 1


def _face_reader():
    recogniser = open_recogniser()

    def read(path: Path) -> bytes:
        """Return the largest face, found and cut as in serving."""
        chips = recogniser.face_chips(path)
        if not len(chips):
            raise InvalidInput("no face was found")
        return chips[0].tobytes()

    return read


def _as_is(path: Path) -> bytes:
    """Return the whole picture, which must be square, at 48×48."""
    grey = to_grey(decode_image(path.read_bytes()))
    height, width = grey.shape
    if height != width:
        raise InvalidInput("not square, so not a cut-out face")
    if width != CHIP_SIDE_PX:
        shrinks = width > CHIP_SIDE_PX
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        grey = cv2.resize(grey, (CHIP_SIDE_PX, CHIP_SIDE_PX), interpolation=interpolation)
    return grey.tobytes()
