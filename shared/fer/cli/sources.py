"""The input of ``fer predict``: pictures, and every Nth frame of videos, from paths and folders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fer.errors import InvalidInput, NotFound
from fer.vision.arrays import ImageRGB

PICTURES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pnm",
    ".heic", ".heif", ".avif",
)  # fmt: skip
VIDEOS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".3gp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A picture or a video; ``relative`` is its path below the folder given, or its own name."""

    path: Path
    relative: Path

    @property
    def is_video(self) -> bool:
        return self.path.suffix.lower() in VIDEOS


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame of a video: its number and time from the start, and uint8 (H, W, 3) RGB."""

    number: int
    time_s: float
    image_rgb: ImageRGB


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """Return all files that the paths name, folders expanded in sorted order, without duplicates.

    In folders, only files named like pictures or videos count. Raises ``NotFound`` for a path that does not exist,
    and if there is nothing to look at.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        if not path.exists():
            raise NotFound(f"There is no {path}.")
        for source in _below(path) if path.is_dir() else [Source(path=path, relative=Path(path.name))]:
            found.setdefault(source.path.resolve(), source)
    if not found:
        raise NotFound(f"There is neither a picture nor a video in {', '.join(map(str, paths))}.")
    return list(found.values())


def read_frames(path: Path, *, every: int) -> Iterator[Frame]:
    """Yield every ``every``-th frame, upright; raises ``InvalidInput`` if none can be read."""
    video = cv2.VideoCapture(str(path))
    try:
        frames_per_s = video.get(cv2.CAP_PROP_FPS)
        number = 0
        while video.grab():
            if number % every == 0:
                done, image_bgr = video.retrieve()
                if not done:
                    break
                image_rgb = np.asarray(cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB), np.uint8)
                time_s = number / frames_per_s if frames_per_s > 0 else 0.0
                yield Frame(number=number, time_s=time_s, image_rgb=image_rgb)
            number += 1
    finally:
        video.release()
    if number == 0:
        raise InvalidInput("No frame of the video could be read.")


def _below(folder: Path) -> Iterator[Source]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURES + VIDEOS and path.is_file():
            yield Source(path=path, relative=path.relative_to(folder))
