"""The start from dlib's network, with a file of its format that holds random weights."""

from pathlib import Path

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras")

from tests.training.generated import portraits  # noqa: E402
from training.nets.architectures import build  # noqa: E402
from training.nets.identity import read_identity_weights, start_from_identity  # noqa: E402
from training.nets.join import join  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")

# Inputs, outputs and kernel side of the first stages: the stem, two blocks of 32 filters and one of 64.
SHAPES = [(3, 32, 7), *[(32, 32, 3)] * 4, (32, 64, 3), (64, 64, 3)]
FACES = (portraits(8) / np.float32(255))[..., None]


def _number(value: int) -> bytes:
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "little")


def _tensor(values: np.ndarray) -> bytes:
    return b"".join(map(_number, (values.size, 1, 1, 1))) + values.astype("<f4").tobytes()


@pytest.fixture
def dlib_file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    content = b"a header"
    for inputs, outputs, side in SHAPES:
        kernel = rng.normal(0, 1 / (side * np.sqrt(inputs)), outputs * inputs * side**2 + outputs)
        affine = np.concatenate([rng.uniform(0.5, 1.5, outputs), rng.normal(0, 0.1, outputs)])
        content += b"\x01\x05con_4\x01\x02" + _tensor(kernel) + b"\x01\x07affine_\x01\x02" + _tensor(affine)
    path = tmp_path / "network.dat"
    path.write_bytes(content)
    return path


def test_weights_are_read_in_the_networks_order(dlib_file: Path) -> None:
    layers = read_identity_weights(dlib_file)
    assert [kernel.shape for kernel, *_ in layers] == [(side, side, one, two) for one, two, side in SHAPES]
    assert all(bias.shape == gamma.shape == beta.shape == kernel.shape[3:] for kernel, bias, gamma, beta in layers)


def test_a_file_without_such_a_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.dat"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="expected convolutions"):
        read_identity_weights(path)


def test_the_stem_does_on_48_px_what_dlibs_does_on_the_enlarged_face(dlib_file: Path) -> None:
    model = build("identity", widths=(32,), depths=(1,))
    start_from_identity(model, dlib_file, FACES)
    stem = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    standard = keras.Model(model.input, stem.input)(FACES)
    kernel, *_ = read_identity_weights(dlib_file)[0]
    enlarged = np.stack([cv2.resize(np.asarray(face), (96, 96)) for face in standard])[..., None]
    dlib = keras.layers.Conv2D(32, 7, 2, padding="same", use_bias=False)
    dlib.build((None, 96, 96, 1))
    dlib.set_weights([kernel.sum(axis=2, keepdims=True) * 60 / 256])
    expected, actual = np.asarray(dlib(enlarged)), np.asarray(keras.Model(model.input, stem.output)(FACES))
    assert np.abs(expected - actual)[:, 4:-4, 4:-4].max() < 1e-4


def test_a_block_computes_what_dlibs_affine_layers_do(dlib_file: Path) -> None:
    model = build("identity", widths=(32,), depths=(1,))
    start_from_identity(model, dlib_file, FACES)
    convolution = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][1]
    norm = convolution._outbound_nodes[0].operation
    kernel, bias, gamma, beta = read_identity_weights(dlib_file)[1]
    assert np.allclose(convolution.get_weights()[0], kernel)
    seen, after = (np.asarray(keras.Model(model.input, each.output)(FACES)) for each in (convolution, norm))
    assert np.allclose(after, gamma * (seen + bias) + beta, atol=1e-3)


def test_layers_without_a_counterpart_are_left_out(dlib_file: Path) -> None:
    model = build("identity", widths=(32, 64), depths=(1, 1))
    start_from_identity(model, dlib_file, FACES)
    kernels = [layer.get_weights()[0] for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    source = [kernel for kernel, *_ in read_identity_weights(dlib_file)]
    assert np.allclose(kernels[3], source[5])
    shortcut = next(kernel for kernel in kernels if kernel.shape[:2] == (1, 1))
    assert np.allclose(shortcut[0, 0], np.eye(32, 64))


def test_a_network_that_dlibs_cannot_start_is_refused(dlib_file: Path) -> None:
    with pytest.raises(ValueError, match="has no weights of the shape"):
        start_from_identity(build("identity", widths=(32, 48), depths=(1, 1)), dlib_file, FACES)


def test_joined_networks_answer_with_the_mean_of_their_logits(tmp_path: Path) -> None:
    models = [build("identity", widths=(8, 16), depths=(1, 1)), build("residual", widths=[8, 8], depths=[1, 1])]
    joined = join(models)
    expected = np.mean([np.asarray(model(FACES)) for model in models], axis=0)
    assert np.allclose(np.asarray(joined(FACES)), expected, atol=1e-5)
    joined.save(tmp_path / "joined.keras")
    again = keras.models.load_model(tmp_path / "joined.keras", compile=False)
    assert np.allclose(np.asarray(again(FACES)), expected, atol=1e-5)


def test_networks_of_other_shapes_cannot_be_joined() -> None:
    with pytest.raises(ValueError, match="one input and output shape"):
        join(
            [
                build("identity", widths=(8,), depths=(1,)),
                build("identity", height=64, width=64, widths=(8,), depths=(1,)),
            ]
        )


def test_a_network_that_ends_otherwise_cannot_be_joined() -> None:
    inputs = keras.Input((48, 48, 1))
    dense = keras.layers.Dense(7, activation="softmax")(keras.layers.Flatten()(inputs))
    with pytest.raises(ValueError, match="end in a dense layer"):
        join([keras.Model(inputs, dense)])
