"""The range of a model's input: from its own layers, measured, or asked for."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from keras import layers  # noqa: E402

from tests.training.conversion.models import bright_and_dark_faces, bright_or_dark, nested, own_model  # noqa: E402
from training.conversion.input_range import find_preprocessing, stated_range, warn_of_two_ranges  # noqa: E402
from training.conversion.own_model import served_form  # noqa: E402
from training.data.fer2013 import LABELS  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def _adapted(values: np.ndarray):
    layer = layers.Normalization(axis=None)
    layer.adapt(values)
    return layer


def _with_rescaling_inside():
    inputs = keras.Input((48, 48, 1))
    x = layers.Rescaling(0.1)(layers.Conv2D(4, 3)(inputs))
    return keras.Model(inputs, layers.Dense(7)(layers.GlobalAveragePooling2D()(x)))


def _divided():
    inputs = keras.Input((48, 48, 1))
    x = layers.Conv2D(4, 3)(inputs / 255.0)
    return keras.Model(inputs, layers.Dense(7)(layers.GlobalAveragePooling2D()(x)))


def _sequential(*first):
    rest = (layers.Conv2D(4, 3), layers.GlobalAveragePooling2D(), layers.Dense(7))
    return keras.Sequential([keras.Input((48, 48, 1)), *first, *rest])


def _preparing():
    return keras.Sequential([keras.Input((48, 48, 1)), layers.RandomFlip(), layers.Rescaling(1 / 127.5, offset=-1)])


def _standardised():
    return own_model(first=(layers.LayerNormalization(axis=[1, 2, 3], epsilon=1e-12, center=False, scale=False),))


def _grey_values() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 48, 48, 1)).astype(np.float32)


@pytest.mark.parametrize(
    ("make", "stated"),
    [
        (own_model, None),
        (lambda: own_model(first=(layers.Rescaling(1 / 255),)), "as it is"),
        (lambda: own_model(first=(layers.Rescaling(1 / 255), layers.Rescaling(2.0, -1.0))), "as it is"),
        (lambda: nested(own_model(first=(layers.Rescaling(1 / 127.5, offset=-1),))), "as it is"),
        (lambda: nested(nested(own_model(first=(layers.Rescaling(1 / 255),)))), "as it is"),
        (
            lambda: own_model(first=(layers.RandomFlip(), layers.RandomZoom(0.1), layers.Rescaling(1 / 255))),
            "as it is",
        ),
        (lambda: own_model(first=(_adapted(_grey_values()),)), "as it is"),
        (lambda: own_model(first=(_adapted(_grey_values() / 255),)), "1/255"),
        (lambda: _sequential(layers.Rescaling(1 / 255)), "as it is"),
        (lambda: _sequential(_preparing()), "as it is"),
        (_sequential, None),
        (_divided, "as it is"),
        (_with_rescaling_inside, None),
        (lambda: own_model(first=(layers.Rescaling(2.0, offset=-1.0),)), None),
        (lambda: own_model(first=(layers.BatchNormalization(), layers.Rescaling(1 / 255))), None),
        (_standardised, None),
    ],
    ids=[
        "no such layer",
        "rescaling",
        "two of them",
        "in a model inside",
        "two models deep",
        "after augmentation",
        "normalisation of grey values",
        "normalisation of 0–1",
        "sequential",
        "prepared by a model inside a sequential one",
        "sequential without",
        "a division",
        "in the middle of the net",
        "of 0–1, or of −1–1",
        "after a layer that learns",
        "standardised",
    ],
)
def test_only_what_lies_on_the_input_s_path_says_its_range(make, stated: str | None) -> None:
    assert stated_range(make()) == stated


def test_the_range_is_measured_where_the_model_does_not_say_it(capsys: pytest.CaptureFixture[str]) -> None:
    model = bright_or_dark()
    assert find_preprocessing(model, served_form(model), bright_and_dark_faces(), LABELS) == (2 / 255, -1.0)
    printed = capsys.readouterr().out
    assert "with 1/255: 50.0%" in printed
    assert "with 2·x/255−1: 100.0%" in printed
    assert "warning" not in printed


def test_ranges_that_the_faces_do_not_tell_apart_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    model = _standardised()
    assert find_preprocessing(model, served_form(model), bright_and_dark_faces(), LABELS) == (1 / 255, 0.0)
    printed = capsys.readouterr().out
    assert "warning: these faces hardly tell 1/255 from 2·x/255−1" in printed
    assert "SCALE= and OFFSET=" in printed


def test_the_range_is_never_guessed() -> None:
    model = bright_or_dark()
    served = served_form(model)
    with pytest.raises(ValueError, match=r"SCALE= and OFFSET=.*0.00392157 and 0.*0.00784314 and -1"):
        find_preprocessing(model, served, None, LABELS)
    with pytest.raises(ValueError, match="at least 50"):
        find_preprocessing(model, served, bright_and_dark_faces(20), LABELS)


@pytest.mark.parametrize(("given", "said"), [((1 / 255, 0.0), True), ((1.0, 0.0), False)], ids=["twice", "once"])
def test_scaling_twice_is_said(given: tuple[float, float], said: bool, capsys: pytest.CaptureFixture[str]) -> None:
    warn_of_two_ranges(own_model(first=(layers.Rescaling(1 / 255),)), given)
    assert ("scaled twice" in capsys.readouterr().out) == said
