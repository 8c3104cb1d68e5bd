"""Neural nets as ONNX files, run by ONNX Runtime on one core."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.errors import CorruptData
from fer.vision.arrays import FloatImage

_runtime: Any = import_module("onnxruntime")  # it is untyped
_errors: Any = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
_LOAD_ERRORS: tuple[type[Exception], ...] = (
    _errors.EPFail, _errors.Fail, _errors.InvalidArgument, _errors.InvalidGraph, _errors.InvalidProtobuf,
    _errors.NotImplemented, _errors.RuntimeException, RuntimeError, ValueError,
)  # fmt: skip
_LOG_ERRORS_ONLY = 3


class Net:
    """One net with one input; safe to call from any number of threads, each of which uses its own core.

    ONNX Runtime's ``run`` keeps no state between calls, so one session serves all threads.
    """

    def __init__(self, model: bytes, *, name: str, outputs: Sequence[str]) -> None:
        options = _runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _LOG_ERRORS_ONLY
        # It plans a block of memory for each new shape and keeps them all: 120 MB instead of 75 after 1280×720,
        # and not measurably faster.
        options.enable_mem_pattern = False
        try:
            self._session = _runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            (self._input,) = (each.name for each in self._session.get_inputs())
        except _LOAD_ERRORS as error:
            raise CorruptData(f"The model file {name} cannot be read.") from error
        missing = set(outputs) - {each.name for each in self._session.get_outputs()}
        if missing:
            raise CorruptData(f"The model file {name} lacks the outputs {', '.join(sorted(missing))}.")
        self._outputs = list(outputs)

    def run(self, batch: NDArray[Any]) -> list[FloatImage]:
        """Return one float32 array per output."""
        return self._session.run(self._outputs, {self._input: batch})


def open_net(path: Path, outputs: Sequence[str]) -> Net:
    """Open an ONNX file; raise ``CorruptData`` if it cannot be read."""
    return Net(path.read_bytes(), name=path.name, outputs=outputs)


def mtcnn_batch(images_rgb: Sequence[NDArray[np.uint8]]) -> FloatImage:
    """Return equally large pictures as float32 (N, 3, H, W) in -1…1, as MTCNN's nets expect."""
    batch = np.stack(images_rgb).transpose(0, 3, 1, 2)  # (N, H, W, 3) -> (N, 3, H, W)
    return (np.ascontiguousarray(batch, dtype=np.float32) - np.float32(127.5)) / np.float32(128)
