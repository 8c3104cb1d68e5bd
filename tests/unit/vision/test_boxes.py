"""Geometry: conversions, suppression, order, and turning there and back."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer.domain import Face
from fer.vision.boxes import (
    centre_inside,
    inverted,
    iou,
    keep_best,
    largest_first,
    map_points,
    merge_faces,
    moved,
    roll_deg,
    scaled,
    turned,
    xywh_to_xyxy,
    xyxy_to_xywh,
)

UPRIGHT = ((10.0, 10.0), (30.0, 10.0), (20.0, 20.0), (12.0, 30.0), (28.0, 30.0))

coordinates = st.floats(-1e4, 1e4)
sizes = st.floats(0.01, 1e4)
boxes_xywh = st.tuples(coordinates, coordinates, sizes, sizes)


def a_face(box: tuple[float, float, float, float], score: float = 0.9, *, landmarks: bool = False) -> Face:
    return Face(box_xywh=box, detection_score=score, landmarks=UPRIGHT if landmarks else None)


def rotation(degrees: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    angle = math.radians(degrees)
    return np.array([[math.cos(angle), -math.sin(angle), 5.0], [math.sin(angle), math.cos(angle), -3.0]])


@given(st.lists(boxes_xywh, max_size=5))
def test_xywh_to_xyxy_and_back_is_the_same(boxes: list[tuple[float, float, float, float]]) -> None:
    array = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    np.testing.assert_allclose(xyxy_to_xywh(xywh_to_xyxy(array)), array, atol=1e-6)


@given(boxes_xywh, boxes_xywh)
def test_iou_is_symmetric_and_between_0_and_1(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> None:
    assert 0 <= iou(one, other) <= 1 + 1e-9
    assert iou(one, other) == pytest.approx(iou(other, one))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param((0, 0, 10, 10), 1.0, id="same"),
        pytest.param((5, 0, 10, 10), 1 / 3, id="half"),
        pytest.param((10, 0, 10, 10), 0.0, id="beside"),
        pytest.param((2, 2, 5, 5), 0.25, id="inside"),
    ],
)
def test_iou_of_known_boxes(other: tuple[float, float, float, float], expected: float) -> None:
    assert iou((0, 0, 10, 10), other) == pytest.approx(expected)


def test_keep_best_keeps_nothing_of_nothing() -> None:
    assert keep_best(np.zeros((0, 4)), np.zeros(0), max_overlap=0.5) == []


def test_keep_best_drops_the_less_certain_of_two_that_overlap() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [50, 50, 60, 60]], dtype=np.float64)
    assert keep_best(boxes, np.array([0.7, 0.9, 0.8]), max_overlap=0.5) == [1, 2]


def test_keep_best_keeps_the_first_of_equals() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10]], dtype=np.float64)
    assert keep_best(boxes, np.array([0.9, 0.9]), max_overlap=0.5) == [0]


def test_keep_best_of_smaller_drops_a_box_inside_another() -> None:
    boxes = np.array([[0, 0, 100, 100], [40, 40, 60, 60]], dtype=np.float64)
    scores = np.array([0.9, 0.8])
    assert keep_best(boxes, scores, max_overlap=0.7) == [0, 1]
    assert keep_best(boxes, scores, max_overlap=0.7, of_smaller=True) == [0]


def test_merge_faces_keeps_the_surer_find_of_one_face() -> None:
    unsure, sure, other = a_face((0, 0, 10, 10), 0.7), a_face((1, 0, 10, 10), 0.9), a_face((40, 0, 10, 10), 0.8)
    assert merge_faces([unsure, sure, other]) == [sure, other]
    assert merge_faces([]) == []


def test_largest_first_breaks_ties_by_score_then_position() -> None:
    small, left, right, surer = (
        a_face((0, 0, 5, 5)),
        a_face((1, 0, 10, 10)),
        a_face((2, 0, 10, 10)),
        a_face((3, 0, 10, 10), 0.95),
    )
    for order in ([small, right, left, surer], [surer, left, right, small], [left, surer, small, right]):
        assert largest_first(order) == [surer, left, right, small]


def test_scaled_and_moved_carry_box_and_landmarks() -> None:
    face = moved(scaled(a_face((1, 2, 3, 4), landmarks=True), (2, 3)), (10, 20))
    assert face.box_xywh == (12, 26, 6, 12)
    assert face.landmarks is not None
    assert face.landmarks[0] == (30, 50)


@given(st.floats(-179, 179), coordinates, coordinates)
def test_inverted_map_undoes_the_map(degrees: float, x: float, y: float) -> None:
    matrix = rotation(degrees)
    there = map_points(matrix, np.array([[x, y]]))
    np.testing.assert_allclose(map_points(inverted(matrix), there), [[x, y]], atol=1e-6)


@given(st.floats(-40, 40))
def test_turning_there_and_back_gives_the_same_face(degrees: float) -> None:
    face, matrix = a_face((10, 20, 30, 40), landmarks=True), rotation(degrees)
    back = turned(turned(face, matrix), inverted(matrix))
    np.testing.assert_allclose(back.box_xywh, face.box_xywh, atol=1e-6)
    assert back.landmarks is not None
    np.testing.assert_allclose(back.landmarks, UPRIGHT, atol=1e-6)


@pytest.mark.parametrize(("degrees", "size"), [(0, (30, 40)), (40, (30, 40)), (90, (40, 30)), (180, (30, 40))])
def test_box_lies_down_with_the_face(degrees: float, size: tuple[float, float]) -> None:
    assert turned(a_face((10, 20, 30, 40)), rotation(degrees)).box_xywh[2:] == size


@pytest.mark.parametrize("degrees", [-170, -90, -30, 0, 15, 90, 170])
def test_roll_is_the_angle_of_the_eyes(degrees: float) -> None:
    landmarks = turned(a_face((10, 20, 30, 40), landmarks=True), rotation(degrees)).landmarks
    assert landmarks is not None
    assert roll_deg(landmarks) == pytest.approx(degrees)


def test_centre_inside_looks_at_the_centre_only() -> None:
    assert centre_inside(a_face((-8, -8, 20, 20)), (10, 10))
    assert not centre_inside(a_face((-15, 0, 20, 20)), (10, 10))
