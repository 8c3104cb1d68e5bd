"""What one look misses: small faces, and faces in a photo that lost its orientation."""

import cv2
import numpy as np
import pytest

from fer.domain import Face
from fer.vision.boxes import iou
from fer.vision.detection.detector import open_detector
from fer.vision.detection.survey import MAX_SIDE_PX, places_with_detail
from fer.vision.detection.upright import is_surely_upright, quarters_to_upright
from fer.vision.detection.yunet import YuNetDetector
from fer.vision.resizing import halved, turned_by_quarters
from tests.detector_models import MODELS_DIR, NEEDS_YUNET
from tests.pictures import Picture, astronaut

# The head of the photo, in which the face is 100 pixels wide with its centre in the middle.
HEAD = astronaut()[35:205, 138:308]
HEAD_FACE_PX, HEAD_PX = 100, 170
ALL_PX = 10**9


def with_small_faces(size_wh: tuple[int, int], face_px: int, corners: list[tuple[int, int]]) -> Picture:
    """A gently shaded picture with the same head several times."""
    width, height = size_wh
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = (90 + 60 * np.arange(width) / width).astype(np.uint8)[None, :, None]
    side = round(face_px * HEAD_PX / HEAD_FACE_PX)
    for x, y in corners:
        canvas[y : y + side, x : x + side] = cv2.resize(HEAD, (side, side), interpolation=cv2.INTER_AREA)
    return canvas


def found_at(faces: list[Face], corner: tuple[int, int], face_px: int) -> bool:
    middle = face_px * HEAD_PX / HEAD_FACE_PX / 2
    return any(
        abs(x + w / 2 - corner[0] - middle) < 0.35 * face_px and abs(y + h / 2 - corner[1] - middle) < 0.35 * face_px
        for x, y, w, h in (face.box_xywh for face in faces)
    )


SMALL = [
    pytest.param((640, 480), 20, [(40, 60), (300, 220), (560, 400)], id="640x480"),
    pytest.param((1280, 720), 20, [(40, 60), (700, 350), (1200, 650)], id="1280x720"),
    pytest.param((4000, 3000), 40, [(100, 200), (2010, 1490), (3800, 2800)], id="12-megapixels"),
]


@NEEDS_YUNET
@pytest.mark.parametrize(("size_wh", "face_px", "corners"), SMALL)
def test_small_faces_are_found_that_one_look_misses(
    size_wh: tuple[int, int], face_px: int, corners: list[tuple[int, int]]
) -> None:
    detector = YuNetDetector(MODELS_DIR)
    picture = with_small_faces(size_wh, face_px, corners)
    seen, faces = detector.first_look(picture).faces, detector.detect(picture)
    assert not all(found_at(seen, corner, face_px) for corner in corners)
    assert [found_at(faces, corner, face_px) for corner in corners] == [True] * len(corners)
    assert len(faces) == len(corners)


@NEEDS_YUNET
def test_where_nothing_small_can_be_hardly_more_is_looked_at() -> None:
    looks: list[tuple[int, ...]] = []

    class Counting(YuNetDetector):
        def look(self, image_rgb: Picture) -> list[Face]:
            looks.append(image_rgb.shape)
            return super().look(image_rgb)

    assert len(Counting(MODELS_DIR).detect(with_small_faces((640, 480), 120, [(200, 120)]))) == 1
    assert len(looks) <= 2


@pytest.mark.parametrize("name", [pytest.param("yunet", marks=NEEDS_YUNET), "mtcnn"])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photo_gives_the_faces_of_the_upright_one(name: str, quarters: int) -> None:
    detector = open_detector(name, models_dir=MODELS_DIR)
    (upright,) = detector.detect(astronaut())
    turned_rgb, back = turned_by_quarters(astronaut(), quarters)
    (turned,) = detector.detect(turned_rgb)
    found = back(turned)
    assert iou(found.box_xywh, upright.box_xywh) > 0.99
    assert found.landmarks is not None
    assert upright.landmarks is not None
    np.testing.assert_allclose(found.landmarks, upright.landmarks, atol=1)


@NEEDS_YUNET
def test_only_a_doubtful_face_is_looked_at_again() -> None:
    detector = YuNetDetector(MODELS_DIR)
    faces = detector.detect(astronaut())
    looks: list[Picture] = []

    def find_once(image_rgb: Picture) -> list[Face]:
        looks.append(image_rgb)
        return detector.find_once(image_rgb)

    assert is_surely_upright(faces[0])
    assert quarters_to_upright(find_once, astronaut(), faces, min_score=0.8) == 0
    assert looks == []
    on_its_head = detector.find_once(np.ascontiguousarray(astronaut()[::-1, ::-1]))
    assert not any(map(is_surely_upright, on_its_head))


def test_without_landmarks_or_faces_nothing_is_turned() -> None:
    def find_once(image_rgb: Picture) -> list[Face]:
        raise AssertionError("no look is needed")

    plain = Face(box_xywh=(10, 10, 40, 50), detection_score=0.7)
    assert quarters_to_upright(find_once, astronaut(), [plain], min_score=0.8) == 0
    assert quarters_to_upright(find_once, astronaut(), [], min_score=0.8) == 0


@pytest.mark.parametrize("size_wh", [(1280, 720), (1999, 1501), (4000, 3000), (9000, 700)], ids=str)
def test_places_are_where_the_detail_is(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    picture = np.full((height, width, 3), 128, np.uint8)
    left, top, side = width // 2, height // 3, max(1, max(size_wh) // 20)
    noise = np.random.default_rng(3).integers(0, 256, (side // 8 + 1, side // 8 + 1, 3), np.uint8)
    picture[top : top + side, left : left + side] = np.repeat(np.repeat(noise, 8, 0), 8, 1)[:side, :side]
    places = places_with_detail(halved(picture, min_side_px=640), size_wh, max_area_px=ALL_PX)
    assert places
    covered = np.zeros((height, width), bool)
    for x1, y1, x2, y2 in places:
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        covered[y1:y2, x1:x2] = True
    assert covered[top : top + side, left : left + side].all()
    assert covered.mean() < 0.2


def test_a_smooth_picture_has_no_place_to_look_at() -> None:
    picture = with_small_faces((1280, 720), 20, [])
    assert places_with_detail(halved(picture, min_side_px=640), (1280, 720), max_area_px=ALL_PX) == []


def test_a_strip_narrower_than_a_cell_has_no_places() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (7, 2000, 3), np.uint8)
    assert places_with_detail(halved(noise, min_side_px=640), (2000, 7), max_area_px=ALL_PX) == []


def test_of_too_much_detail_the_finest_is_looked_at() -> None:
    generator = np.random.default_rng(4)
    size_wh, limit_px = (2560, 1920), 10**6
    coarse = generator.integers(118, 138, (480, 640, 3), np.uint8)
    picture = np.asarray(cv2.resize(coarse, size_wh, interpolation=cv2.INTER_NEAREST), np.uint8)
    finest = generator.integers(0, 256, (100, 100, 3), np.uint8)
    picture[800:1200, 1000:1400] = np.repeat(np.repeat(finest, 4, 0), 4, 1)
    small = halved(picture, min_side_px=640)
    everything = places_with_detail(small, size_wh, max_area_px=ALL_PX)
    assert sum((x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in everything) > 4 * 10**6
    places = places_with_detail(small, size_wh, max_area_px=limit_px)
    assert sum((x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in places) < limit_px
    assert any(x1 <= 1200 <= x2 and y1 <= 1000 <= y2 for x1, y1, x2, y2 in places)
    assert max(size_wh) <= MAX_SIDE_PX


@NEEDS_YUNET
def test_a_crowd_has_as_many_faces_as_there_are() -> None:
    """Parts of a large picture cut faces, and no piece of one counts as another."""
    columns, rows = 6, 5
    crowd = np.tile(np.asarray(cv2.resize(HEAD, (200, 200)), np.uint8), (rows, columns, 1))
    assert len(YuNetDetector(MODELS_DIR).detect(crowd)) == columns * rows
