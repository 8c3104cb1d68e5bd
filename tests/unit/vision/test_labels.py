"""What labels say and where they go."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer.domain import EXPRESSIONS, Face, Prediction
from fer.vision.labels import COLOURS, BoxLTRB, Label, draw_label, label_text, place_labels

CONTRACT = Path(__file__).parents[3] / "docs" / "openapi.yaml"
SIZE_WH = (640, 480)


def covers(one: Label, other: Label) -> bool:
    (left, top, right, bottom), (x1, y1, x2, y2) = one.plate, other.plate
    return left < x2 and x1 < right and top < y2 and y1 < bottom


def placed(*boxes: BoxLTRB, size_wh: tuple[int, int] = SIZE_WH) -> list[Label]:
    return place_labels(["surprised 99%+"] * len(boxes), boxes, size_wh)


def score_text(score: float) -> str:
    rest = (1 - score) / 6
    face = Face(box_xywh=(0, 0, 10, 10), detection_score=0.9)
    return label_text(Prediction(face=face, scores=(rest, rest, rest, score, rest, rest, rest)))


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        pytest.param(0.97, "happy 97%", id="whole"),
        pytest.param(0.625, "happy 63%", id="halves-go-up"),
        pytest.param(0.984, "happy 98%", id="down"),
        pytest.param(0.99499, "happy 99%", id="just-below"),
        pytest.param(0.995, "happy 99%+", id="nearly-all"),
        pytest.param(1.0, "happy 99%+", id="never-all"),
    ],
)
def test_label_says_what_the_web_app_says(score: float, expected: str) -> None:
    assert score_text(score) == expected


def test_colours_are_those_of_the_contract() -> None:
    stated = dict(re.findall(r"(\w+) #([0-9a-f]{6})\b", CONTRACT.read_text(encoding="utf-8")))
    assert set(COLOURS) == set(EXPRESSIONS)
    for expression, colour in COLOURS.items():
        assert stated[expression] == bytes(colour).hex()


def test_without_faces_there_are_no_labels() -> None:
    assert placed() == []


def test_label_lies_above_its_box() -> None:
    (label,) = placed((200, 200, 300, 320))
    assert label.plate[0] == 200
    assert label.plate[3] == 200


def test_label_lies_below_a_box_at_the_top() -> None:
    (label,) = placed((200, 5, 300, 120))
    assert label.plate[1] == 121


def test_letters_grow_with_the_picture_and_shrink_with_the_face() -> None:
    large, *_ = placed((800, 800, 1600, 1600), size_wh=(4000, 3000))
    usual, small = placed((200, 200, 300, 320), (400, 200, 424, 230))
    assert large.letters_px > usual.letters_px > small.letters_px >= 13


def test_letters_of_faces_of_one_size_are_of_one_size() -> None:
    boxes = ((50, 200, 110, 280), (350, 200, 410, 280))
    one, other = place_labels(["sad 50%", "surprised 99%+"], boxes, SIZE_WH)
    assert one.letters_px == other.letters_px


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param([(x, 200, x + 50, 260) for x in range(20, 580, 60)], id="side-by-side"),
        pytest.param([(100, 200, 200, 320), (110, 215, 205, 330)], id="one-over-the-other"),
        pytest.param([(100, 200, 200, 320)] * 4, id="four-in-one-place"),
        pytest.param([(100, y, 160, y + 60) for y in range(10, 420, 70)], id="one-below-the-other"),
        pytest.param([(x, y, x + 60, y + 75) for y in (60, 170, 280) for x in range(10, 590, 140)], id="a-class"),
    ],
)
def test_no_label_covers_another_one_where_there_is_room(boxes: list[BoxLTRB]) -> None:
    assert not [pair for pair in itertools.combinations(placed(*boxes), 2) if covers(*pair)]


def test_label_goes_where_it_hides_no_other_face() -> None:
    label, _ = placed((200, 300, 300, 400), (190, 200, 330, 298))
    assert label.plate[1] >= 300


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 700), st.integers(16, 700), st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=6))
def test_labels_stay_inside_any_picture(
    width: int, height: int, parts: list[tuple[float, float, float, float]]
) -> None:
    boxes = [
        (
            int(min(a, c) * (width - 1)),
            int(min(b, d) * (height - 1)),
            int(max(a, c) * (width - 1)),
            int(max(b, d) * (height - 1)),
        )
        for a, b, c, d in parts
    ]
    canvas = np.full((height, width, 3), 128, np.uint8)
    for label in placed(*boxes, size_wh=(width, height)):
        left, top, right, bottom = label.plate
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        draw_label(canvas, label, COLOURS["happy"])


def test_all_digits_are_equally_wide() -> None:
    def width(text: str) -> int:
        (label,) = place_labels([text], [(100, 100, 300, 300)], SIZE_WH)
        return label.plate[2] - label.plate[0]

    assert len({width(f"happy {digit}{digit}%") for digit in range(10)}) == 1


def test_letters_are_in_the_middle_of_the_plate() -> None:
    (label,) = place_labels(["sad 50%"], [(100, 200, 300, 400)], SIZE_WH)
    canvas = np.full((480, 640, 3), 255, np.uint8)
    draw_label(canvas, label, (255, 255, 255))
    left, top, right, bottom = label.plate
    ink = np.argwhere(canvas[top + 3 : bottom - 3, left + 3 : right - 3].max(axis=2) < 128)
    (first_y, first_x), (last_y, last_x) = ink.min(axis=0), ink.max(axis=0)
    assert first_x == pytest.approx(right - left - 7 - last_x, abs=3)
    assert first_y == pytest.approx(bottom - top - 7 - last_y, abs=3)
