"""Which face a correction means: every box that a prediction showed leads back to its face."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer.domain import BoxXYWH, Face, box_inside
from fer.errors import InvalidInput
from fer.settings import Settings
from fer.usecases.feedback import face_at
from fer.vision.detection.detector import Detector, open_detector
from tests.pictures import astronaut, two_faces

DETECTORS: dict[str, Detector] = {}


def detector(name: str) -> Detector:
    if name not in DETECTORS:
        DETECTORS[name] = open_detector(name, models_dir=Settings.from_env().models_dir / "detector")
    return DETECTORS[name]


@st.composite
def crops(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a part of the portrait that cuts its face somewhere, or hardly."""
    x, y = draw(st.integers(130, 215)), draw(st.integers(20, 110))
    return x, y, draw(st.integers(max(x + 40, 235), 330)), draw(st.integers(max(y + 40, 135), 260))


@pytest.mark.parametrize("name", ["yunet", "mtcnn", "haar"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crop=crops(), shrunk=st.integers(1, 2))
def test_every_box_of_a_prediction_leads_to_its_face(name: str, crop: tuple[int, int, int, int], shrunk: int) -> None:
    left, top, right, bottom = crop
    image = np.ascontiguousarray(astronaut()[top:bottom:shrunk, left:right:shrunk])
    size_wh = (image.shape[1], image.shape[0])
    faces = detector(name).detect(image)
    for face in faces:
        shown = box_inside(face.box_xywh, size_wh)
        assert box_inside(face_at(shown, faces, image_size_wh=size_wh).box_xywh, size_wh) == shown


boxes = st.tuples(
    *[st.floats(-300, 300, allow_nan=False)] * 2, *[st.floats(0.1, 600, allow_nan=False, exclude_min=True)] * 2
)


@given(st.lists(boxes, min_size=1, max_size=6), st.tuples(st.integers(16, 300), st.integers(16, 300)))
def test_boxes_of_any_place_and_size_lead_back(found: list[BoxXYWH], size_wh: tuple[int, int]) -> None:
    faces = [Face(box_xywh=box, detection_score=0.9) for box in found]
    for face in faces:
        shown = box_inside(face.box_xywh, size_wh)
        assert box_inside(face_at(shown, faces, image_size_wh=size_wh).box_xywh, size_wh) == shown


def test_a_box_that_is_mostly_outside_is_the_one_that_was_shown() -> None:
    """As MTCNN gave it for a tight crop: uncut, the two overlap by less than half."""
    faces = [Face(box_xywh=(-30.0, -45.0, 130.0, 170.0), detection_score=0.9)]
    assert box_inside(faces[0].box_xywh, (64, 81)) == (0, 0, 64, 81)
    assert face_at((0, 0, 64, 81), faces, image_size_wh=(64, 81)) is faces[0]


def test_a_box_elsewhere_is_nobodys() -> None:
    image = two_faces()
    faces = detector("yunet").detect(image)
    with pytest.raises(InvalidInput, match="no face at 'box'"):
        face_at((0, 400, 90, 110), faces, image_size_wh=(image.shape[1], image.shape[0]))
