"""What the classifier's engine adds to a process that has the detectors' engine already.

``python cold.py MODEL_FILE`` in a fresh process; prints JSON: CPU milliseconds from the import to the first answer,
and the megabytes that became resident.
"""

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

importlib.import_module("cv2")  # the detectors' process has it

FACE = np.zeros((1, 48, 48, 1), np.float32)


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def answer_with_litert(content: bytes) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(model_content=content, num_threads=1)
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, list(FACE.shape))
    interpreter.allocate_tensors()
    interpreter.set_tensor(place, FACE)
    interpreter.invoke()


def answer_with_onnx(content: bytes) -> None:
    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    session.run(None, {session.get_inputs()[0].name: FACE})


def main() -> None:
    path = Path(sys.argv[1])
    content = path.read_bytes()
    before_mb, started_s = resident_mb(), time.process_time()
    (answer_with_litert if path.suffix == ".tflite" else answer_with_onnx)(content)
    cpu_ms = (time.process_time() - started_s) * 1000
    print(json.dumps({"cpu_ms": cpu_ms, "added_mb": resident_mb() - before_mb}))


if __name__ == "__main__":
    main()
