"""Keeps each face's number from frame to frame."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fer.domain import Face
from fer.vision.boxes import overlaps, xywh_to_xyxy

# Between frames a head moves by a fraction of its size; two people next to each other overlap less than this.
MIN_IOU = 0.3
# For faces that moved too far to overlap (a low frame rate, a quick turn): the most that landmarks may move, in face
# sizes. Neighbours' heads are more than one size apart.
MAX_SHIFT = 0.8
MAX_GROWTH = 1.8
# Covers a miss of the detector or a hand in front of the face. The frames count on slow connections, at half a
# second each.
MAX_GAP_S = 1.0
MAX_GAP_FRAMES = 3

Pair = tuple[int, int]


@dataclass(slots=True, kw_only=True)
class _Track:
    number: int
    face: Face
    seen_s: float
    missed_frames: int = 0


class Tracker:
    """Numbers the faces in one video, from 1; no number is ever given to a second face."""

    def __init__(self) -> None:
        self._tracks: list[_Track] = []
        self._last_number = 0

    @property
    def numbers(self) -> set[int]:
        """The faces in view now or a moment ago."""
        return {track.number for track in self._tracks}

    @property
    def seen(self) -> int:
        """How many faces the video has shown so far."""
        return self._last_number

    def update(self, faces: Sequence[Face], *, now_s: float) -> list[int]:
        """Return the number of each face of the next frame; ``now_s`` must not go back.

        Boxes are matched by overlap, largest first; the rest by how far their landmarks moved.
        """
        pairs = self._matched(faces)
        for track in self._tracks:
            track.missed_frames += 1
        numbers: list[int] = []
        for index, face in enumerate(faces):
            if index in pairs:
                track = self._tracks[pairs[index]]
                track.face, track.seen_s, track.missed_frames = face, now_s, 0
            else:
                self._last_number += 1
                track = _Track(number=self._last_number, face=face, seen_s=now_s)
                self._tracks.append(track)
            numbers.append(track.number)
        self._tracks = [track for track in self._tracks if _is_kept(track, now_s)]
        return numbers

    def _matched(self, faces: Sequence[Face]) -> dict[int, int]:
        """Match faces to tracks: return a map from a face's index to its track's."""
        known = [track.face for track in self._tracks]
        pairs: dict[int, int] = {}
        for costs in (_overlap_costs, _shift_costs):
            free_faces = [index for index in range(len(faces)) if index not in pairs]
            free_known = [index for index in range(len(known)) if index not in pairs.values()]
            found = _cheapest_first(costs([faces[i] for i in free_faces], [known[i] for i in free_known]))
            pairs |= {free_faces[face]: free_known[track] for face, track in found}
        return pairs


def _is_kept(track: _Track, now_s: float) -> bool:
    return track.missed_frames <= MAX_GAP_FRAMES or now_s - track.seen_s <= MAX_GAP_S


def _cheapest_first(costs: Iterable[tuple[float, Pair]]) -> list[Pair]:
    """Choose pairs greedily by cost, each index at most once; ties in the order of their indices."""
    chosen: list[Pair] = []
    faces: set[int] = set()
    tracks: set[int] = set()
    for _, (face, track) in sorted(costs):
        if face not in faces and track not in tracks:
            chosen.append((face, track))
            faces.add(face)
            tracks.add(track)
    return chosen


def _overlap_costs(faces: Sequence[Face], known: Sequence[Face]) -> Iterable[tuple[float, Pair]]:
    if not faces or not known:
        return
    known_xyxy = xywh_to_xyxy(np.array([face.box_xywh for face in known]))
    for index, box_xyxy in enumerate(xywh_to_xyxy(np.array([face.box_xywh for face in faces]))):
        for other, overlap in enumerate(overlaps(box_xyxy, known_xyxy).tolist()):
            if overlap >= MIN_IOU:
                yield 1 - overlap, (index, other)


def _shift_costs(faces: Sequence[Face], known: Sequence[Face]) -> Iterable[tuple[float, Pair]]:
    for index, face in enumerate(faces):
        for other, before in enumerate(known):
            growth = math.sqrt(face.area_px / before.area_px)
            if 1 / MAX_GROWTH <= growth <= MAX_GROWTH and (shift := _shift(face, before)) <= MAX_SHIFT:
                yield shift, (index, other)


def _shift(face: Face, before: Face) -> float:
    """Return how far the landmarks have moved on average, or the centres if there are none, in face sizes."""
    both = face.landmarks is not None and before.landmarks is not None
    points: Callable[[Face], Sequence[tuple[float, float]]] = _landmarks if both else _centre
    distances_px = [math.dist(now, then) for now, then in zip(points(face), points(before), strict=True)]
    size_px = (face.area_px * before.area_px) ** 0.25
    return sum(distances_px) / len(distances_px) / size_px


def _landmarks(face: Face) -> Sequence[tuple[float, float]]:
    return face.landmarks or ()


def _centre(face: Face) -> Sequence[tuple[float, float]]:
    x, y, width, height = face.box_xywh
    return ((x + width / 2, y + height / 2),)
