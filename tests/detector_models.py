"""Where the detectors' files lie. MTCNN's are part of the project; a clone without a network has no YuNet."""

from pathlib import Path

import pytest

from fer.vision.detection.detector_files import YUNET_FILE

MODELS_DIR = Path(__file__).parents[1] / "models" / "detector"

NEEDS_YUNET = pytest.mark.skipif(
    not (MODELS_DIR / YUNET_FILE).is_file(), reason=f"{YUNET_FILE} is not there; `make models` with a network gets it"
)
