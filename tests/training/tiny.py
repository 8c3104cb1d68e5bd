"""A tiny net, and settings with which retraining it takes seconds."""

from pathlib import Path

import keras
import numpy as np

from tests.training.generated import marked
from training.config import Config
from training.conversion.export_model import ExportOptions, export
from training.data.augment import Augmentation
from training.data.fer2013 import FaceData, unanimous_votes
from training.nets.architectures import build
from training.retraining.gate import Bounds

GENTLE = Augmentation(
    shift_px=1, roll_deg=0, scale=0, occlusion_probability=0, mixup_probability=0, cutmix_probability=0
)
CONFIG = Config(engine="keras", batch=16, epochs=8, learning_rate=5e-3, ema=0.5, augmentation=GENTLE, seed=3)
# Of a tiny net on few faces only the machinery is of interest, not how well its scores are calibrated.
LENIENT = Bounds(
    fewest_frozen=20, fewest_held_out=20, calibration_error=1, recall_loss=1, frozen_loss=0.2, latency_ratio=5
)


def write_model(folder: Path, priors: dict | None = None) -> Path:
    """Write the model files of an untrained tiny net; returns their directory."""
    keras.utils.set_random_seed(0)
    build("residual", widths=[8, 16], depths=[1, 1], dropout=0).save(folder / "net.keras")
    labels = np.arange(28) % 7
    faces = FaceData(
        images=marked(labels),
        labels=labels,
        usage=np.array(["Training"] * 14 + ["PublicTest"] * 14),
        votes=unanimous_votes(labels),
    )
    export(
        folder / "net.keras",
        faces,
        folder / "expression",
        ExportOptions(created="2026-01-01T00:00:00Z", priors=priors),
    )
    return folder / "expression"
