"""The domain: expressions, faces, predictions, feedback. Standard library only."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

BoxXYWH = tuple[float, float, float, float]
Point = tuple[float, float]

EXPRESSIONS = ("angry", "disgusted", "fear", "happy", "sad", "surprised", "neutral")
"""The seven expressions, in the order of the model's output and of ``scores``."""

NO_EXPRESSION = "nan"
"""The feedback label for "none of these, or not a face". pandas reads it as missing: keep_default_na=False."""

FEEDBACK_LABELS = (*EXPRESSIONS, NO_EXPRESSION)

AnnotateFormat = Literal["png", "jpeg", "webp", "none"]
"""Formats of the annotated picture; ``none`` is for callers that draw it themselves."""

ANNOTATE_FORMATS: tuple[AnnotateFormat, ...] = get_args(AnnotateFormat)

DETECTORS = ("auto", "yunet", "mtcnn", "haar")
"""The detectors; ``auto`` is the best one whose files are present."""

CARD_NAME = "model_card.json"
"""The file next to a model's weights that says what they are."""

CHIP_SIDE_PX = 48
"""Side of the square grey face chip that the classifier sees and that feedback stores."""

LANDMARK_NAMES = ("right_eye", "left_eye", "nose_tip", "right_mouth_corner", "left_mouth_corner")
"""Order of ``Face.landmarks``; right and left are the subject's."""


def box_inside(box_xywh: BoxXYWH, image_size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the box in whole pixels, clipped to the image, as answers show it and corrections send it back."""
    x, y, w, h = box_xywh
    left, top = max(0, round(x)), max(0, round(y))
    right, bottom = min(image_size_wh[0], round(x + w)), min(image_size_wh[1], round(y + h))
    return left, top, max(1, right - left), max(1, bottom - top)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One detected face, in pixels of the upright image with the origin at its top left.

    ``landmarks`` has five (x, y) points in the order of ``LANDMARK_NAMES``, or is None if the detector
    gives none. The box may extend beyond the image.
    """

    box_xywh: BoxXYWH
    detection_score: float
    landmarks: tuple[Point, ...] | None = None

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in self.box_xywh):
            raise ValueError(f"box_xywh must be finite, got {self.box_xywh}")
        if self.box_xywh[2] <= 0 or self.box_xywh[3] <= 0:
            raise ValueError(f"box_xywh must have a positive size, got {self.box_xywh}")
        if self.landmarks is not None and len(self.landmarks) != len(LANDMARK_NAMES):
            raise ValueError(f"expected {len(LANDMARK_NAMES)} landmarks, got {len(self.landmarks)}")

    @property
    def area_px(self) -> float:
        return self.box_xywh[2] * self.box_xywh[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A face and its calibrated expression scores, in ``EXPRESSIONS`` order, summing to 1."""

    face: Face
    scores: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.scores) != len(EXPRESSIONS):
            raise ValueError(f"expected {len(EXPRESSIONS)} scores, got {len(self.scores)}")
        if not math.isclose(sum(self.scores), 1.0, abs_tol=1e-3):
            raise ValueError(f"scores must sum to 1, got {sum(self.scores)}")

    @property
    def expression(self) -> str:
        return EXPRESSIONS[self.scores.index(max(self.scores))]

    @property
    def confidence(self) -> float:
        return max(self.scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a person said a face shows: one of ``FEEDBACK_LABELS`` and the 48×48 grey pixels, row by row."""

    label: str
    pixels: bytes

    def __post_init__(self) -> None:
        if self.label not in FEEDBACK_LABELS:
            raise ValueError(f"label must be one of {FEEDBACK_LABELS}, got {self.label!r}")
        if len(self.pixels) != CHIP_SIDE_PX**2:
            raise ValueError(f"expected {CHIP_SIDE_PX**2} pixels, got {len(self.pixels)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a model said about a face before the correction; ``model_version`` is empty if unknown."""

    expression: str
    model_version: str = ""

    def __post_init__(self) -> None:
        if self.expression not in EXPRESSIONS:
            raise ValueError(f"expression must be one of {EXPRESSIONS}, got {self.expression!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """One condition of the gate that a model had to pass, with the figure and the bound in words."""

    name: str
    passed: bool
    figure: str
    bound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedModel:
    """A version in the registry; ``gate`` is empty if there was none, ``fault`` if its card is sound."""

    version: str
    created: datetime
    parent: str | None
    champion: bool
    fault: str
    gate: tuple[GateCheck, ...]
