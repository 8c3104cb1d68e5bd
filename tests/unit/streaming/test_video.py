"""The frames of one video: what is found, what is remembered, what is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from fer.domain import EXPRESSIONS, Face
from fer.errors import InvalidInput, TooLarge, UnsupportedType
from fer.storage.objects import MemoryObjectStore
from fer.storage.registry import ModelRegistry
from fer.usecases.champion import ChampionClassifier
from fer.usecases.predict import Recogniser, predict
from streaming.video import MAX_FACES, Video
from tests.pictures import Picture, astronaut, encode, two_faces
from tests.published import model_version

FRAME_S = 0.04


def moved_by(image_rgb: Picture, dx_px: int, dy_px: int) -> Picture:
    return np.roll(image_rgb, (dy_px, dx_px), axis=(0, 1))


def test_first_frame_says_what_the_http_route_says(recogniser: Recogniser, photo: bytes) -> None:
    seen = Video(recogniser).look(photo, arrived_s=0)
    (expected,) = predict(photo, recogniser=recogniser, annotate="none", max_image_pixels=10**7).predictions
    (face,) = seen.faces
    assert seen.image_size_wh == (512, 512)
    assert (face.track, face.face, face.smoothed.scores) == (1, expected.face, expected.scores)
    assert EXPRESSIONS[face.smoothed.label] == expected.expression


def test_a_video_goes_over_to_a_new_champion_and_never_mixes_two_models(recogniser: Recogniser, photo: bytes) -> None:
    registry = ModelRegistry(MemoryObjectStore())
    champion = ChampionClassifier(recogniser.classifier, lambda: registry, refresh_s=3600)
    following = replace(recogniser, classifier=champion)
    video = Video(following)
    assert video.look(photo, arrived_s=0).model_version == recogniser.classifier.model_version
    registry.publish("new", model_version("new", labels=list(reversed(EXPRESSIONS))))
    registry.promote("new", expected=None, now=datetime(2026, 1, 1, tzinfo=UTC))
    champion.look()
    seen = video.look(photo, arrived_s=FRAME_S)
    expected = predict(photo, recogniser=following, annotate="none", max_image_pixels=10**7)
    assert (seen.model_version, expected.model_version) == ("new", "new")
    assert seen.faces[0].track == 1
    assert seen.faces[0].smoothed.scores == expected.predictions[0].scores
    champion.close()


def test_moving_faces_keep_their_numbers_largest_first(recogniser: Recogniser) -> None:
    video = Video(recogniser)
    for step in range(8):
        frame = encode(moved_by(two_faces(), 6 * step, 3 * step), ".jpg")
        assert [face.track for face in video.look(frame, arrived_s=step * FRAME_S).faces] == [1, 2]
    assert video.tracks == 2


def test_a_face_is_known_again_after_frames_without_it(recogniser: Recogniser, photo: bytes) -> None:
    empty = encode(np.full((512, 512, 3), 120, np.uint8), ".jpg")
    video = Video(recogniser)
    tracks = [
        [face.track for face in video.look(frame, arrived_s=index * FRAME_S).faces]
        for index, frame in enumerate([photo, empty, empty, photo])
    ]
    assert tracks == [[1], [], [], [1]]


def test_tight_and_turned_faces_are_found_within_a_few_frames(recogniser: Recogniser) -> None:
    x, y, side = 223, 120, 50
    tight = encode(np.ascontiguousarray(astronaut()[y - side : y + side, x - side : x + side]), ".jpg")
    video = Video(recogniser)
    found = [len(video.look(tight, arrived_s=index * FRAME_S).faces) for index in range(8)]
    assert found[3:] == [1] * 5  # and from then on in every frame
    assert video.tracks == 1


def test_a_frame_is_looked_at_twice_at_most(recogniser: Recogniser) -> None:
    looks: list[tuple[int, ...]] = []
    detector = recogniser.detector

    class Counting:
        name = detector.name
        min_retry_score = detector.min_retry_score
        detect = detector.detect
        first_look = detector.first_look

        def find_once(self, image_rgb: Picture) -> list[Face]:
            looks.append(image_rgb.shape)
            return detector.find_once(image_rgb)

    counting = Recogniser(detector=Counting(), aligner=recogniser.aligner, classifier=recogniser.classifier)
    video = Video(counting)
    empty = encode(np.full((480, 640, 3), 120, np.uint8), ".jpg")
    for index in range(6):
        video.look(empty, arrived_s=index * FRAME_S)
    assert len(looks) == 12
    assert max(max(shape[:2]) for shape in looks) == 640


def test_of_a_crowd_the_largest_are_looked_at(recogniser: Recogniser) -> None:
    portrait = np.ascontiguousarray(astronaut()[40:240:1, 120:320:1])
    crowd = np.tile(portrait, (5, 5, 1))  # 25 faces
    assert len(Video(recogniser).look(encode(crowd, ".jpg"), arrived_s=0).faces) == MAX_FACES


def test_webp_is_read(recogniser: Recogniser) -> None:
    assert len(Video(recogniser).look(encode(astronaut(), ".webp"), arrived_s=0).faces) == 1


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        pytest.param(b"", InvalidInput, id="empty"),
        pytest.param(b"no picture", InvalidInput, id="text"),
        pytest.param(encode(astronaut(), ".jpg")[:5000], InvalidInput, id="cut off"),
        pytest.param(encode(astronaut(), ".png"), UnsupportedType, id="PNG"),
        pytest.param(encode(np.zeros((1300, 1300, 3), np.uint8), ".jpg"), TooLarge, id="too many pixels"),
    ],
)
def test_a_bad_frame_is_refused_and_changes_nothing(
    recogniser: Recogniser, photo: bytes, frame: bytes, error: type[Exception]
) -> None:
    video = Video(recogniser)
    video.look(photo, arrived_s=0)
    with pytest.raises(error):
        video.look(frame, arrived_s=FRAME_S)
    assert [face.track for face in video.look(photo, arrived_s=2 * FRAME_S).faces] == [1]
