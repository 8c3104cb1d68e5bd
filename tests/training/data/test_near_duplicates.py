"""Grouping faces that are the same picture but for encoding, light or noise."""

import cv2
import numpy as np
import pytest

from tests.training.generated import portraits
from training.data.near_duplicates import near_groups


def _jpeg(image: np.ndarray) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_GRAYSCALE)


def _noise(image: np.ndarray) -> np.ndarray:
    return np.clip(image + np.random.default_rng(1).normal(0, 6, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "change",
    [_jpeg, _noise, lambda image: (image * 0.5).astype(np.uint8), lambda image: cv2.GaussianBlur(image, (0, 0), 0.7)],
    ids=["jpeg", "noise", "dim", "blur"],
)
def test_a_picture_that_was_changed_a_little_is_found(change) -> None:
    images = portraits(60)
    groups = near_groups(np.concatenate([images, np.stack([change(image) for image in images])]))
    assert (groups[:60] == np.arange(60)).mean() > 0.95
    assert (groups[60:] == groups[:60]).mean() > 0.9


def test_different_pictures_stay_apart() -> None:
    assert (near_groups(portraits(300)) == np.arange(300)).all()


def test_a_chain_of_pictures_is_one_group_named_by_its_first() -> None:
    one, other = portraits(2)
    images = np.stack([other, *(cv2.GaussianBlur(one, (0, 0), 0.5 + 0.2 * step) for step in range(5))])
    assert near_groups(images).tolist() == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_few_pictures_are_groups_of_their_own(count: int) -> None:
    assert near_groups(portraits(2)[:count]).tolist() == list(range(count))


def test_many_copies_of_one_picture_are_one_group() -> None:
    assert (near_groups(np.repeat(portraits(1), 500, axis=0)) == 0).all()
