"""Converts Keras to LiteRT in three precisions, and runs the result on one thread."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import keras

Quantisation = Literal["none", "dynamic_int8", "full_int8"]
QUANTISATIONS: tuple[Quantisation, ...] = ("none", "dynamic_int8", "full_int8")


def load_keras(path: Path) -> "keras.Model":
    """Load a ``.keras`` file for conversion; raises RuntimeError unless Keras runs on TensorFlow."""
    import keras

    from training.nets.keras_files import load_model

    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(f"conversion needs KERAS_BACKEND=tensorflow, got {keras.backend.backend()}")
    return load_model(path)


def convert(model: "keras.Model", quantisation: Quantisation, representative: np.ndarray | None = None) -> bytes:
    """Return the LiteRT flatbuffer of a Keras model, its batch size left open.

    ``representative``: float32 (N, H, W, 1) model inputs; ``full_int8`` takes the ranges of its activations
    from them. Input and output stay float32 whatever the precision inside.
    """
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        _save_for_inference(model, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if quantisation != "none":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantisation == "full_int8":
            if representative is None or len(representative) == 0:
                raise ValueError("full_int8 needs representative inputs")
            converter.representative_dataset = _feed(representative)
        return converter.convert()


def _save_for_inference(model: "keras.Model", folder: str) -> None:
    """Keras' own export leaves layers that augment pictures in training mode."""
    import keras

    archive: Any = keras.export.ExportArchive()  # typed as that of any backend
    archive.track(model)
    shape = (None, *model.inputs[0].shape[1:])
    archive.add_endpoint(
        "serve",
        lambda faces: model(faces, training=False),
        input_signature=[keras.InputSpec(shape=shape, dtype="float32")],
    )
    archive.write_out(folder, verbose=False)


def _feed(images: np.ndarray) -> Callable[[], Iterator[list[np.ndarray]]]:
    def rows() -> Iterator[list[np.ndarray]]:
        for image in images:
            yield [image[None].astype(np.float32)]

    return rows


class Runner:
    """One LiteRT interpreter on one thread; not thread-safe."""

    def __init__(self, model: bytes):
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter = Interpreter(model_content=model, num_threads=1)
        self.input: dict[str, Any] = self.interpreter.get_input_details()[0]
        self.output = self.interpreter.get_output_details()[0]
        shape = self.input["shape"]
        self.interpreter.resize_tensor_input(self.input["index"], [1, *shape[1:]])
        self.interpreter.allocate_tensors()

    def outputs(self, images: np.ndarray) -> np.ndarray:
        """Return outputs float32 (N, classes) for float32 (N, H, W, 1), one face at a time."""
        results = []
        for image in images:
            self.interpreter.set_tensor(self.input["index"], image[None].astype(np.float32))
            self.interpreter.invoke()
            results.append(self.interpreter.get_tensor(self.output["index"])[0])
        return np.array(results, np.float32)

    def median_ms(self, images: np.ndarray, repeats: int = 200) -> float:
        """Return the median milliseconds of one call with one face, after a warm-up."""
        times = []
        for number in range(repeats + 10):
            start = time.perf_counter()
            self.outputs(images[number % len(images)][None])
            times.append(time.perf_counter() - start)
        return float(np.median(times[10:]) * 1000)
