"""Augmentation and batches."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.generated import make_faces
from training.config import Config, read_config
from training.data.augment import Augmentation, augment, mix
from training.data.sources import voted
from training.nets.batches import Batches, ahead, learning_rate

STILL = Augmentation(
    shift_px=0,
    roll_deg=0,
    scale=0,
    aspect=0,
    shear=0,
    gamma=0,
    blur_probability=0,
    low_resolution_probability=0,
    noise_probability=0,
    occlusion_probability=0,
)


def test_augmented_faces_keep_shape_and_range() -> None:
    images = make_faces().images
    result = augment(images, Augmentation(), np.random.default_rng(0))
    assert result.shape == images.shape
    assert result.dtype == np.float32
    assert result.min() >= 0
    assert result.max() <= 255


def test_without_strength_only_flip_and_light_remain() -> None:
    ramp = np.tile(np.arange(60, 156, 2, dtype=np.uint8), (8, 48, 1))
    result = augment(ramp, STILL, np.random.default_rng(1))
    steps = np.diff(result[:, 24, 12:36], axis=1)
    assert (np.abs(steps) > 1).all()
    assert {bool(row[0] > 0) for row in steps} == {True, False}


def test_the_same_seed_gives_the_same_faces() -> None:
    images = make_faces().images
    first, second = (augment(images, Augmentation(), np.random.default_rng(3)) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_mixed_targets_still_sum_to_one(kind: str) -> None:
    strength = Augmentation(mixup_probability=kind == "mixup", cutmix_probability=kind == "cutmix")
    images = make_faces().images[:14].astype(np.float32)
    mixed, targets = mix(images, np.eye(7, dtype=np.float32)[np.arange(14) % 7], strength, np.random.default_rng(0))
    assert mixed.shape == images.shape
    assert targets.sum(axis=1) == pytest.approx(np.ones(14))
    assert (mixed != images).any()


def test_an_epoch_is_reproducible_and_in_range() -> None:
    config = Config(batch=8)
    batches = Batches([voted(make_faces(), config)], config)
    first, second = (list(batches.epoch(1, mixing=True)) for _ in range(2))
    assert len(first) == batches.steps
    for (images, targets, weights, added), (again, *_) in zip(first, second, strict=True):
        assert images.shape == (8, 48, 48, 1)
        assert 0 <= images.min() <= images.max() <= 1
        assert targets.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-5)
        assert weights.shape == (8,)
        assert (added == 0).all()
        assert (images == again).all()


def test_the_learning_rate_warms_up_holds_and_decays() -> None:
    config = Config(learning_rate=1.0, warmup=0.1, hold=0.5)
    assert learning_rate(0, config) < 0.05
    assert learning_rate(0.3, config) == 1
    assert learning_rate(0.75, config) == pytest.approx(0.5, abs=0.01)
    assert learning_rate(1.2, config) == pytest.approx(0.002)


def test_ahead_yields_everything_in_order() -> None:
    assert list(ahead(iter(range(20)))) == list(range(20))


def test_ahead_passes_errors_on() -> None:
    def failing():
        yield 1
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        list(ahead(failing()))


def test_an_experiment_file_becomes_a_config(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text('architecture = "residual"\nepochs = 3\n[augmentation]\nshift_px = 1.5\n', encoding="utf-8")
    config = read_config(path)
    assert (config.epochs, config.augmentation.shift_px) == (3, 1.5)


def test_an_unknown_key_in_an_experiment_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text("epoch = 3\n", encoding="utf-8")
    with pytest.raises(TypeError, match="epoch"):
        read_config(path)


@pytest.mark.parametrize("path", sorted(Path("training/experiments").rglob("*.toml")), ids=lambda path: path.stem)
def test_every_experiment_can_be_read(path: Path) -> None:
    assert read_config(path).architecture
