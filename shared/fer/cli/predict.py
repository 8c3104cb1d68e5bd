"""``fer predict``: recognise pictures, folders and videos on all cores, in the order given."""

import argparse
import logging
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from fer.api import PictureRecogniser, open_recogniser
from fer.cli.reports import Form, Looked, make_report
from fer.cli.sources import Frame, Source, find_sources, read_frames
from fer.errors import FerError, InvalidInput
from fer.vision import annotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What could not be read, and why."""

    path: Path
    reason: str


def run_predict(options: argparse.Namespace) -> int:
    """Print results as they come; return 1 if anything was skipped."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    sources = find_sources(options.paths)
    form: Form = options.form or ("table" if sys.stdout.isatty() else "json")
    report = make_report(form, names=[str(source.path) for source in sources])
    drawings = Drawings(options.annotate) if options.annotate else None
    looker = Looker(open_recogniser(detector=options.detector, tell=_tell), drawings)
    skipped: list[Skipped] = []
    _print(report.head)
    with tqdm(total=len(sources), unit="file", file=sys.stderr, disable=not sys.stderr.isatty()) as progress:
        for result in look_at(sources, looker, every=options.every, jobs=options.jobs or os.cpu_count() or 1):
            if isinstance(result, Skipped):
                skipped.append(result)
            elif isinstance(result, Looked):
                with progress.external_write_mode(file=sys.stdout):
                    _print(report.lines(result))
            else:
                progress.update()
    for each in skipped:
        _tell(f"skipped {each.path}: {each.reason}")
    if skipped:
        _tell(f"{len(skipped)} of {len(sources)} files skipped")
    return 1 if skipped else 0


class Drawings:
    """Where the annotated copies go: one folder that mirrors the sources' folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: set[Path] = set()

    def place(self, source: Source) -> Path:
        """Return the path for a picture's copy, or the folder for a video's frames; never the source itself."""
        relative = source.relative
        if not source.is_video and relative.suffix.lower() not in (".jpg", ".jpeg", ".png", ".webp"):
            relative = relative.with_name(relative.name + ".png")
        place, number = self._folder / relative, 2
        while place in self._taken:
            place = self._folder / relative.with_name(f"{relative.stem}_{number}{relative.suffix}")
            number += 1
        self._taken.add(place)
        if place.resolve() == source.path.resolve():
            raise InvalidInput(f"--annotate {self._folder} would overwrite {source.path}.")
        return place


class Looker:
    """Recognises one picture or frame; safe to call from any number of threads."""

    def __init__(self, recogniser: PictureRecogniser, drawings: Drawings | None) -> None:
        self._recogniser = recogniser
        self._drawings = drawings

    def place(self, source: Source) -> Path | None:
        return self._drawings.place(source) if self._drawings else None

    def look(self, source: Source, frame: Frame | None, place: Path | None) -> Looked | Skipped:
        try:
            image_rgb = self._recogniser.read(source.path) if frame is None else frame.image_rgb
            predictions = self._recogniser.predict(image_rgb)
        except OSError as error:
            return Skipped(path=source.path, reason=error.strerror or str(error))
        except FerError as error:
            return Skipped(path=source.path, reason=error.message)
        if place is not None:
            target = place if frame is None else place / f"{frame.number:06d}.jpg"
            kind = {".png": "png", ".webp": "webp"}.get(target.suffix.lower(), "jpeg")
            target.parent.mkdir(parents=True, exist_ok=True)
            drawn = annotation.annotate(image_rgb, predictions)
            target.write_bytes(annotation.encode_image(drawn, kind))  # pyright: ignore[reportArgumentType]
        height_px, width_px = image_rgb.shape[:2]
        return Looked(
            path=source.path,
            frame=frame.number if frame else None,
            time_s=frame.time_s if frame else None,
            image_size_wh=(width_px, height_px),
            predictions=predictions,
        )


def look_at(
    sources: Iterable[Source], looker: Looker, *, every: int, jobs: int
) -> Iterator[Looked | Skipped | Source]:
    """Yield results in order, and each source after all of its results.

    At most twice as many pictures as threads are in progress, so a long video never fills the memory.
    """
    waiting: deque[Future[Looked | Skipped] | Skipped | Source] = deque()
    with ThreadPoolExecutor(jobs) as threads:
        for source in sources:
            place = looker.place(source)
            for frame in _frames(source, every):
                on_its_way = (
                    frame if isinstance(frame, Skipped) else threads.submit(looker.look, source, frame, place)
                )
                waiting.append(on_its_way)
                while len(waiting) > 2 * jobs:
                    yield _result(waiting.popleft())
            waiting.append(source)
        while waiting:
            yield _result(waiting.popleft())


def _result(each: Future[Looked | Skipped] | Skipped | Source) -> Looked | Skipped | Source:
    return each.result() if isinstance(each, Future) else each


def _frames(source: Source, every: int) -> Iterator[Frame | Skipped | None]:
    """Yield the frames of a video, or None for a picture, which its worker thread reads itself."""
    if not source.is_video:
        yield None
        return
    try:
        yield from read_frames(source.path, every=every)
    except InvalidInput as error:
        yield Skipped(path=source.path, reason=error.message)


def _print(text: str) -> None:
    sys.stdout.write(text)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
