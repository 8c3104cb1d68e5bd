"""Expression scores from face chips."""

from typing import Any, Protocol, cast

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter  # pyright: ignore[reportMissingTypeStubs]

from fer.domain import EXPRESSIONS
from fer.errors import CorruptData
from fer.vision.arrays import ExpressionScores, FaceChip, FaceChips
from fer.vision.model_files import ModelFiles
from fer.vision.pool import Pool

# Below it a probability is as good as zero, and its logarithm still finite.
SMALLEST_PROBABILITY = 1e-7


class Classifier(Protocol):
    """Scores face chips; safe to call from any number of threads at once."""

    @property
    def model_version(self) -> str: ...

    def classify(self, face_chips: FaceChips) -> ExpressionScores:
        """Return float32 (N, 7) calibrated scores, in ``EXPRESSIONS`` order, for uint8 (N, 48, 48)."""
        ...


class LiteRTClassifier:
    """A classifier served by LiteRT, one face at a time.

    Faces do not share a batch: the scores of a face are the same bytes whoever stands beside it. Raises
    CorruptData where the file is not a model of the input and output that its card names.
    """

    def __init__(self, model_files: ModelFiles, *, threads: int = 1) -> None:
        self._files = model_files
        self._order = [model_files.labels.index(name) for name in EXPRESSIONS]
        self._pool: Pool[Any] = Pool(lambda: _open_interpreter(model_files, threads=threads))

    @property
    def model_version(self) -> str:
        return self._files.model_version

    def classify(self, face_chips: FaceChips) -> ExpressionScores:
        if not len(face_chips):
            return np.empty((0, len(EXPRESSIONS)), np.float32)
        with self._pool.lend() as interpreter:
            outputs = np.stack([self._run(interpreter, chip) for chip in face_chips])
        if self._files.output == "probabilities":
            outputs = np.log(np.maximum(outputs, SMALLEST_PROBABILITY))
        return _softmax(outputs[:, self._order] / self._files.temperature)

    def _run(self, interpreter: Any, face_chip: FaceChip) -> ExpressionScores:
        height, width = self._files.input_hw
        if face_chip.shape != (height, width):
            face_chip = cast("FaceChip", cv2.resize(face_chip, (width, height), interpolation=cv2.INTER_LINEAR))
        pixels = face_chip.astype(np.float32) * np.float32(self._files.scale) + np.float32(self._files.offset)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[None, :, :, None])
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]


def _open_interpreter(model_files: ModelFiles, *, threads: int) -> Any:
    height, width = model_files.input_hw
    try:
        interpreter: Any = Interpreter(model_path=str(model_files.litert_path), num_threads=threads)
        given = interpreter.get_input_details()[0]
        if list(given["shape"]) != [1, height, width, 1]:
            interpreter.resize_tensor_input(given["index"], [1, height, width, 1])
        interpreter.allocate_tensors()
        made = interpreter.get_output_details()[0]
    except (RuntimeError, ValueError, IndexError) as error:
        raise CorruptData(f"{model_files.litert_path} is not a model of the size its card names.") from error
    # A wrong output shape would pass silently through argmax, so it is checked here.
    if list(made["shape"]) != [1, len(EXPRESSIONS)] or {given["dtype"], made["dtype"]} != {np.float32}:
        raise CorruptData(f"{model_files.litert_path} must map float32 to float32 (1, {len(EXPRESSIONS)}).")
    return interpreter


def _softmax(logits: ExpressionScores) -> ExpressionScores:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
