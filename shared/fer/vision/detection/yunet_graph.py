"""Adapts YuNet's official ONNX file to pictures of any size, as stored in memory.

The file is exported for 640×640. Nothing in its nodes depends on that, only the shapes that it states. So these
are removed, and two new nodes turn uint8 (1, H, W, 3) into the original's float32 (1, 3, H, W). The few messages
involved are read and written directly (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), which takes less
than a millisecond at the start.
"""

from collections.abc import Iterator

from fer.errors import CorruptData

_INPUT = b"input"
# Numbers of the fields in ModelProto, GraphProto and ValueInfoProto.
_GRAPH, _NODE, _GRAPH_INPUT, _GRAPH_OUTPUT, _VALUE_INFO, _NAME = 7, 1, 11, 12, 13, 1
_FLOAT, _UINT8 = 1, 2  # TensorProto.DataType
_INT_ATTRIBUTE, _INTS_ATTRIBUTE = 2, 7  # AttributeProto.AttributeType


def any_size(model: bytes) -> bytes:
    """Return the model with the input ``image``: BGR, sides that are multiples of 32.

    Raises ``CorruptData`` if the bytes are not such a model.
    """
    try:
        return b"".join(
            _field(number, _graph_of_any_size(bytes(value))) if number == _GRAPH else whole
            for number, value, whole in _fields(model)
        )
    except (IndexError, ValueError) as error:
        raise CorruptData("YuNet's model file cannot be read.") from error


def _graph_of_any_size(graph: bytes) -> bytes:
    transpose = _node(b"Transpose", b"image", b"image_chw", _ints_attribute(b"perm", (0, 3, 1, 2)))
    cast = _node(b"Cast", b"image_chw", _INPUT, _int_attribute(b"to", _FLOAT))
    parts = [_field(_NODE, transpose), _field(_NODE, cast)]
    for number, value, whole in _fields(graph):
        if number == _GRAPH_INPUT:
            # The rank and the number of channels let ONNX Runtime keep its own order of memory across the pooling
            # layers; without them it reorders before and after each, a sixth of the net's time.
            parts.append(_field(number, _value_info(b"image", _UINT8, (1, b"height", b"width", 3))))
        elif number == _GRAPH_OUTPUT:
            name = next(bytes(inner) for inner_number, inner, _ in _fields(value) if inner_number == _NAME)
            parts.append(_field(number, _value_info(name, _FLOAT)))
        elif number != _VALUE_INFO:
            parts.append(whole)
    return b"".join(parts)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield number, value and the complete bytes of each field; a number's value is empty."""
    at = 0
    while at < len(message):
        start = at
        key, at = _read_varint(message, at)
        kind, value = key & 7, b""
        if kind == 0:
            _, at = _read_varint(message, at)
        elif kind == 2:
            length, at = _read_varint(message, at)
            value = message[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {kind} does not occur in this file")
        if at > len(message):
            raise ValueError("the file is cut short")
        yield key >> 3, value, message[start:at]


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (message[at] & 127) << shift
        at += 1
        if message[at - 1] < 128:
            return value, at
        shift += 7


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _node(op: bytes, source: bytes, target: bytes, attribute: bytes) -> bytes:
    return _field(1, source) + _field(2, target) + _field(3, target) + _field(4, op) + _field(5, attribute)


def _int_attribute(name: bytes, value: int) -> bytes:
    return _field(1, name) + _number(3, value) + _number(20, _INT_ATTRIBUTE)


def _ints_attribute(name: bytes, values: tuple[int, ...]) -> bytes:
    return _field(1, name) + b"".join(_number(8, value) for value in values) + _number(20, _INTS_ATTRIBUTE)


def _value_info(name: bytes, kind: int, shape: tuple[int | bytes, ...] | None = None) -> bytes:
    """Return a value of any shape, or with sides that are known or only named."""
    dimensions = [_field(2, side) if isinstance(side, bytes) else _number(1, side) for side in shape or ()]
    stated = b"" if shape is None else _field(2, b"".join(_field(1, side) for side in dimensions))
    return _field(1, name) + _field(2, _field(1, _number(1, kind) + stated))
