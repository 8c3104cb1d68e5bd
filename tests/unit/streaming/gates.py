"""Detectors that a test holds up or breaks, and the log's lines as they are written."""

import logging
import queue
import threading
from collections.abc import Callable

from fer.domain import Face
from fer.usecases.predict import Recogniser
from fer.vision.arrays import ImageRGB
from fer.vision.detection.looks import SingleLook

Serve = Callable[..., str]


class Gate(SingleLook):
    """A detector that waits at a gate, so that a test decides how long a frame takes."""

    name = "gate"
    min_retry_score = 1.0

    def __init__(self) -> None:
        self.open = threading.Event()
        self.waiting = threading.Semaphore(0)

    def find_once(self, image_rgb: ImageRGB) -> list[Face]:
        self.waiting.release()
        assert self.open.wait(60)
        return []


class Broken(Gate):
    def find_once(self, image_rgb: ImageRGB) -> list[Face]:
        raise RuntimeError("a secret of the machine")


class Lines(logging.Handler):
    """The lines of the log, as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: queue.Queue[logging.LogRecord] = queue.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.written.put(record)

    def next(self) -> logging.LogRecord:
        return self.written.get(timeout=60)


def with_detector(recogniser: Recogniser, detector: Gate) -> Recogniser:
    return Recogniser(detector=detector, aligner=recogniser.aligner, classifier=recogniser.classifier)
