"""The same face keeps its number."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer.domain import BoxXYWH, Face
from fer.vision.boxes import moved, scaled
from streaming.tracking import MAX_GAP_FRAMES, MAX_GAP_S, Tracker

FRAME_S = 1 / 25


def face_at(x: float, y: float = 100, side: float = 100, *, landmarks: bool = True) -> Face:
    points = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    return Face(
        box_xywh=(x, y, side, side),
        detection_score=0.9,
        landmarks=tuple((x + px * side, y + py * side) for px, py in points) if landmarks else None,
    )


def numbers_of(*frames: list[Face], frame_s: float = FRAME_S) -> list[list[int]]:
    tracker = Tracker()
    return [tracker.update(faces, now_s=index * frame_s) for index, faces in enumerate(frames)]


def test_empty_frames_have_no_faces() -> None:
    assert numbers_of([], []) == [[], []]


def test_a_face_that_moves_a_little_keeps_its_number() -> None:
    assert numbers_of(*([face_at(100 + 10 * step)] for step in range(30))) == [[1]] * 30


@pytest.mark.parametrize("landmarks", [True, False], ids=["landmarks", "no landmarks"])
def test_a_face_that_jumped_clear_of_its_box_sideways_keeps_its_number(*, landmarks: bool) -> None:
    # 75 of 100 pixels: the boxes share a seventh of their area.
    assert numbers_of([face_at(100, landmarks=landmarks)], [face_at(175, landmarks=landmarks)]) == [[1], [1]]


def test_a_face_far_away_or_of_another_size_is_another_one() -> None:
    assert numbers_of([face_at(100)], [face_at(300)]) == [[1], [2]]
    assert numbers_of([face_at(100, side=100)], [face_at(100, side=250)]) == [[1], [2]]


def test_neighbours_keep_their_numbers_in_any_order() -> None:
    left, middle, right = face_at(0), face_at(110), face_at(220)
    assert numbers_of([left, middle, right], [right, left, middle], [middle]) == [[1, 2, 3], [3, 1, 2], [2]]


def test_the_closer_of_two_gets_the_number() -> None:
    assert numbers_of([face_at(100)], [face_at(160), face_at(105)]) == [[1], [2, 1]]


def test_one_leaves_while_another_comes() -> None:
    assert numbers_of([face_at(100), face_at(400)], [face_at(402), face_at(700)]) == [[1, 2], [2, 3]]


def test_a_short_gap_is_bridged_and_a_long_one_is_not() -> None:
    nobody: list[Face] = []
    short, long = round(0.9 * MAX_GAP_S / FRAME_S), round(1.2 * MAX_GAP_S / FRAME_S)
    assert numbers_of([face_at(100)], *[nobody] * short, [face_at(102)])[-1] == [1]
    assert numbers_of([face_at(100)], *[nobody] * long, [face_at(102)])[-1] == [2]


def test_at_few_frames_a_second_a_few_missed_frames_are_bridged() -> None:
    nobody: list[Face] = []
    assert numbers_of([face_at(100)], *[nobody] * MAX_GAP_FRAMES, [face_at(102)], frame_s=1.0)[-1] == [1]
    assert numbers_of([face_at(100)], *[nobody] * (MAX_GAP_FRAMES + 1), [face_at(102)], frame_s=1.0)[-1] == [2]


def test_faces_that_are_gone_are_forgotten() -> None:
    tracker = Tracker()
    for step in range(200):
        tracker.update([face_at(500.0 * step)], now_s=step * 1.0)
    assert tracker.seen == 200
    assert len(tracker.numbers) <= MAX_GAP_FRAMES + 1


def face_in(box_xywh: BoxXYWH, with_landmarks: bool) -> Face:
    stretched = scaled(face_at(0, 0, 1, landmarks=with_landmarks), box_xywh[2:])
    return replace(stretched, box_xywh=box_xywh)


positions, sizes = st.floats(-200, 1500), st.floats(1, 600)
faces = st.builds(face_in, st.tuples(positions, positions, sizes, sizes), st.booleans())
videos = st.lists(st.tuples(st.lists(faces, max_size=6), st.floats(0, 3)), max_size=12)


@given(videos)
def test_numbers_are_positive_and_no_two_faces_of_a_frame_share_one(video: list[tuple[list[Face], float]]) -> None:
    tracker, now_s = Tracker(), 0.0
    for frame, gap_s in video:
        now_s += gap_s
        numbers = tracker.update(frame, now_s=now_s)
        assert len(numbers) == len(frame) == len(set(numbers))
        assert all(1 <= number <= tracker.seen for number in numbers)
        assert set(numbers) <= tracker.numbers


@given(videos)
def test_a_number_that_was_given_up_never_comes_back(video: list[tuple[list[Face], float]]) -> None:
    tracker, now_s = Tracker(), 0.0
    gone: set[int] = set()
    before: set[int] = set()
    for frame, gap_s in video:
        now_s += gap_s
        numbers = tracker.update(frame, now_s=now_s)
        assert gone.isdisjoint(numbers)
        gone |= before - tracker.numbers
        before = tracker.numbers


@given(st.lists(faces, max_size=1), st.lists(st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02)), max_size=30))
def test_one_face_that_trembles_has_one_number(frame: list[Face], steps: list[tuple[float, float]]) -> None:
    tracker = Tracker()
    for index, (dx, dy) in enumerate(steps):
        trembling = [moved(face, (dx * face.box_xywh[2], dy * face.box_xywh[3])) for face in frame]
        assert tracker.update(trembling, now_s=index * FRAME_S) == [1] * len(frame)


@given(st.permutations([face_at(0), face_at(130, 90), face_at(260, 300), face_at(500, 120, 60)]))
def test_the_order_of_the_faces_does_not_matter(frame: list[Face]) -> None:
    tracker = Tracker()
    known = [face_at(0), face_at(130, 90), face_at(260, 300), face_at(500, 120, 60)]
    first = dict(zip(known, tracker.update(known, now_s=0), strict=True))
    assert tracker.update(frame, now_s=FRAME_S) == [first[face] for face in frame]
