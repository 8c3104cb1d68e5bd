"""Training, resuming, exporting, converting: one step each on generated faces."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

from tests.training.generated import make_faces, write_both  # noqa: E402
from training.compare import compare_one, write_page  # noqa: E402
from training.config import Config  # noqa: E402
from training.conversion.export_model import ExportOptions, export  # noqa: E402
from training.conversion.litert import Runner, convert, load_keras  # noqa: E402
from training.data.augment import Augmentation  # noqa: E402
from training.data.fer2013 import LABELS, load  # noqa: E402
from training.evaluation.measures import softmax  # noqa: E402
from training.nets.architectures import ARCHITECTURES, build  # noqa: E402
from training.nets.average import average_models  # noqa: E402
from training.nets.train import train_and_evaluate  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

TINY = Config(
    options={"widths": [8, 8], "depths": [1, 1]},
    batch=12,
    epochs=1,
    engine="keras",
    compiled=False,
)
GENTLE = Augmentation(
    shift_px=0,
    roll_deg=0,
    scale=0,
    noise_probability=0,
    occlusion_probability=0,
    mixup_probability=0,
    cutmix_probability=0,
)
CREATED = "2026-01-01T00:00:00Z"


def _engines() -> list[str]:
    try:
        import torch  # noqa: F401
    except ImportError:
        return ["keras"]
    return ["keras", "torch"]


@pytest.fixture
def tiny_model():
    keras.utils.set_random_seed(0)
    model = build("residual", widths=[8, 8], depths=[1, 1])
    rng = np.random.default_rng(0)
    # Blocks start as the identity; other weights make every path count.
    model.set_weights([value + 0.1 * rng.random(value.shape) for value in model.get_weights()])
    return model


@pytest.mark.parametrize("engine", _engines())
def test_one_epoch_trains_resumes_and_leaves_a_loadable_model(tmp_path: Path, engine: str) -> None:
    config = dataclasses.replace(TINY, engine=engine)
    measures = train_and_evaluate(config, tmp_path, make_faces())
    assert 0 <= measures["ferplus_accuracy"] <= 1
    assert train_and_evaluate(config, tmp_path, make_faces()) == {}
    train_and_evaluate(dataclasses.replace(config, epochs=2), tmp_path, make_faces())
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text("utf-8").splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert all(np.isfinite(line["loss"]) for line in lines)
    assert (tmp_path / "curves.png").stat().st_size > 0
    model = keras.models.load_model(tmp_path / "averaged.keras")
    assert model.output_shape == (None, 7)


@pytest.mark.parametrize("engine", _engines()[-1:])
def test_training_lowers_the_loss(tmp_path: Path, engine: str) -> None:
    faces = make_faces(training=40)
    # The noise of the generated faces keeps them from being duplicates.
    faces.images[:] //= 4
    for image, label in zip(faces.images, faces.labels, strict=True):
        image[label * 7 : label * 7 + 5] = 200
    options = {"widths": [8, 16], "depths": [1, 1], "dropout": 0}
    config = dataclasses.replace(
        TINY, engine=engine, options=options, epochs=28, learning_rate=0.02, augmentation=GENTLE
    )
    train_and_evaluate(config, tmp_path, faces)
    lines = (tmp_path / "history.jsonl").read_text("utf-8").splitlines()
    losses = [json.loads(line)["loss"] for line in lines]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("engine", _engines())
def test_balanced_softmax_learns_no_prior(tmp_path: Path, engine: str) -> None:
    """Of faces that show nothing, most are called happy: without a balanced loss the network learns just that."""
    faces = make_faces(training=60)
    faces.votes[:, 1] = np.where(np.arange(len(faces)) % 7 == 4, 0, 10)
    faces.votes[:, 4] = 10 - faces.votes[:, 1]
    faces.votes[:, [0, 2, 3, 5, 6, 7]] = 0
    config = dataclasses.replace(
        TINY, engine=engine, epochs=12, learning_rate=0.02, augmentation=GENTLE, repeat_below=0
    )
    answers = {}
    for balanced in (False, True):
        workdir = tmp_path / str(balanced)
        train_and_evaluate(dataclasses.replace(config, balanced=balanced), workdir, faces)
        model = keras.models.load_model(workdir / "averaged.keras", compile=False)
        scores = softmax(np.asarray(model(faces.images[:, :, :, None] / np.float32(255), training=False)))
        answers[balanced] = scores[:, LABELS.index("happy")].mean() - scores[:, LABELS.index("angry")].mean()
    assert answers[True] < answers[False] - 0.1


def test_a_budget_in_minutes_ends_the_run(tmp_path: Path) -> None:
    ticks = iter(range(0, 10_000, 6))
    config = dataclasses.replace(TINY, budget_minutes=1)
    train_and_evaluate(config, tmp_path, make_faces(), clock=lambda: float(next(ticks)))
    assert len((tmp_path / "history.jsonl").read_text("utf-8").splitlines()) < 10


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_architecture_ends_in_seven_logits(name: str) -> None:
    model = build(name)
    assert model.output_shape == (None, 7)
    assert model.input_shape == (None, 48, 48, 1)


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ValueError, match="residual"):
        build("transformer")


@pytest.mark.parametrize("name", ["residual", "identity", "mini_xception", "efficientnet_b0"])
def test_the_torch_mirror_answers_like_keras_and_gives_the_weights_back(name: str) -> None:
    torch = pytest.importorskip("torch")
    from training.nets.torch_mirror import Mirror

    model = build(name)
    rng = np.random.default_rng(0)
    model.set_weights([value + 0.05 * rng.random(value.shape) for value in model.get_weights()])
    faces = rng.random((3, 48, 48, 1), dtype=np.float32)
    mirror = Mirror(model).eval()
    expected = np.asarray(model(faces, training=False))
    actual = mirror(torch.from_numpy(faces.transpose(0, 3, 1, 2))).detach().numpy()
    assert np.abs(softmax(actual) - softmax(expected)).max() < 1e-3
    before = model.get_weights()
    mirror.write_weights(model)
    assert all((one == two).all() for one, two in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(("quantisation", "tolerance"), [("none", 1e-4), ("dynamic_int8", 0.05), ("full_int8", 0.1)])
def test_litert_answers_like_keras(tiny_model, quantisation: str, tolerance: float) -> None:
    faces = np.random.default_rng(1).random((20, 48, 48, 1), dtype=np.float32)
    runner = Runner(convert(tiny_model, quantisation, faces))
    expected = softmax(np.asarray(tiny_model(faces, training=False)))
    assert np.abs(softmax(runner.outputs(faces)) - expected).max() < tolerance


def test_export_writes_a_model_that_serving_opens(tmp_path: Path, tiny_model) -> None:
    pytest.importorskip("ai_edge_litert")
    from fer.vision.classifier import LiteRTClassifier
    from fer.vision.model_files import load_model_files

    path, out = tmp_path / "averaged.keras", tmp_path / "expression"
    tiny_model.save(path)
    faces = load(*write_both(tmp_path, make_faces()))
    card = export(path, faces, out, ExportOptions(created=CREATED, config=TINY))
    assert card == json.loads((out / "model_card.json").read_text("utf-8"))
    assert card["data"]["digest"] == faces.digest()
    files = load_model_files(out)
    scores = LiteRTClassifier(files).classify(faces.images[:3])
    stored = load_keras(out / "facial_expression_model.keras")
    inputs = (faces.images[:3] / np.float32(255))[..., None]
    expected = softmax(np.asarray(stored(inputs, training=False)), card["temperature"])
    assert np.abs(scores - expected).max() < 0.06


def test_a_model_need_not_state_the_population_of_fer_plus(tmp_path: Path, tiny_model) -> None:
    path = tmp_path / "averaged.keras"
    tiny_model.save(path)
    even = dict.fromkeys(LABELS, 1 / len(LABELS))
    options = ExportOptions(created=CREATED, quantisation="none", priors={"network": even, "default": even})
    card = export(path, load(*write_both(tmp_path, make_faces())), tmp_path / "out", options)
    assert list(card["metrics"]["at_prior"]) == ["default"]


def test_the_comparison_trains_measures_and_writes_its_page(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, options={"widths": [4, 4]}, architecture="mini_xception")
    result = compare_one(config, tmp_path / "run", make_faces())
    assert result["epochs"] == 1
    assert set(result["conversions"]) == {"none", "dynamic_int8", "full_int8"}
    assert compare_one(config, tmp_path / "run", make_faces()) == result
    write_page([result, {**result, "architecture": "other"}], 0.5, tmp_path)
    assert "| mini_xception |" in (tmp_path / "architectures.md").read_text("utf-8")
    assert (tmp_path / "architectures.png").stat().st_size > 0


def test_averaging_takes_the_mean_of_the_weights(tmp_path: Path, tiny_model) -> None:
    first, second, out = tmp_path / "a.keras", tmp_path / "b.keras", tmp_path / "mean.keras"
    tiny_model.save(first)
    weights = tiny_model.get_weights()
    tiny_model.set_weights([value + 1 for value in weights])
    tiny_model.save(second)
    average_models([first, second], out)
    mean = keras.models.load_model(out, compile=False).get_weights()
    assert all(np.allclose(one, two + 0.5) for one, two in zip(mean, weights, strict=True))


def test_models_of_two_architectures_cannot_be_averaged(tmp_path: Path, tiny_model) -> None:
    tiny_model.save(tmp_path / "a.keras")
    build("mini_xception").save(tmp_path / "b.keras")
    with pytest.raises(ValueError, match="one architecture"):
        average_models([tmp_path / "a.keras", tmp_path / "b.keras"], tmp_path / "mean.keras")
