"""Write mtcnn's three nets as ONNX, from the weights that the PyPI package bundles, without TensorFlow.

The weights are joblib pickles in LZ4 frames. They are read here by a small LZ4 decoder and an unpickler that
knows nothing but joblib's array wrapper, so nothing in the file can run. The nets are short and sequential, so the
few ONNX messages they need are encoded directly (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), which
keeps the bytes the same on every machine and every day.

Layout: input ``image`` float32 (N, 3, H, W), RGB, (pixel - 127.5) / 128. Outputs ``probability`` (face is column 1),
``box`` and, for ONet, ``landmarks``. The package's nets flatten in (width, height, channel) order; the dense
weights are reordered here for ONNX's (channel, height, width).
"""

import io
import pickle
import struct
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

# --- reading the weights ---------------------------------------------------------------------------------------


def _copy_match(output: bytearray, offset: int, length: int) -> None:
    start = len(output) - offset
    while length > 0:  # a match may overlap what it writes
        piece = output[start : start + min(length, len(output) - start)]
        output += piece
        length -= len(piece)


def _read_length(block: bytes, at: int, length: int) -> tuple[int, int]:
    if length == 15:
        while True:
            length += block[at]
            at += 1
            if block[at - 1] != 255:
                break
    return length, at


def _decode_block(block: bytes, output: bytearray) -> None:
    at = 0
    while at < len(block):
        token = block[at]
        literals, at = _read_length(block, at + 1, token >> 4)
        output += block[at : at + literals]
        at += literals
        if at >= len(block):
            return
        (offset,) = struct.unpack_from("<H", block, at)
        match, at = _read_length(block, at + 2, token & 15)
        _copy_match(output, offset, match + 4)


def decode_lz4_frame(data: bytes) -> bytes:
    """Decode an LZ4 frame (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md) without its checksums."""
    magic, flags = struct.unpack_from("<IB", data)
    if magic != 0x184D2204:
        raise ValueError("not an LZ4 frame")
    at = 7 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
    output = bytearray()
    while True:
        (size,) = struct.unpack_from("<I", data, at)
        at += 4
        if size == 0:
            return bytes(output)
        length = size & 0x7FFFFFFF
        block = data[at : at + length]
        if size >> 31:
            output += block
        else:
            _decode_block(block, output)
        at += length + (4 if flags & 16 else 0)


class _ArrayWrapper:
    """Stands in for joblib's NumpyArrayWrapper: only its attributes matter."""

    shape: tuple[int, ...]
    order: str
    dtype: np.dtype[Any]


class _WeightsUnpickler(pickle._Unpickler):  # the Python one: arrays lie between the opcodes
    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
            return _ArrayWrapper
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return np.dtype
        raise pickle.UnpicklingError(f"{module}.{name} does not belong into a file of weights")

    def load_build(self) -> None:
        super().load_build()
        wrapper = self.stack[-1]
        if isinstance(wrapper, _ArrayWrapper):
            self.stack[-1] = self._read_array(wrapper)

    dispatch[pickle.BUILD[0]] = load_build

    def _read_array(self, wrapper: _ArrayWrapper) -> np.ndarray[Any, Any]:
        if getattr(wrapper, "numpy_array_alignment_bytes", None) is not None:
            self.read(self.read(1)[0])
        count = int(np.prod(wrapper.shape))
        raw = self.read(count * wrapper.dtype.itemsize)
        return np.frombuffer(raw, dtype=wrapper.dtype).reshape(wrapper.shape, order=wrapper.order)


def read_weights(data: bytes) -> list[np.ndarray[Any, Any]]:
    """Return the arrays of one ``.lz4`` weights file, in Keras order."""
    weights = _WeightsUnpickler(io.BytesIO(decode_lz4_frame(data))).load()
    return [np.asarray(array, dtype=np.float32) for array in weights]


# --- writing ONNX ----------------------------------------------------------------------------------------------


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _int(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes | str) -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _attribute(name: str, value: int | tuple[int, ...]) -> bytes:
    if isinstance(value, int):
        return _bytes(1, name) + _int(3, value) + _int(20, 2)
    return _bytes(1, name) + b"".join(_int(8, item) for item in value) + _int(20, 7)


def _node(op: str, inputs: list[str], output: str, **attributes: int | tuple[int, ...]) -> bytes:
    message = b"".join(_bytes(1, name) for name in inputs) + _bytes(2, output) + _bytes(3, output) + _bytes(4, op)
    return message + b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())


def _tensor(name: str, array: np.ndarray[Any, Any]) -> bytes:
    dims = b"".join(_int(1, size) for size in array.shape)
    return dims + _int(2, 1) + _bytes(8, name) + _bytes(9, np.ascontiguousarray(array, dtype="<f4").tobytes())


def _value_info(name: str, dims: tuple[int | str, ...]) -> bytes:
    shape = b"".join(_bytes(1, _bytes(2, dim) if isinstance(dim, str) else _int(1, dim)) for dim in dims)
    return _bytes(1, name) + _bytes(2, _bytes(1, _int(1, 1) + _bytes(2, shape)))


class _Graph:
    """Nodes and weights of a sequential net, written one after another."""

    def __init__(self, weights: list[np.ndarray[Any, Any]]) -> None:
        self.weights = iter(weights)
        self.nodes: list[bytes] = []
        self.tensors: list[bytes] = []
        self.tail = "image"

    def add(self, op: str, arrays: list[np.ndarray[Any, Any]], output: str, **attributes: Any) -> None:
        names = [f"{output}.{index}" for index in range(len(arrays))]
        self.tensors += [_tensor(name, array) for name, array in zip(names, arrays, strict=True)]
        self.nodes.append(_node(op, [self.tail, *names], output, **attributes))
        self.tail = output

    def convolution(self, output: str) -> None:
        kernel, bias = next(self.weights), next(self.weights)
        height, width = kernel.shape[:2]
        arrays = [kernel.transpose(3, 2, 0, 1), bias]  # (H, W, in, out) -> (out, in, H, W)
        self.add("Conv", arrays, output, kernel_shape=(height, width), strides=(1, 1), pads=(0, 0, 0, 0))

    def prelu(self, output: str) -> None:
        slope = next(self.weights)
        # (1, 1, C) of a map -> (C, 1, 1); (C,) of a vector stays
        self.add("PRelu", [slope.reshape(-1, 1, 1) if slope.ndim == 3 else slope], output)

    def pool(self, output: str, side: int, *, same: bool) -> None:
        # Keras' "same" pads at the far edge only, which is what rounding the size up does here
        attributes = {"kernel_shape": (side, side), "strides": (2, 2), "pads": (0, 0, 0, 0), "ceil_mode": int(same)}
        self.add("MaxPool", [], output, **attributes)

    def dense(self, output: str, map_chw: tuple[int, int, int] | None = None) -> None:
        kernel, bias = next(self.weights), next(self.weights)
        if map_chw is not None:
            channels, height, width = map_chw
            kernel = kernel.reshape(width, height, channels, -1).transpose(2, 1, 0, 3)
            kernel = kernel.reshape(channels * height * width, -1)
            self.add("Flatten", [], f"{output}.flat", axis=1)
        self.add("Gemm", [kernel, bias], output)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Net:
    stages: tuple[tuple[int, bool] | None, ...]  # after each convolution: (pool side, same) or no pool
    map_chw: tuple[int, int, int] | None  # the last map's shape before the dense layers; None: fully convolutional
    input_hw: tuple[int | str, int | str]
    heads: tuple[str, ...]


NETS = {
    "pnet": _Net(
        stages=((2, True), None, None), map_chw=None, input_hw=("height", "width"), heads=("box", "probability")
    ),
    "rnet": _Net(
        stages=((3, True), (3, False), None),
        map_chw=(64, 3, 3),
        input_hw=(24, 24),
        heads=("box", "probability"),
    ),
    "onet": _Net(
        stages=((3, True), (3, False), (2, True), None),
        map_chw=(128, 3, 3),
        input_hw=(48, 48),
        heads=("box", "landmarks", "probability"),
    ),
}
_WIDTHS = {"box": 4, "landmarks": 10, "probability": 2}


def onnx_from_weights(name: str, data: bytes) -> bytes:
    """Return the ONNX file of ``pnet``, ``rnet`` or ``onet`` from its ``.lz4`` weights file."""
    net, graph = NETS[name], _Graph(read_weights(data))
    for index, pool in enumerate(net.stages, start=1):
        graph.convolution(f"conv{index}")
        graph.prelu(f"prelu{index}")
        if pool is not None:
            graph.pool(f"pool{index}", pool[0], same=pool[1])
    if net.map_chw is not None:
        graph.dense("dense", net.map_chw)
        graph.prelu("prelu_dense")
    trunk = graph.tail
    for head in net.heads:
        graph.tail = trunk
        output = f"{head}.logits" if head == "probability" else head
        graph.convolution(output) if net.map_chw is None else graph.dense(output)
        if head == "probability":
            graph.add("Softmax", [], head, axis=1)
    spatial: tuple[str, ...] = ("cells_y", "cells_x") if net.map_chw is None else ()
    message = b"".join(_bytes(1, node) for node in graph.nodes) + _bytes(2, f"mtcnn_{name}")
    message += b"".join(_bytes(5, tensor) for tensor in graph.tensors)
    message += _bytes(11, _value_info("image", ("batch", 3, *net.input_hw)))
    for head in net.heads:
        message += _bytes(12, _value_info(head, ("batch", _WIDTHS[head], *spatial)))
    return _int(1, 8) + _bytes(2, "fer") + _bytes(7, message) + _bytes(8, _bytes(1, "") + _int(2, 13))
