"""Which faces are trained on and which judge: disjoint, stable, and free of leaks through duplicates."""

import dataclasses

import numpy as np

from tests.training.generated import make_faces, portraits
from training.data.fer2013 import FaceData, unanimous_votes
from training.data.sources import Source
from training.retraining.parts import HELD_OUT_SHARE, Faces, Parts, alone, fit_to_train, positions, with_base


def _feedback(count: int) -> tuple[Faces, np.ndarray, np.ndarray]:
    """Faces, digests, and which of the faces are new to the champion: the second half."""
    images = portraits(count)
    digests = np.random.default_rng(0).integers(0, 256, (count, 16), dtype=np.uint8)
    return Faces(images=images, labels=np.arange(count) % 7), digests, np.arange(count) >= count // 2


def _base(images: np.ndarray, usage: list[str]) -> FaceData:
    labels = np.arange(len(images)) % 7
    return FaceData(images=images, labels=labels, usage=np.array(usage), votes=unanimous_votes(labels))


def _keys(images: np.ndarray) -> set[bytes]:
    return {image.tobytes() for image in images}


def _trained(parts: Parts) -> set[bytes]:
    return _keys(parts.feedback.images) | _keys(parts.replay.images)


def test_every_face_is_trained_on_or_held_out_and_never_both() -> None:
    feedback, digests, new = _feedback(200)
    parts = with_base(feedback, digests, new, make_faces(), replay=1.0, seed=1)
    held_out, trained = _keys(parts.held_out.images), _trained(parts)
    assert not held_out & trained
    assert len(held_out) + parts.counts["feedback faces trained on"] == 200
    assert abs(len(held_out) / 200 - HELD_OUT_SHARE) < 0.1
    assert _keys(parts.held_out.images[parts.new]) == held_out & _keys(feedback.images[100:])
    assert parts.counts["of these new to the champion"] == parts.new.sum() > 0


def test_a_face_stays_held_out_when_more_feedback_comes() -> None:
    feedback, digests, new = _feedback(120)
    first = with_base(feedback.take(np.arange(60)), digests[:60], new[:60], make_faces(), replay=1.0, seed=1)
    second = with_base(feedback, digests, new, make_faces(), replay=1.0, seed=2)
    assert _keys(first.held_out.images) <= _keys(second.held_out.images)


def test_feedback_that_shows_a_face_of_the_frozen_test_is_not_trained_on() -> None:
    feedback, digests, new = _feedback(40)
    digests[:] = 255  # nothing is held out
    dimmed = (feedback.images[3] * 0.8).astype(np.uint8)
    base = _base(np.stack([dimmed, *portraits(60)[50:]]), ["PublicTest"] + ["Training"] * 10)
    trained = _trained(with_base(feedback, digests, new, base, replay=1.0, seed=1))
    assert feedback.images[3].tobytes() not in trained
    assert feedback.images[4].tobytes() in trained


def test_base_rows_that_show_a_held_out_or_frozen_face_are_not_replayed() -> None:
    feedback, digests, new = _feedback(20)
    digests[:] = 255
    digests[0] = 0  # held out
    others = portraits(60)[40:]
    leaks = [(feedback.images[0] * 0.8).astype(np.uint8), (others[0] * 0.8).astype(np.uint8)]
    base = _base(np.stack([others[0], *leaks, *others[1:4]]), ["PublicTest"] + ["Training"] * 5)
    parts = with_base(feedback, digests, new, base, replay=10.0, seed=1)
    assert parts.counts["base faces replayed"] == 3
    assert not _keys(np.stack(leaks)) & _trained(parts)


def test_further_faces_that_show_a_held_out_or_frozen_face_are_left_out() -> None:
    feedback, digests, new = _feedback(20)
    digests[:] = 255
    digests[0] = 0  # held out
    others = portraits(60)[40:]
    parts = with_base(
        feedback, digests, new, _base(others[:4], ["PublicTest"] + ["Training"] * 3), replay=1.0, seed=1
    )
    leaks = [(face * 0.8).astype(np.uint8) for face in (feedback.images[0], others[0])]
    images = np.stack([*leaks, *others[4:9]])
    source = Source(
        images=images,
        targets=np.eye(7, dtype=np.float32),
        weights=np.ones(7, np.float32),
        repeats=np.arange(1.0, 8.0),
    )
    (kept,) = fit_to_train([source], parts)
    assert (kept.images == images[2:]).all()
    assert kept.repeats.tolist() == [3, 4, 5, 6, 7]
    assert fit_to_train([source.take(np.arange(7) < 2)], parts) == []


def test_a_base_without_votes_trains_on_its_own_labels() -> None:
    feedback, digests, new = _feedback(20)
    base = dataclasses.replace(make_faces(), votes=None)
    parts = with_base(feedback, digests, new, base, replay=1.0, seed=1)
    assert len(parts.frozen) == 14
    assert (parts.replay.votes.max(axis=1) == 10).all()


def test_without_a_base_a_part_of_the_feedback_is_frozen_once() -> None:
    feedback, digests, new = _feedback(200)
    first, recorded = alone(feedback.take(np.arange(100)), digests[:100], new[:100], None)
    second, again = alone(feedback, digests, new, set(recorded))
    assert recorded == again
    assert _keys(first.frozen.images) == _keys(second.frozen.images)
    trained = _trained(second)
    assert not trained & _keys(second.frozen.images)
    assert not trained & _keys(second.held_out.images)
    assert len(trained) + len(second.frozen) + len(second.held_out) == 200
    assert _keys(second.held_out.images[second.new]) <= _keys(feedback.images[100:])
    assert second.counts["of these new to the champion"] == second.new.sum() > 0


def test_positions_are_spread_over_zero_to_one() -> None:
    digests = np.random.default_rng(1).integers(0, 256, (5000, 16), dtype=np.uint8)
    places = positions(digests)
    assert places.min() >= 0
    assert places.max() <= 1
    assert abs((places < 0.2).mean() - 0.2) < 0.02
