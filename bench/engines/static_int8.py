"""A Keras model as ONNX: in float, and quantised to int8 with the ranges that training faces give its activations."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationMethod, QuantType, quantize_dynamic
from onnxruntime.quantization.calibrate import TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.quant_utils import load_model_with_shape_infer

QUANTISED = ("Conv", "MatMul", "Gemm", "Add", "Relu", "AveragePool", "MaxPool", "GlobalAveragePool")
HEAD = ("GlobalAveragePool", "Squeeze", "MatMul", "Gemm")
SAMPLED = 13
"""Of large maps every 13th value counts for the percentiles; the extremes are of all values."""

Ranges = dict[str, np.ndarray]


def export(model: Any, size_hw: tuple[int, int]) -> bytes:
    """Keras' own export to ONNX, which folds the batch normalisations into the convolutions."""
    model(np.zeros((1, *size_hw, 1), np.float32))  # what was only loaded refuses to be exported
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        model.export(str(path), format="onnx", verbose=False)
        return path.read_bytes()


def open_session(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that runs the model on one thread, with the options of ``fer.vision.detection.nets``."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda batch: session.run(None, {name: batch})[0]


def activation_ranges(content: bytes, inputs: np.ndarray, percentile: float) -> Ranges:
    """For every tensor behind the input: smallest and largest value, and the same at a percentile, as (2, 2)."""
    model = onnx.load_from_string(content)
    known = {each.name for each in model.graph.output}
    names = [name for node in model.graph.node for name in node.output if name not in known]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    wanted, feed = [each.name for each in session.get_outputs()], session.get_inputs()[0].name
    extremes: dict[str, list[float]] = {name: [0.0, 0.0] for name in wanted}
    samples: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
    for start in range(0, len(inputs), 8):
        for name, value in zip(wanted, session.run(wanted, {feed: inputs[start : start + 8]}), strict=True):
            flat = np.ravel(value)
            extremes[name] = [min(extremes[name][0], flat.min()), max(extremes[name][1], flat.max())]
            samples[name].append(flat[::SAMPLED] if flat.size > 20_000 else flat)
    ends = (100 - percentile, percentile)
    return {name: np.array([extremes[name], np.percentile(np.concatenate(samples[name]), ends)]) for name in wanted}


def left_in_float(content: bytes, *, stem: bool, head: bool) -> list[str]:
    """Names of the nodes before the first convolution (the standardisation), with it, and of what ends the net."""
    nodes = list(onnx.load_from_string(content).graph.node)
    first = next(place for place, node in enumerate(nodes) if node.op_type == "Conv")
    kept = nodes[: first + 2] if stem else nodes[:first]
    return [node.name for node in (*kept, *(node for node in nodes if head and node.op_type in HEAD))]


def quantise_static(content: bytes, ranges: Ranges, *, row: int, exclude: list[str]) -> bytes:
    """QDQ format: weights int8 per channel, activations uint8 in the ranges (``row`` 0: extremes, 1: percentile)."""
    found = {name: (np.float32(value[row][0]), np.float32(value[row][1])) for name, value in ranges.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(content)
        quantiser = QDQQuantizer(
            load_model_with_shape_infer(path),
            True,  # per channel
            False,  # the whole range of the weights
            QuantType.QInt8,
            QuantType.QUInt8,
            TensorsData(CalibrationMethod.MinMax, found),
            [],  # all nodes but the excluded
            exclude,
            list(QUANTISED),
            {},
        )
        quantiser.quantize_model()
        quantiser.model.save_model_to_file(str(path))
        return path.read_bytes()


def quantise_dynamic(content: bytes) -> bytes:
    """Weights int8 per channel; the ranges of the activations are found anew for each picture."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "model.onnx", Path(folder) / "dynamic.onnx"
        path.write_bytes(content)
        quantize_dynamic(str(path), str(out), per_channel=True, weight_type=QuantType.QInt8)
        return out.read_bytes()
