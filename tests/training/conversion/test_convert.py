"""Models of one's own become served ones that answer alike, or are refused before anything is written."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from keras import layers  # noqa: E402

from tests.training.conversion.models import bright_and_dark_faces, bright_or_dark, nested, own_model  # noqa: E402
from tests.training.generated import faces_csv, feedback_csv, portraits  # noqa: E402
from training.conversion.convert import convert_and_check, main, read_check  # noqa: E402
from training.conversion.own_model import every_layer, head_of, read_labels  # noqa: E402
from training.conversion.trainable import load_trainable, trainable_form  # noqa: E402
from training.data.fer2013 import LABELS  # noqa: E402
from training.evaluation.evaluate import open_served, score_all  # noqa: E402
from training.evaluation.measures import softmax  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

CREATED = "2026-01-01T00:00:00Z"
UNIT = (1 / 255, 0.0)
AUGMENTED = (layers.RandomFlip(), layers.RandomRotation(0.1), layers.RandomZoom(0.1), layers.Rescaling(1 / 255))
KINDS = {
    "softmax": lambda: own_model(),
    "logits": lambda: own_model(activation=None),
    "sigmoid": lambda: own_model(activation="sigmoid"),
    "larger": lambda: own_model(64),
    "smaller, logits": lambda: own_model(40, None),
    "any size": lambda: own_model(None),
    "three channels": lambda: own_model(channels=3),
    "larger, three channels": lambda: own_model(96, channels=3),
    "nested": lambda: nested(own_model(first=(layers.Rescaling(1 / 127.5, offset=-1),))),
    "augmentation": lambda: own_model(first=AUGMENTED),
    "augmentation in a model inside, larger": lambda: own_model(
        64, first=(keras.Sequential([keras.Input((64, 64, 1)), *AUGMENTED]),)
    ),
}


def _convert(model, folder: Path, *, labels: tuple[str, ...] = LABELS, **options) -> tuple[dict, Path]:
    path = folder / "own.keras"
    model.save(path)
    return convert_and_check(path, labels, folder / "expression", created=CREATED, **options), folder / "expression"


def _expected(model, images: np.ndarray, card: dict) -> np.ndarray:
    """What the model itself says to the faces, resized and repeated by hand."""
    side, channels = model.inputs[0].shape[2] or 48, model.inputs[0].shape[3]
    faces = np.stack([cv2.resize(image.astype(np.float32), (side, side)) for image in images])
    scale, offset = card["preprocessing"]["scale"], card["preprocessing"]["offset"]
    inputs = np.repeat(faces[..., None] * scale + offset, channels, axis=3)
    outputs = np.asarray(model(inputs, training=False))
    return outputs / outputs.sum(axis=1, keepdims=True) if card["output"] == "probabilities" else softmax(outputs)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_model_of_ones_own_is_served_with_its_own_answers(tmp_path: Path, kind: str) -> None:
    model, images = KINDS[kind](), portraits(5)
    own_range = "nested" in kind or "augmentation" in kind
    card, directory = _convert(model, tmp_path, preprocessing=None if own_range else UNIT)
    assert card["input"] == {"height": 48, "width": 48, "channels": 1}
    assert card["preprocessing"] == (
        {"scale": 1.0, "offset": 0.0} if own_range else {"scale": 1 / 255, "offset": 0.0}
    )
    assert card == json.loads((directory / "model_card.json").read_text("utf-8"))
    classify, version = open_served(directory)
    assert version == card["model_version"]
    expected = _expected(model, images, card)
    assert np.ptp(expected, axis=0).max() > 5e-3
    assert np.abs(score_all(classify, images) - expected).max() < 1e-3


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "any size"])
def test_retraining_can_go_on_from_it_with_the_answers_that_are_served(tmp_path: Path, kind: str) -> None:
    labels = tuple(sorted(LABELS))
    own_range = "nested" in kind or "augmentation" in kind
    card, directory = _convert(KINDS[kind](), tmp_path, labels=labels, preprocessing=None if own_range else UNIT)
    model = load_trainable(directory / card["files"]["keras"]["name"], card)
    model.save(tmp_path / "challenger.keras")
    again = keras.models.load_model(tmp_path / "challenger.keras", compile=False)
    images = portraits(5)
    logits = np.asarray(again((images / np.float32(255))[..., None], training=False))
    served = score_all(open_served(directory)[0], images)
    assert np.abs(softmax(logits) - served).max() < 2e-3


def test_a_champion_that_is_trained_in_its_form_already_stays_as_it_is(tmp_path: Path) -> None:
    model = own_model(activation=None)
    card, _ = _convert(model, tmp_path, preprocessing=UNIT)
    assert trainable_form(model, card) is model


def test_the_keras_file_stays_byte_for_byte_where_it_is_served_as_it_is(tmp_path: Path) -> None:
    _, directory = _convert(own_model(), tmp_path, preprocessing=UNIT)
    assert (directory / "facial_expression_model.keras").read_bytes() == (tmp_path / "own.keras").read_bytes()


def test_names_that_tensorflow_cannot_take_are_changed(tmp_path: Path) -> None:
    blank = own_model(first=(layers.Rescaling(1 / 255, name="to 0–1"),), name="my net")
    card, directory = _convert(nested(blank), tmp_path)
    assert card["preprocessing"] == {"scale": 1.0, "offset": 0.0}
    again = keras.models.load_model(directory / "facial_expression_model.keras", compile=False)
    assert [layer.name for layer in every_layer(again) if layer.name.startswith(("my", "to"))] == ["my_net", "to_0_1"]


@pytest.mark.parametrize("name", ["own.h5", "own.hdf5", "own.keras"])
def test_an_hdf5_file_is_saved_anew(tmp_path: Path, name: str) -> None:
    model = own_model(name="old")
    model.save(tmp_path / "saved.h5")
    path = (tmp_path / "saved.h5").rename(tmp_path / name)
    convert_and_check(path, LABELS, tmp_path / "expression", created=CREATED, preprocessing=UNIT)
    again = keras.models.load_model(tmp_path / "expression/facial_expression_model.keras", compile=False)
    assert all((one == two).all() for one, two in zip(again.get_weights(), model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("make", "labels", "words"),
    [
        (lambda: own_model(classes=6), LABELS, "one per label"),
        (lambda: own_model(channels=2), LABELS, "1 or 3"),
        (own_model, LABELS[:6], "expected the labels"),
        (own_model, ("joy", *LABELS[1:]), "expected the labels"),
        (bright_or_dark, LABELS, "SCALE= and OFFSET="),
    ],
    ids=["too few outputs", "two channels", "too few labels", "unknown label", "a range that nobody says"],
)
def test_a_model_that_cannot_be_served_is_refused(tmp_path: Path, make, labels: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _convert(make(), tmp_path, labels=labels)
    assert not (tmp_path / "expression").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x89HDF\r\n\x1a\nnothing", b"a,b\n1,2\n"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "own.keras").write_bytes(content)
    with pytest.raises(ValueError, match=r"expected a|cannot open"):
        convert_and_check(tmp_path / "own.keras", LABELS, tmp_path / "expression", created=CREATED)
    assert not (tmp_path / "expression").exists()


def test_what_a_file_lacks_is_said_with_a_way_out(tmp_path: Path) -> None:
    own_model().export(tmp_path / "folder", verbose=False)
    own_model().save_weights(tmp_path / "own.weights.h5")
    _ending_in(layers.Lambda(lambda x: x * 2)).save(tmp_path / "own.keras")
    for name, words in (
        ("folder", r"folder.*SavedModel.*model\.save"),
        ("own.weights.h5", r"only weights.*model\.save"),
        ("own.keras", r"own\.keras: .*Lambda.*Rescaling"),
        ("missing.keras", r"missing\.keras"),
    ):
        with pytest.raises((ValueError, OSError), match=words):
            convert_and_check(tmp_path / name, LABELS, tmp_path / "expression", created=CREATED, preprocessing=UNIT)
    assert not (tmp_path / "expression").exists()


@pytest.mark.parametrize("given", ["list", "file"])
def test_labels_may_be_spelt_as_data_sets_spell_them(tmp_path: Path, given: str) -> None:
    names = ["Anger", "disgust", "Fear", "Happiness", "neutral", "SAD", "surprise"]
    listed = tmp_path / "classes.txt"
    listed.write_text("\n".join(names) + "\n", encoding="utf-8")
    labels = read_labels(",".join(names) if given == "list" else str(listed))
    assert labels == ("angry", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
    assert read_labels("anger, contempt") == ("angry", "contempt")


def _ending_in(*last):
    inputs = keras.Input((48, 48, 1))
    x = layers.Dense(7)(layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(inputs)))
    for layer in last:
        x = layer(x)
    return keras.Model(inputs, x)


NOISE = np.random.default_rng(0).normal(size=(8, 7))


def test_a_model_without_numbers_is_refused(tmp_path: Path) -> None:
    model = own_model()
    model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
    with pytest.raises(ValueError, match="not numbers"):
        _convert(model, tmp_path, preprocessing=UNIT)
    with pytest.raises(ValueError, match="not numbers"):
        _convert(own_model(), tmp_path, preprocessing=(float("nan"), 0.0))
    assert not (tmp_path / "expression").exists()


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_is_none_is_refused(tmp_path: Path, temperature: float) -> None:
    with pytest.raises(ValueError, match="positive temperature"):
        _convert(own_model(), tmp_path, preprocessing=UNIT, temperature=temperature)


def test_a_download_that_broke_off_is_called_so(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.keras", tmp_path / "cut.keras"
    own_model().save(whole)
    cut.write_bytes(whole.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"cut\.keras: the end of the file"):
        convert_and_check(cut, LABELS, tmp_path / "expression", created=CREATED)


@pytest.mark.parametrize(
    ("make", "outputs", "head"),
    [
        (own_model, NOISE, "softmax"),
        (lambda: nested(own_model(activation="sigmoid")), NOISE, "sigmoid"),
        (lambda: own_model(activation=None), softmax(NOISE), "logits"),
        (lambda: _ending_in(layers.Softmax()), NOISE, "softmax"),
        (
            lambda: _ending_in(layers.Activation("softmax"), layers.Activation("linear"), layers.Flatten()),
            NOISE,
            "softmax",
        ),
        (lambda: _ending_in(keras.ops.sigmoid), NOISE, "sigmoid"),
        (lambda: _ending_in(layers.Activation("log_softmax")), NOISE, "logits"),
        (lambda: _ending_in(keras.ops.abs), softmax(NOISE), "softmax"),
        (lambda: _ending_in(keras.ops.abs), 1 / (1 + np.exp(NOISE)), "sigmoid"),
        (lambda: _ending_in(keras.ops.abs), NOISE, "logits"),
    ],
    ids=[
        "softmax",
        "sigmoid of a model inside",
        "logits that look like scores",
        "a layer of its own",
        "behind layers that pass it on",
        "an operation",
        "log_softmax",
        "by what comes out: sums to 1",
        "within 0 and 1",
        "neither",
    ],
)
def test_heads_are_told_apart(make, outputs: np.ndarray, head: str) -> None:
    assert head_of(make(), outputs) == head


def test_the_accuracy_is_printed_before_anything_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card, _ = _convert(bright_or_dark(), tmp_path, check=bright_and_dark_faces())
    assert card["preprocessing"] == {"scale": 2 / 255, "offset": -1.0}
    assert card["metrics"]["check_accuracy"] == 1.0
    assert "on 80 faces to check: 100.0%" in capsys.readouterr().out
    swapped = ("sad", *LABELS[1:4], "angry", *LABELS[5:])
    swapped = tuple({"happy": "fear", "fear": "happy"}.get(label, label) for label in swapped)
    _convert(bright_or_dark(), tmp_path, labels=swapped, check=bright_and_dark_faces())
    assert "hardly above chance" in capsys.readouterr().out


@pytest.mark.parametrize("trainable", [True, False])
def test_the_command_says_whether_retraining_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trainable: bool
) -> None:
    model = own_model() if trainable else _ending_in_rounding()
    model.save(tmp_path / "own.keras")
    arguments = ["--model", str(tmp_path / "own.keras"), "--out", str(tmp_path / "out"), "--scale", "0.00392157"]
    monkeypatch.setattr(sys, "argv", ["convert", *arguments])
    main()
    printed = capsys.readouterr().out
    assert "head: softmax" in printed
    assert ("make retrain can start" in printed) == trainable
    assert ("make retrain cannot start" in printed) == (not trainable)


def _ending_in_rounding():
    """Its only weights lie before a step that lets no gradient through."""
    inputs = keras.Input((48, 48, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(7, 3, use_bias=False)(inputs))
    return keras.Model(inputs, layers.Softmax()(keras.ops.round(x)))


def test_faces_to_check_come_from_fer2013_and_from_feedback(tmp_path: Path) -> None:
    faces = bright_and_dark_faces(6)
    fer2013, feedback = tmp_path / "fer2013.csv", tmp_path / "feedback.csv"
    fer2013.write_text(faces_csv(faces), encoding="utf-8")
    rows = [(LABELS[label], image) for label, image in zip(faces.labels, faces.images, strict=True)]
    feedback.write_bytes(feedback_csv([*rows, ("nan", faces.images[0])]))
    assert [sorted(read_check(path).labels) for path in (fer2013, feedback)] == [sorted(faces.labels)] * 2
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="neither"):
        read_check(tmp_path / "other.csv")
