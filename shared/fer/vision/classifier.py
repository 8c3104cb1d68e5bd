"""Expression scores from face chips."""

from typing import Any, Protocol

import cv2
import numpy as np

from fer.domain import CHIP_SIDE_PX, EXPRESSIONS
from fer.errors import CorruptData
from fer.vision.arrays import ExpressionScores, FaceChip, FaceChips, FloatArray, FloatImage
from fer.vision.detection.pool import Pool
from fer.vision.model_files import ModelFiles
from fer.vision.priors import PriorChoice, log_shift


class Classifier(Protocol):
    """Scores face chips; safe to call from any number of threads."""

    @property
    def model_version(self) -> str: ...

    def classify(self, face_chips: FaceChips) -> ExpressionScores:
        """Return float32 (N, 7) calibrated scores, in ``EXPRESSIONS`` order, for uint8 (N, 48, 48)."""
        ...

    def pinned(self) -> "Classifier":
        """Return the current model, fixed for as long as the caller keeps it.

        A classifier may switch to another model between two calls. A caller that needs scores and a
        ``model_version`` that belong together takes both from what this returns.
        """
        ...


class LiteRTClassifier:
    """A classifier that runs on LiteRT, with one interpreter per busy thread.

    Each chip is run separately: its scores do not depend on what else is in the picture, to the last bit.
    ``prior`` is the population that the scores apply to; raises ``CorruptData`` if the card does not state it.
    """

    def __init__(self, model_files: ModelFiles, *, prior: PriorChoice = "default", threads: int = 1) -> None:
        self._files = model_files
        self._log_shift = np.array(log_shift(model_files.priors, prior))
        self._order = [model_files.labels.index(name) for name in EXPRESSIONS]
        self._threads = threads
        self._interpreters = Pool(self._open)

    @property
    def model_version(self) -> str:
        return self._files.model_version

    def classify(self, face_chips: FaceChips) -> ExpressionScores:
        """Return float32 (N, 7) calibrated scores, in ``EXPRESSIONS`` order, for uint8 (N, 48, 48)."""
        if face_chips.dtype != np.uint8 or face_chips.shape[1:] != (CHIP_SIDE_PX, CHIP_SIDE_PX):
            raise ValueError(f"expected uint8 (N, 48, 48), got {face_chips.dtype} {face_chips.shape}")
        if not len(face_chips):
            return np.zeros((0, len(EXPRESSIONS)), np.float32)
        with self._interpreters.lend() as interpreter:
            outputs = np.stack([interpreter.run(self._prepare(chip)) for chip in face_chips])
        return self._calibrate(outputs[:, self._order])

    def pinned(self) -> "LiteRTClassifier":
        return self

    def _open(self) -> "_Interpreter":
        return _Interpreter(self._files, threads=self._threads)

    def _prepare(self, face_chip: FaceChip) -> FloatImage:
        height, width = self._files.input_hw
        if (height, width) != face_chip.shape:
            face_chip = np.asarray(cv2.resize(face_chip, (width, height)), dtype=np.uint8)
        grey = face_chip.astype(np.float32) * np.float32(self._files.scale) + np.float32(self._files.offset)
        return grey.reshape(1, height, width, 1)

    def _calibrate(self, outputs: FloatArray) -> ExpressionScores:
        """Apply temperature (Guo et al.: On calibration of modern neural networks, 2017), prior and softmax."""
        if self._files.output == "probabilities":
            outputs = np.log(np.clip(outputs, 1e-12, None))
        scaled = outputs / self._files.temperature + self._log_shift
        powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def probe(classifier: Classifier) -> None:
    """Let a classifier answer once; raise ``CorruptData`` if the answer is not scores."""
    ramp = np.linspace(0, 255, CHIP_SIDE_PX**2).astype(np.uint8).reshape(1, CHIP_SIDE_PX, CHIP_SIDE_PX)
    try:
        scores = classifier.classify(ramp)
    except (ValueError, RuntimeError) as error:
        raise CorruptData("The expression model cannot be run.") from error
    if not np.isfinite(scores).all():
        raise CorruptData("The expression model's scores are not numbers.")


class _Interpreter:
    """A LiteRT interpreter whose shapes are checked when it is opened."""

    def __init__(self, files: ModelFiles, *, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter  # so that this module can be imported without LiteRT

        expected_in, expected_out = [1, *files.input_hw, 1], [1, len(EXPRESSIONS)]
        try:
            self._runner: Any = Interpreter(model_content=files.litert_file, num_threads=threads)
            inputs, outputs = self._runner.get_input_details(), self._runner.get_output_details()
            if len(inputs) != 1 or len(outputs) != 1 or inputs[0]["dtype"] != np.float32:
                raise CorruptData("The expression model must have one float32 input and one output.")
            self._input, self._output = inputs[0]["index"], outputs[0]["index"]
            # Strict: only the batch may vary, although a convolution would silently accept other sides.
            self._runner.resize_tensor_input(self._input, expected_in, strict=True)
            self._runner.allocate_tensors()
            actual_in = self._runner.get_input_details()[0]
            actual_out = self._runner.get_output_details()[0]
        except (ValueError, RuntimeError) as error:
            raise CorruptData("The expression model's LiteRT file cannot be loaded.") from error
        if list(actual_in["shape"]) != expected_in or list(actual_out["shape"]) != expected_out:
            shapes = f"{list(actual_in['shape'])} to {list(actual_out['shape'])}"
            raise CorruptData(f"The expression model maps {shapes}, expected {expected_in} to {expected_out}.")

    def run(self, batch: FloatImage) -> FloatArray:
        """Return the raw output (7,) of float32 (1, H, W, 1)."""
        self._runner.set_tensor(self._input, batch)
        self._runner.invoke()
        return np.array(self._runner.get_tensor(self._output)[0], dtype=np.float64)
