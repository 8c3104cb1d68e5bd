"""OpenCV's own YuNet at 640×480, on one thread: what every latency is also given as a multiple of.

Machines differ, and one machine differs from hour to hour; a known piece of work that is measured in the same run,
between the others, makes figures comparable.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np

from bench.harness.measures import ROOT, summary
from bench.harness.pictures import one_face

YUNET: Final = ROOT / "models" / "detector" / "face_detection_yunet_2023mar.onnx"
SIZE_WH: Final = (640, 480)


class Yardstick:
    """Takes one measurement with each ``look``; sets OpenCV's threads to one for the whole process.

    ``clock`` is that of what is compared: the wall's for requests, and ``time.process_time`` for work on
    one core that waits for nothing, where other processes then disturb less.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        cv2.setNumThreads(1)
        self._clock = clock
        self._net = cv2.FaceDetectorYN.create(str(YUNET), "", SIZE_WH, 0.6, 0.3, 1000)
        self._picture = np.asarray(cv2.cvtColor(one_face(*SIZE_WH), cv2.COLOR_RGB2BGR), np.uint8)
        self._durations_s: list[float] = []
        self.look()  # the first one sets up
        self._durations_s.clear()

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            started_s = self._clock()
            self._net.detect(self._picture)
            self._durations_s.append(self._clock() - started_s)

    def figures(self) -> dict[str, Any]:
        return summary(self._durations_s)

    def multiple(self, milliseconds: float) -> float:
        """Return how many looks ``milliseconds`` are, by the median of those so far."""
        return round(milliseconds / self.figures()["median_ms"], 3)
