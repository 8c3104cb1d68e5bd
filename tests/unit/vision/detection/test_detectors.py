"""The three detectors behind one protocol: what they find, what they refuse, and in which order."""

import logging
import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer.domain import BoxXYWH, Face
from fer.errors import CorruptData, NotFound
from fer.vision.detection.detector import Detector, open_detector
from fer.vision.detection.detector_files import YUNET_FILE
from tests.detector_models import MODELS_DIR, NEEDS_YUNET
from tests.pictures import Picture, astronaut, two_faces

NAMES = [pytest.param("yunet", marks=NEEDS_YUNET), "mtcnn", "haar"]
NETS = [pytest.param("yunet", marks=NEEDS_YUNET), "mtcnn"]

# The astronaut's face by eye: centre and side in her 512×512 picture.
FACE_XY, FACE_SIDE_PX = (223.0, 120.0), 100.0


@pytest.fixture(params=NAMES)
def detector(request: pytest.FixtureRequest) -> Detector:
    return open_detector(request.param, models_dir=MODELS_DIR)


def is_near(box_xywh: BoxXYWH, centre_xy: tuple[float, float], side_px: float) -> bool:
    x, y, width, height = box_xywh
    off_px = math.hypot(x + width / 2 - centre_xy[0], y + height / 2 - centre_xy[1])
    return off_px < 0.35 * side_px and 0.5 < math.sqrt(width * height) / side_px < 2


def turned(image_rgb: Picture, clockwise_deg: float) -> tuple[Picture, tuple[float, float]]:
    """Return the picture turned about its middle on a canvas that holds it, and where the face's centre went."""
    height, width = image_rgb.shape[:2]
    cos, sin = math.cos(math.radians(clockwise_deg)), math.sin(math.radians(clockwise_deg))
    new_wh = (math.ceil(abs(width * cos) + abs(height * sin)), math.ceil(abs(width * sin) + abs(height * cos)))
    matrix = np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])
    matrix[:, 2] = np.array(new_wh) / 2 - matrix[:, :2] @ np.array([width / 2, height / 2])
    image = cv2.warpAffine(image_rgb, matrix, new_wh, borderMode=cv2.BORDER_REPLICATE)
    x, y = matrix @ np.array([*FACE_XY, 1.0])
    return np.asarray(image, np.uint8), (float(x), float(y))


def assert_sound(faces: list[Face]) -> None:
    for face in faces:
        points = [value for point in face.landmarks or () for value in point]
        numbers = [*face.box_xywh, face.detection_score, *points]
        assert all(math.isfinite(number) for number in numbers)
        assert 0 <= face.detection_score <= 1
        assert min(face.box_xywh[2:]) > 0


def test_finds_the_one_face_of_a_photo(detector: Detector) -> None:
    faces = detector.detect(astronaut())
    assert is_near(faces[0].box_xywh, FACE_XY, FACE_SIDE_PX)
    assert_sound(faces)


@pytest.mark.parametrize("name", NETS)
def test_a_net_finds_no_second_face_in_a_portrait(name: str) -> None:
    assert len(open_detector(name, models_dir=MODELS_DIR).detect(astronaut())) == 1


def test_says_its_name() -> None:
    assert open_detector("haar", models_dir=MODELS_DIR).name == "haar"
    assert open_detector("mtcnn", models_dir=MODELS_DIR).name == "mtcnn"


def test_the_largest_face_comes_first(detector: Detector) -> None:
    areas = [face.area_px for face in detector.detect(two_faces())]
    assert len(areas) >= 2
    assert areas == sorted(areas, reverse=True)


@pytest.mark.parametrize("name", NETS)
def test_a_net_finds_both_of_two_faces_and_nothing_else(name: str) -> None:
    large, small = open_detector(name, models_dir=MODELS_DIR).detect(two_faces())
    assert is_near(large.box_xywh, (256 + FACE_XY[0], FACE_XY[1]), FACE_SIDE_PX)
    assert is_near(small.box_xywh, (FACE_XY[0] / 2, 128 + FACE_XY[1] / 2), FACE_SIDE_PX / 2)


def test_gives_the_same_faces_in_the_same_order_again(detector: Detector) -> None:
    again = open_detector(detector.name, models_dir=MODELS_DIR)
    assert detector.detect(two_faces()) == detector.detect(two_faces()) == again.detect(two_faces())


def test_leaves_the_picture_as_it_was(detector: Detector) -> None:
    picture = astronaut()
    detector.detect(picture)
    assert np.array_equal(picture, astronaut())


@pytest.mark.parametrize("name", NETS)
def test_a_net_gives_landmarks_in_the_order_of_the_domain(name: str) -> None:
    landmarks = open_detector(name, models_dir=MODELS_DIR).detect(astronaut())[0].landmarks
    assert landmarks is not None
    right_eye, left_eye, nose, right_mouth, left_mouth = landmarks
    assert right_eye[0] < left_eye[0]  # the subject's right is on the picture's left
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@pytest.mark.parametrize(
    "size_wh", [(2, 2), (16, 16), (31, 33), (2, 300), (300, 2), (64, 48)], ids=lambda size: f"{size[0]}x{size[1]}"
)
@pytest.mark.parametrize("fill", ["black", "white", "noise", "photo"])
def test_a_tiny_picture_gives_only_sound_faces(detector: Detector, size_wh: tuple[int, int], fill: str) -> None:
    shape = (size_wh[1], size_wh[0], 3)
    pictures: dict[str, Picture] = {
        "black": np.zeros(shape, np.uint8),
        "white": np.full(shape, 255, np.uint8),
        "noise": np.random.default_rng(7).integers(0, 256, shape, np.uint8),
        "photo": np.asarray(cv2.resize(astronaut()[40:200, 140:300], size_wh), np.uint8),
    }
    assert_sound(detector.detect(pictures[fill]))


@pytest.mark.parametrize("fill", [0, 128, 255])
def test_a_plain_picture_has_no_face(detector: Detector, fill: int) -> None:
    assert detector.detect(np.full((480, 640, 3), fill, np.uint8)) == []


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("enlarge", [1, 3], ids=["small", "large"])
def test_a_net_finds_a_face_that_fills_the_frame(name: str, enlarge: int) -> None:
    x, y, side = int(FACE_XY[0]), int(FACE_XY[1]), 50
    tight = astronaut()[y - side : y + side, x - side : x + side]
    large = np.asarray(cv2.resize(tight, None, fx=enlarge, fy=enlarge), np.uint8)
    faces = open_detector(name, models_dir=MODELS_DIR).detect(large)
    assert faces
    assert is_near(faces[0].box_xywh, (side * enlarge, side * enlarge), FACE_SIDE_PX * enlarge)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("degrees", [15, -15, 30, -30, 45, -45, 90, -90, 180])
def test_a_net_finds_the_face_of_a_turned_picture_where_it_is(name: str, degrees: float) -> None:
    picture, centre_xy = turned(astronaut(), degrees)
    faces = open_detector(name, models_dir=MODELS_DIR).detect(picture)
    assert faces
    assert is_near(faces[0].box_xywh, centre_xy, FACE_SIDE_PX)


@pytest.mark.parametrize("name", NETS)
def test_a_net_finds_a_small_face_in_a_large_picture(name: str) -> None:
    canvas = np.full((1440, 1920, 3), 120, np.uint8)
    canvas[400:912, 700:1212] = astronaut()
    faces = open_detector(name, models_dir=MODELS_DIR).detect(canvas)
    assert any(is_near(face.box_xywh, (700 + FACE_XY[0], 400 + FACE_XY[1]), FACE_SIDE_PX) for face in faces)


@pytest.mark.parametrize("name", ["yunet", "mtcnn"])
def test_a_missing_model_file_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"\.onnx.*make models"):
        open_detector(name, models_dir=tmp_path)


@pytest.mark.parametrize("name", ["yunet", "mtcnn"])
@pytest.mark.parametrize("content", [b"", b"not a net at all", bytes(4096)], ids=["empty", "text", "zeros"])
def test_a_damaged_model_file_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    for file in (YUNET_FILE, "mtcnn_pnet.onnx", "mtcnn_rnet.onnx", "mtcnn_onet.onnx"):
        (tmp_path / file).write_bytes(content)
    with pytest.raises(CorruptData):
        open_detector(name, models_dir=tmp_path)


def test_a_model_file_cut_short_is_refused(tmp_path: Path) -> None:
    for file in ("mtcnn_pnet.onnx", "mtcnn_rnet.onnx", "mtcnn_onet.onnx"):
        whole = (MODELS_DIR / file).read_bytes()
        (tmp_path / file).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorruptData):
        open_detector("mtcnn", models_dir=tmp_path)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="yunet, mtcnn, haar"):
        open_detector("dlib", models_dir=MODELS_DIR)


def test_auto_without_any_file_takes_haar_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert open_detector("auto", models_dir=tmp_path).name == "haar"
    assert "haar" in caplog.text
    assert "make models" in caplog.text


def test_auto_without_yunet_takes_mtcnn_and_says_how_to_get_better(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for file in MODELS_DIR.glob("mtcnn_*.onnx"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with caplog.at_level(logging.INFO):
        assert open_detector("auto", models_dir=tmp_path).name == "mtcnn"
    assert len(caplog.records) == 1
    assert "make models" in caplog.text


@NEEDS_YUNET
def test_auto_takes_yunet_where_it_is() -> None:
    assert open_detector("auto", models_dir=MODELS_DIR).name == "yunet"
