"""The chip: framing, roll, borders."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer.domain import Face
from fer.errors import CorruptData
from fer.vision.alignment import (
    FRAMING_FACTOR,
    FaceAligner,
    align_face,
    cut_square,
    framing_square,
    square_to_image,
)
from fer.vision.boxes import inverted, map_points, roll_deg
from fer.vision.detection.onet import ONET_FILE, ONET_SIDE_PX, ONet
from fer.vision.images import to_grey
from fer.vision.resizing import rotated, turned_by_quarters
from tests.detector_models import MODELS_DIR
from tests.pictures import Picture, astronaut

PHOTO = astronaut()
FACE = Face(box_xywh=(178.2, 62.9, 89.9, 113.3), detection_score=0.93)
# The photo's own roll, by ONet and by eye.
PHOTO_ROLL_DEG = 4.0


def turned(clockwise_deg: float) -> tuple[Picture, Face]:
    """The photo and its face, turned; without landmarks, as the Haar cascade gives them."""
    picture, back = rotated(PHOTO, clockwise_deg=clockwise_deg)
    _, forth = rotated(picture, clockwise_deg=-clockwise_deg)
    shift = np.array(back(Face(box_xywh=(0, 0, 1, 1), detection_score=1)).box_xywh[:2])
    assert np.isfinite(shift).all()
    face = forth(FACE)  # on a larger canvas than the picture: move by the difference of the centres
    canvas, _ = rotated(picture, clockwise_deg=-clockwise_deg)
    offset = ((canvas.shape[1] - PHOTO.shape[1]) / 2, (canvas.shape[0] - PHOTO.shape[0]) / 2)
    x, y, width, height = FACE.box_xywh
    moved = Face(box_xywh=(x + offset[0], y + offset[1], width, height), detection_score=0.93)
    return picture, forth(moved) if clockwise_deg else face


@given(st.floats(-180, 180), st.floats(1, 5000), st.floats(-100, 5000), st.floats(-100, 5000))
def test_square_maps_there_and_back(degrees: float, side_px: float, x: float, y: float) -> None:
    square = square_to_image((x, y), side_px, degrees, 48)
    points = np.array([[0.0, 0.0], [48.0, 0.0], [24.0, 24.0]])
    there = map_points(square, points)
    np.testing.assert_allclose(there[2], (x, y), atol=1e-6)
    assert np.hypot(*(there[1] - there[0])) == pytest.approx(side_px)
    np.testing.assert_allclose(map_points(inverted(square), there), points, atol=1e-6)


def test_framing_square_is_fer2013s() -> None:
    face = Face(box_xywh=(100, 200, 80, 125), detection_score=1)
    corners = map_points(framing_square(face, clockwise_deg=0), np.array([[0, 0], [48, 48]], dtype=np.float64))
    side_px = FRAMING_FACTOR * 100
    np.testing.assert_allclose(corners.mean(axis=0), (140, 262.5))
    np.testing.assert_allclose(corners[1] - corners[0], (side_px, side_px))


def test_cut_at_full_size_is_the_picture_itself() -> None:
    square = square_to_image((100 + 24, 60 + 24), 48, 0, 48)
    assert (cut_square(PHOTO, square, 48) == PHOTO[60:108, 100:148]).all()


def test_cut_that_shrinks_averages() -> None:
    square = square_to_image((96 + 96, 96 + 96), 192, 0, 48)
    expected = cv2.resize(PHOTO[96:288, 96:288], (48, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(cut_square(PHOTO, square, 48).astype(int) - expected).max() <= 1


def test_quarter_turn_is_exact() -> None:
    straight = cut_square(PHOTO, square_to_image((200, 200), 48, 0, 48), 48)
    lying = cut_square(PHOTO, square_to_image((200, 200), 48, 90, 48), 48)
    assert (lying == np.rot90(straight)).all()


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((-40.0, -40.0, 100.0, 100.0), id="over-the-corner"),
        pytest.param((480.0, 480.0, 100.0, 100.0), id="over-the-far-corner"),
        pytest.param((-500.0, -500.0, 50.0, 50.0), id="outside"),
        pytest.param((-1000.0, -1000.0, 3000.0, 3000.0), id="larger-than-the-picture"),
        pytest.param((100.0, 100.0, 2.0, 2.0), id="tiny"),
        pytest.param((100.0, 100.0, 300.0, 1.0), id="flat"),
    ],
)
def test_border_is_replicated_for_any_box(box: tuple[float, float, float, float]) -> None:
    chip = align_face(PHOTO, Face(box_xywh=box, detection_score=1), clockwise_deg=30)
    assert (chip.shape, chip.dtype) == ((48, 48), np.uint8)


def test_border_repeats_the_edge() -> None:
    white = np.full((60, 60, 3), 200, np.uint8)
    assert (align_face(white, Face(box_xywh=(30, 30, 60, 60), detection_score=1)) == 200).all()


def test_chip_moves_smoothly_with_the_box() -> None:
    x, y, width, height = FACE.box_xywh
    near = Face(box_xywh=(x + 0.1, y, width, height), detection_score=1)
    assert np.abs(align_face(PHOTO, FACE).astype(int) - align_face(PHOTO, near)).max() <= 9


def test_alignment_without_onet_uses_the_detectors_landmarks(tmp_path: Path) -> None:
    picture, face = turned(40)
    aligner = FaceAligner(tmp_path)
    assert (aligner.align_face(picture, face) == align_face(picture, face)).all()
    with_landmarks = FaceAligner(MODELS_DIR).with_landmarks(picture, face)
    assert with_landmarks.landmarks is not None
    roll = roll_deg(with_landmarks.landmarks)
    expected = align_face(picture, with_landmarks, clockwise_deg=roll)
    assert (aligner.align_face(picture, with_landmarks) == expected).all()


@pytest.mark.parametrize("clockwise_deg", [-40, -30, -15, 0, 15, 30, 40])
def test_landmarks_follow_the_roll(clockwise_deg: float) -> None:
    picture, face = turned(clockwise_deg)
    landmarks = FaceAligner(MODELS_DIR).with_landmarks(picture, face).landmarks
    assert landmarks is not None
    assert roll_deg(landmarks) == pytest.approx(clockwise_deg + PHOTO_ROLL_DEG, abs=3)


@pytest.mark.parametrize(
    ("clockwise_deg", "looks"), [pytest.param(0, 1, id="upright"), pytest.param(15, 2, id="rolled")]
)
def test_only_a_rolled_face_is_looked_at_twice(clockwise_deg: float, looks: int) -> None:
    picture, face = turned(clockwise_deg)
    x, y, width, height = face.box_xywh
    square = square_to_image((x + width / 2, y + height / 2), height, 0, ONET_SIDE_PX)
    first = ONet(MODELS_DIR).look([cut_square(picture, square, ONET_SIDE_PX)])
    points = map_points(square, first.landmarks[0] * ONET_SIDE_PX)
    landmarks = FaceAligner(MODELS_DIR).with_landmarks(picture, face).landmarks
    assert landmarks is not None
    assert np.allclose(points, np.array(landmarks), atol=1e-6) is (looks == 1)


@pytest.mark.parametrize("clockwise_deg", [-40, -25, 25, 40])
def test_rolled_face_gives_the_upright_chip(clockwise_deg: float) -> None:
    picture, face = turned(clockwise_deg)
    chip = FaceAligner(MODELS_DIR, min_roll_deg=0).align_face(picture, face)
    upright = FaceAligner(MODELS_DIR, min_roll_deg=0).align_face(PHOTO, FACE)
    assert np.abs(chip.astype(int) - upright).mean() < 8
    assert np.abs(align_face(picture, face).astype(int) - upright).mean() > 20


def test_small_roll_is_left_alone() -> None:
    assert (FaceAligner(MODELS_DIR).align_face(PHOTO, FACE) == align_face(PHOTO, FACE)).all()


def test_chips_are_the_same_alone_and_together() -> None:
    aligner = FaceAligner(MODELS_DIR)
    other = Face(box_xywh=(300, 300, 60, 70), detection_score=0.6)
    chips, faces = aligner.align_faces(PHOTO, [FACE, other])
    assert chips.shape == (2, 48, 48)
    assert [face.box_xywh for face in faces] == [FACE.box_xywh, other.box_xywh]
    for chip, face in zip(chips, [FACE, other], strict=True):
        assert chip.tobytes() == aligner.align_face(PHOTO, face).tobytes()


def test_no_faces_give_no_chips(tmp_path: Path) -> None:
    chips, faces = FaceAligner(tmp_path).align_faces(PHOTO, [])
    assert (chips.shape, chips.dtype, faces) == ((0, 48, 48), np.uint8, [])


def test_damaged_onet_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / ONET_FILE).write_bytes(b"not a net")
    with pytest.raises(CorruptData):
        FaceAligner(tmp_path)


def test_chip_is_grey_by_red_first_weights() -> None:
    red = np.zeros((60, 60, 3), np.uint8)
    red[..., 0] = 255
    chip = align_face(red, Face(box_xywh=(10, 10, 40, 40), detection_score=1))
    assert (chip == to_grey(red)[0, 0]).all()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_that_lies_gives_the_chip_of_the_upright_one(quarters: int) -> None:
    upright = FaceAligner(MODELS_DIR).with_landmarks(PHOTO, FACE)
    _, forth = turned_by_quarters(np.ascontiguousarray(np.rot90(PHOTO, quarters)), 4 - quarters)
    lying_rgb = np.ascontiguousarray(np.rot90(PHOTO, quarters))
    chip = FaceAligner(MODELS_DIR).align_face(lying_rgb, forth(upright))
    assert np.abs(chip.astype(int) - FaceAligner(MODELS_DIR).align_face(PHOTO, upright)).max() <= 2
