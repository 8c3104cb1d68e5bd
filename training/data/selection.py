"""A tenth of the training faces that nothing is trained on, used to choose weights, precision and temperature.

PublicTest then only reports. Near duplicates stay together, so no selected face resembles one that is trained on.
"""

import dataclasses
import hashlib

import numpy as np

from training.data.fer2013 import FaceData, joined, without_duplicates
from training.data.near_duplicates import near_groups

SHARE = 0.1
USAGE = "Selection"


def with_selection(faces: FaceData) -> FaceData:
    """Return the faces with a tenth of the Training rows as Selection rows.

    Training rows that occur twice or are held out elsewhere are dropped. A face's group decides by the digest of its
    first member's pixels, so the same faces are kept apart in every run.
    """
    held_out = faces.take(faces.usage != "Training")
    training = without_duplicates(faces.take(faces.usage == "Training"), held_out)
    groups = near_groups(training.images)
    first, members = np.unique(groups, return_inverse=True)
    places = np.array([_place(training.images[row]) for row in first])
    chosen = places <= max(SHARE, places.min(initial=1.0))  # one at least, however few there are
    usage = np.where(chosen[members], USAGE, "Training") if len(first) else training.usage
    return joined(dataclasses.replace(training, usage=usage), held_out)


def _place(image: np.ndarray) -> float:
    """Return where a picture lies in 0–1 by its digest."""
    return int.from_bytes(hashlib.sha256(image.tobytes()).digest()[:8], "big") / 2.0**64
