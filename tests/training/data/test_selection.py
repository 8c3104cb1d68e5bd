"""The tenth of the training faces that nothing is trained on."""

import dataclasses

import numpy as np

from tests.training.generated import make_faces, portraits
from training.data.fer2013 import FaceData
from training.data.selection import USAGE, with_selection


def _faces(images: np.ndarray, usage: str = "Training") -> FaceData:
    count = len(images)
    return FaceData(
        images=images,
        labels=np.arange(count) % 7,
        usage=np.array([usage] * count),
        votes=np.ones((count, 10), np.int64),
    )


def test_about_a_tenth_is_kept_apart_and_nothing_is_lost() -> None:
    images = portraits(400)
    marked = with_selection(_faces(images))
    kept = marked.usage == USAGE
    assert 0.05 < kept.mean() < 0.16
    assert set(marked.usage) == {USAGE, "Training"}
    assert {image.tobytes() for image in marked.images} == {image.tobytes() for image in images}


def test_one_face_at_least_is_kept_apart() -> None:
    marked = with_selection(_faces(portraits(4)))
    assert 1 <= (marked.usage == USAGE).sum() <= 2


def test_the_same_faces_are_kept_apart_in_every_run_and_order() -> None:
    images = portraits(200)
    one, other = with_selection(_faces(images)), with_selection(_faces(images[::-1]))
    first, second = ({image.tobytes() for image in each.take(each.usage == USAGE).images} for each in (one, other))
    assert first == second


def test_near_duplicates_are_kept_apart_together() -> None:
    images = portraits(150)
    brighter = np.clip(images.astype(np.int64) + 3, 0, 255).astype(np.uint8)
    marked = with_selection(_faces(np.concatenate([images, brighter])))
    assert (marked.usage[:150] == marked.usage[150:]).all()


def test_held_out_rows_stay_and_their_copies_leave_the_training_rows() -> None:
    faces = make_faces(training=24, public=14)
    images = faces.images.copy()
    images[0] = images[30]
    marked = with_selection(dataclasses.replace(faces, images=images))
    public = marked.take(marked.usage == "PublicTest")
    assert (public.images == faces.images[24:]).all()
    assert len(marked) == len(faces) - 1
    assert marked.votes is not None


def test_no_training_rows_are_none_kept_apart() -> None:
    marked = with_selection(_faces(portraits(3), usage="PublicTest"))
    assert set(marked.usage) == {"PublicTest"}
