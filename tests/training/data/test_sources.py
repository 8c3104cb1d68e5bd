"""What a network is trained on, and the population of each source."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.generated import feedback_csv, make_faces, portraits
from training.config import Config
from training.data.augment import Augmentation
from training.data.fer2013 import LABELS
from training.data.sources import RAREST, Source, labelled, parse_extra, repeat_factors, voted
from training.nets.batches import Batches

UNIFORM = np.full(len(LABELS), 1 / len(LABELS), np.float32)
UNMIXED = Augmentation(mixup_probability=0, cutmix_probability=0)


def _source(counts: list[int]) -> Source:
    labels = np.repeat(np.arange(len(LABELS)), counts)
    return Source(
        images=portraits(len(labels)),
        targets=np.eye(len(LABELS), dtype=np.float32)[labels],
        weights=np.ones(len(labels), np.float32),
        repeats=np.ones(len(labels)),
    )


def test_rare_expressions_are_repeated() -> None:
    labels = np.array([3] * 98 + [1] + [-1])
    factors = repeat_factors(labels, below=0.04)
    assert factors[98] == pytest.approx(2)
    assert factors[0] == factors[99] == 1


def test_a_sources_prior_is_its_own_and_never_nothing() -> None:
    prior = _source([0, 1, 1, 6, 0, 0, 2]).prior()
    assert prior.sum() == pytest.approx(1)
    assert prior[3] == pytest.approx(0.6, abs=0.01)
    assert prior[0] == pytest.approx(RAREST, rel=0.05)


def test_the_loss_adds_each_sources_prior_to_the_logits() -> None:
    first, second = _source([8, 0, 0, 0, 0, 0, 0]), _source([0, 0, 0, 0, 0, 0, 8])
    config = Config(batch=4, augmentation=UNMIXED)
    batches = Batches([first, second], config, UNIFORM)
    for _, targets, _, added in batches.epoch(1, mixing=False):
        for target, row in zip(targets, added, strict=True):
            source = first if target.argmax() == 0 else second
            assert row == pytest.approx(np.log(source.prior() * len(LABELS)), abs=1e-5)


def test_smoothing_leaves_the_sources_shares_as_they_are() -> None:
    source = _source([6, 2, 0, 0, 0, 0, 0])
    batches = Batches([source], Config(batch=8, augmentation=UNMIXED, label_smoothing=0.5), UNIFORM)
    ((_, targets, _, _),) = batches.epoch(1, mixing=False)
    assert targets.mean(axis=0) == pytest.approx(source.prior(), abs=0.01)


def test_a_csv_of_corrections_is_a_source(tmp_path: Path) -> None:
    images = portraits(3)
    rows = [("happy", images[0]), ("sad", images[1]), ("nan", images[2])]
    path = tmp_path / "mine.csv"
    path.write_bytes(feedback_csv(rows))
    source = labelled(path, 4, Config(extra_noise=0.14, repeat_below=0))
    assert (source.images == images[:2]).all()
    assert source.targets.argmax(axis=1).tolist() == [LABELS.index("happy"), LABELS.index("sad")]
    assert source.targets.max(axis=1) == pytest.approx([0.88, 0.88])
    assert source.repeats.tolist() == [4, 4]


def test_a_csv_without_an_expression_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(feedback_csv([("nan", portraits(1)[0])]))
    with pytest.raises(ValueError, match="no face"):
        labelled(path, 1, Config())


def test_rows_without_votes_are_no_source() -> None:
    faces = make_faces()
    faces.votes[:] = 0
    with pytest.raises(ValueError, match="no training row"):
        voted(faces, Config())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.csv", (Path("a.csv"), 1.0)),
        ("a.csv:4", (Path("a.csv"), 4.0)),
        ("dir/a.csv:0.35", (Path("dir/a.csv"), 0.35)),
    ],
)
def test_extra_names_a_file_and_how_often_it_is_seen(text: str, expected: tuple[Path, float]) -> None:
    assert parse_extra(text) == expected


@pytest.mark.parametrize("text", ["a.csv:", "a.csv:often", "a.csv:0", "a.csv:-1", "a.csv:inf", "a.csv:nan"])
def test_extra_with_another_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"positive number|could not convert"):
        parse_extra(text)
