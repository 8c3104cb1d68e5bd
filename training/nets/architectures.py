"""Keras networks for grey 48×48 faces: one function per architecture, all ending in 7 logits.

Every network takes float32 (N, H, W, 1) in 0–1 and first standardises each image (zero mean, unit
deviation), so light and contrast do not matter. Only Keras's own layers are used: a saved model
loads without this package.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import keras
from keras import layers

CLASSES = 7


def _conv(x: keras.KerasTensor, filters: int, size: int, stride: int = 1) -> keras.KerasTensor:
    return layers.Conv2D(filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)


def _norm(x: keras.KerasTensor, *, zero: bool = False) -> keras.KerasTensor:
    start = "zeros" if zero else "ones"
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-3, gamma_initializer=start)(x)


def _act(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.Activation(name)(x)


def _relu(x: keras.KerasTensor) -> keras.KerasTensor:
    return _act(x, "relu")


def _depthwise(x: keras.KerasTensor, size: int, stride: int = 1) -> keras.KerasTensor:
    return layers.DepthwiseConv2D(size, stride, padding="same", use_bias=False, depthwise_initializer="he_normal")(x)


def _standardised_input(height: int, width: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    inputs = cast("keras.KerasTensor", keras.Input((height, width, 1), name="face"))
    norm = layers.LayerNormalization(
        axis=[1, 2, 3],  # pyright: ignore[reportArgumentType] -- typed after its default, an int
        center=False,
        scale=False,
        epsilon=1e-3,
        dtype="float32",
        name="standardise",
    )
    return inputs, norm(inputs)


def _logits(x: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    x = layers.GlobalAveragePooling2D()(x)
    if dropout:
        x = layers.Dropout(dropout)(x)
    return layers.Dense(CLASSES, dtype="float32", name="logits")(x)


def _residual_block(x: keras.KerasTensor, filters: int, stride: int, *, smooth: bool) -> keras.KerasTensor:
    y = layers.AveragePooling2D(2, 1)(x) if smooth and stride == 2 else x
    y = _relu(_norm(_conv(y, filters, 3, stride)))
    # A zero scale makes the block the identity at first, which steadies early training (Goyal et al. 2017).
    y = _norm(_conv(y, filters, 3), zero=True)
    if stride == 2:
        x = layers.AveragePooling2D(2)(x)
    if x.shape[-1] != filters:
        x = _norm(_conv(x, filters, 1))
    return _relu(layers.Add()([x, y]))


def residual(
    height: int = 48,
    width: int = 48,
    *,
    widths: tuple[int, ...] = (64, 128, 192),
    depths: tuple[int, ...] = (2, 2, 2),
    dropout: float = 0.2,
    smooth: bool = False,
) -> keras.Model:
    """Return the custom net: a 5×5 stem of stride 2, then residual stages on 24×24, 12×12, 6×6 (He et al. 2016).

    With ``smooth``, maps are averaged over 2×2 before subsampling, so that a face moved by a pixel gives
    nearly the same maps (Zhang 2019). The weights have the same shapes with and without it.
    """
    inputs, x = _standardised_input(height, width)
    x = _relu(_norm(_conv(x, widths[0], 5, 1 if smooth else 2)))
    if smooth:
        x = layers.AveragePooling2D(2)(x)
    for stage, (filters, depth) in enumerate(zip(widths, depths, strict=True)):
        for block in range(depth):
            x = _residual_block(x, filters, 2 if stage and not block else 1, smooth=smooth)
    return keras.Model(inputs, _logits(x, dropout), name="residual")


def _identity_features(x: keras.KerasTensor, widths: tuple[int, ...], depths: tuple[int, ...]) -> keras.KerasTensor:
    x = _relu(_norm(_conv(x, widths[0], 5)))
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    for stage, (filters, depth) in enumerate(zip(widths, depths, strict=True)):
        for block in range(depth):
            x = _residual_block(x, filters, 2 if stage and not block else 1, smooth=False)
    return x


def identity(
    height: int = 48,
    width: int = 48,
    *,
    widths: tuple[int, ...] = (32, 64, 128, 256),
    depths: tuple[int, ...] = (2, 4, 3, 1),
    dropout: float = 0.2,
) -> keras.Model:
    """Return the first stages of dlib's face-identity network (King 2017), which can give its weights a start.

    Stages on 24×24, 12×12, 6×6 and 3×3; dlib's 7×7 stem on 96 pixels is a 5×5 one on 48 (``identity.py``).
    """
    inputs, x = _standardised_input(height, width)
    return keras.Model(inputs, _logits(_identity_features(x, widths, depths), dropout), name="identity")


def _separable(x: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    return _norm(_conv(_depthwise(x, 3), filters, 1))


def mini_xception(
    height: int = 48, width: int = 48, *, widths: tuple[int, ...] = (16, 32, 64, 128), dropout: float = 0.2
) -> keras.Model:
    """Depthwise-separable residual stages (Arriaga et al. 2017), ended by a dense layer."""
    inputs, x = _standardised_input(height, width)
    for _ in range(2):
        x = _relu(_norm(_conv(x, 8, 3)))
    for filters in widths:
        shortcut = _norm(_conv(x, filters, 1, 2))
        x = _separable(_relu(_separable(x, filters)), filters)
        x = layers.Add()([layers.MaxPooling2D(3, 2, padding="same")(x), shortcut])
    return keras.Model(inputs, _logits(x, dropout), name="mini_xception")


def _squeeze_excite(x: keras.KerasTensor, squeezed: int) -> keras.KerasTensor:
    filters = x.shape[-1]
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    y = _act(layers.Conv2D(squeezed, 1)(y), "silu")
    y = _act(layers.Conv2D(filters, 1)(y), "sigmoid")
    return layers.Multiply()([x, y])


def _inverted_residual(
    x: keras.KerasTensor, filters: int, *, expand: int, size: int, stride: int, activation: str, squeeze: bool
) -> keras.KerasTensor:
    inside, y = x.shape[-1], x
    if expand > 1:
        y = _act(_norm(_conv(y, inside * expand, 1)), activation)
    y = _act(_norm(_depthwise(y, size, stride)), activation)
    if squeeze:
        y = _squeeze_excite(y, max(1, inside // 4))
    y = _norm(_conv(y, filters, 1))
    return layers.Add()([x, y]) if stride == 1 and inside == filters else y


# Expansion, filters, repeats, stride of the first block, kernel: table 2 of Sandler et al. 2018 and
# table 1 of Tan & Le 2019. The second stage keeps its resolution: 48×48 leaves too little otherwise.
_MOBILENET_V2 = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 1, 3),
    (6, 32, 3, 2, 3),
    (6, 64, 4, 2, 3),
    (6, 96, 3, 1, 3),
    (6, 160, 3, 2, 3),
    (6, 320, 1, 1, 3),
)
_EFFICIENTNET_B0 = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 1, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


def _scaled(filters: int, multiplier: float) -> int:
    """Return the nearest multiple of 8, as both papers round, and never below 8."""
    return max(8, int(filters * multiplier + 4) // 8 * 8)


def _inverted(
    name: str,
    rows: Sequence[tuple[int, int, int, int, int]],
    height: int,
    width: int,
    activation: str,
    *,
    squeeze: bool,
    multiplier: float,
    dropout: float,
) -> keras.Model:
    inputs, x = _standardised_input(height, width)
    x = _act(_norm(_conv(x, _scaled(32, multiplier), 3, 2)), activation)
    for expand, filters, repeats, stride, size in rows:
        for number in range(repeats):
            x = _inverted_residual(
                x,
                _scaled(filters, multiplier),
                expand=expand,
                size=size,
                stride=1 if number else stride,
                activation=activation,
                squeeze=squeeze,
            )
    x = _act(_norm(_conv(x, 1280, 1)), activation)
    return keras.Model(inputs, _logits(x, dropout), name=name)


def mobilenet_v2(height: int = 48, width: int = 48, *, multiplier: float = 1.0, dropout: float = 0.2) -> keras.Model:
    """MobileNetV2 (Sandler et al. 2018) for small pictures: the stages end on 3×3 maps, filters × ``multiplier``."""
    return _inverted(
        "mobilenet_v2", _MOBILENET_V2, height, width, "relu6", squeeze=False, multiplier=multiplier, dropout=dropout
    )


def efficientnet_b0(
    height: int = 48, width: int = 48, *, multiplier: float = 1.0, dropout: float = 0.2
) -> keras.Model:
    """EfficientNet-B0 (Tan & Le 2019) for small pictures: the stages end on 3×3 maps, filters × ``multiplier``."""
    return _inverted(
        "efficientnet_b0",
        _EFFICIENTNET_B0,
        height,
        width,
        "silu",
        squeeze=True,
        multiplier=multiplier,
        dropout=dropout,
    )


ARCHITECTURES: dict[str, Callable[..., keras.Model]] = {
    "residual": residual,
    "identity": identity,
    "mini_xception": mini_xception,
    "mobilenet_v2": mobilenet_v2,
    "efficientnet_b0": efficientnet_b0,
}


def build(name: str, **options: Any) -> keras.Model:
    """Return the named architecture with its options; raise ValueError naming the known ones."""
    if name not in ARCHITECTURES:
        raise ValueError(f"expected an architecture among {sorted(ARCHITECTURES)}, got {name!r}")
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    return ARCHITECTURES[name](**options)
