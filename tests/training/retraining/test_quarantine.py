"""Corrections that the champion holds for near impossible: kept out, shown to a person, let in again."""

from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np

from tests.detector_models import MODELS_DIR as DETECTOR_DIR
from tests.training.generated import portraits
from training.retraining.quarantine import (
    MOST_SHOWN,
    NEAR_IMPOSSIBLE,
    quarantined,
    read_accepted,
    shows_face,
    write_report,
)
from training.retraining.served_answer import ROOT

SCORES = np.array([[0.999, 0.001, 0, 0, 0, 0, 0], [0.99, 0.01, 0, 0, 0, 0, 0], [0.4, 0.6, 0, 0, 0, 0, 0]])
LABELS = np.array([1, 1, 0])
NAMES = ["aa", "bb", "cc"]
ALL = np.ones(3, np.bool_)


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.boxes: list[str] = []
        self.pictures: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "input":
            self.boxes.append(values["value"])
        if tag == "img":
            self.pictures.append(values["src"])


def test_only_labels_that_are_near_impossible_are_kept_out() -> None:
    assert SCORES[0, 1] < NEAR_IMPOSSIBLE < SCORES[1, 1]
    assert quarantined(SCORES, LABELS, NAMES, set(), faces=ALL).tolist() == [True, False, False]


def test_pictures_without_a_face_are_kept_out() -> None:
    assert quarantined(SCORES, LABELS, NAMES, set(), faces=~ALL).all()
    assert quarantined(SCORES, LABELS, NAMES, {"bb"}, faces=~ALL).tolist() == [True, False, True]


def test_noise_is_told_from_faces() -> None:
    rng = np.random.default_rng(5)
    coarse = rng.uniform(0, 255, (300, 12, 12)).astype(np.float32)
    noise = np.stack([cv2.resize(each, (48, 48), interpolation=cv2.INTER_LINEAR) for each in coarse]).astype(np.uint8)
    photo = cv2.imread(str(ROOT / "docs" / "images" / "astronaut.jpg"), cv2.IMREAD_GRAYSCALE)
    face = cv2.resize(photo[63:176, 167:280], (48, 48), interpolation=cv2.INTER_AREA)
    faces = np.stack([(face * light).astype(np.uint8) for light in (0.5, 0.7, 1.0)])
    assert shows_face(faces, DETECTOR_DIR).all()
    assert shows_face(noise, DETECTOR_DIR).mean() < 0.05
    assert shows_face(noise[:0], DETECTOR_DIR).shape == (0,)


def test_what_a_person_accepted_comes_in(tmp_path: Path) -> None:
    path = tmp_path / "accepted.txt"
    path.write_text("# looked at on Monday\naa  # really\n\n", encoding="utf-8")
    assert read_accepted(path) == {"aa"}
    assert not quarantined(SCORES, LABELS, NAMES, read_accepted(path), faces=ALL).any()


def test_nobody_has_accepted_anything_without_a_list() -> None:
    assert read_accepted(None) == set()


def test_no_faces_are_no_trouble(tmp_path: Path) -> None:
    empty = np.zeros((0, 7))
    assert quarantined(empty, LABELS[:0], [], set(), faces=ALL[:0]).shape == (0,)
    write_report(tmp_path / "page.html", portraits(1)[:0], LABELS[:0], empty, [])
    assert _Page((tmp_path / "page.html").read_text("utf-8")).boxes == []


def test_the_report_shows_each_face_the_least_likely_first_and_needs_nothing_else(tmp_path: Path) -> None:
    write_report(tmp_path / "page.html", portraits(3), LABELS, SCORES, NAMES)
    text = (tmp_path / "page.html").read_text("utf-8")
    page = _Page(text)
    assert page.boxes == ["aa", "bb", "cc"]
    assert all(source.startswith("data:image/png;base64,") for source in page.pictures)
    assert "http" not in text


def test_the_report_of_many_faces_shows_the_least_likely(tmp_path: Path) -> None:
    count = MOST_SHOWN + 3
    scores = np.full((count, 7), 0.1)
    scores[:, 0] = np.linspace(0, 0.001, count)[::-1]
    names = [f"{number:04d}" for number in range(count)]
    images = np.repeat(portraits(1), count, axis=0)
    write_report(tmp_path / "page.html", images, np.zeros(count, np.int64), scores, names)
    assert _Page((tmp_path / "page.html").read_text("utf-8")).boxes == names[::-1][:MOST_SHOWN]
