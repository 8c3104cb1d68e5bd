"""The labels of annotated pictures: their text, their place and their drawing.

Pillow is imported only when needed, because most callers draw for themselves.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fer.domain import Prediction
from fer.vision.arrays import FloatArray, FloatImage, ImageGrey, ImageRGB

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

BoxLTRB = tuple[int, int, int, int]
Colour = tuple[int, int, int]

# docs/openapi.yaml, the same as in the web app
COLOURS: dict[str, Colour] = {
    "happy": (0xC3, 0x81, 0x15), "surprised": (0xE1, 0x55, 0xA1), "neutral": (0x7F, 0x8F, 0x95),
    "sad": (0x2D, 0x95, 0xD3), "fear": (0x9B, 0x74, 0xE1), "disgusted": (0x65, 0x9E, 0x41),
    "angry": (0xEA, 0x53, 0x41),
}  # fmt: skip
INK: Colour = (0x0B, 0x0F, 0x0E)

# Letters of a 34th of the picture's longer side are legible at a glance, those below 13 pixels hardly at all.
_LETTERS_PER_SIDE = 34
_MIN_LETTERS_PX = 13
# The widest label may be this much wider than its face; all labels have the same size, which looks calmer.
_WIDEST, _WIDER_THAN_FACE = "surprised 99%+", 1.5
_SMALLER = (1.0, 0.85, 0.7)
_PADDING, _PLATE_HEIGHT, _CORNER = 0.4, 1.5, 0.3  # in units of the letters
# Pillow's font has one weight, which is thin on a coloured ground; its stroker would take four times as long.
_BOLDER = 1.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text at a size, on a plate in pixels of the picture; the plate may reach over a picture that is smaller."""

    text: str
    letters_px: int
    plate: BoxLTRB


def label_text(prediction: Prediction) -> str:
    """Return ``happy 98%``: whole per cent, halves rounded up, never a false certainty (docs/openapi.yaml)."""
    score = prediction.confidence
    share = "99%+" if score >= 0.995 else f"{math.floor(score * 100 + 0.5)}%"
    return f"{prediction.expression} {share}"


def place_labels(texts: Sequence[str], boxes: Sequence[BoxLTRB], size_wh: tuple[int, int]) -> list[Label]:
    """Return a label for each box; the first boxes choose first.

    A label goes above its box, else below, inside or next to it: where it covers no other label if there is such a
    place, even if it must be smaller, and then as little as possible of any face.
    """
    labels: list[Label] = []
    taken = np.zeros((0, 4))
    faces = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    for text, box in zip(texts, boxes, strict=True):
        largest_px = _letters_px(text, box[2] - box[0], size_wh)
        tries: list[tuple[float, Label]] = []
        for factor in _SMALLER:
            tries.append(_place(text, max(1, round(largest_px * factor)), box, size_wh, taken, faces))
            if tries[-1][0] == 0 or largest_px <= _MIN_LETTERS_PX:
                break
        label = min(tries, key=lambda each: each[0])[1]
        labels.append(label)
        taken = np.vstack([taken, label.plate])
    return labels


def draw_label(canvas: ImageRGB, label: Label, colour: Colour) -> None:
    """Draw a label on to uint8 (H, W, 3)."""
    left, top, right, bottom = label.plate
    plate, rim = _rounded((right - left, bottom - top), max(1.0, label.letters_px * _CORNER), label.letters_px / 20)
    part = canvas[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    shown = (slice(part.shape[0]), slice(part.shape[1]))
    letters = _letters(label.text, label.letters_px, (right - left, bottom - top))
    ground, ink = np.array(colour, np.float32), np.array(INK, np.float32)
    drawn = ground + (ink - ground) * np.maximum(rim, letters)[shown][..., None]
    part[:] = np.rint(part + (drawn - part) * plate[shown][..., None])


@functools.lru_cache(maxsize=64)
def _font(letters_px: int) -> "FreeTypeFont":
    from PIL import ImageFont
    from PIL.ImageFont import FreeTypeFont

    font = ImageFont.load_default(letters_px)  # Aileron, whose digits are all equally wide
    assert isinstance(font, FreeTypeFont)  # with a size it is no other, or an ImportError
    return font


@functools.lru_cache(maxsize=1024)
def _width_of_one(text: str) -> float:
    """Return the width of a plate in units of its letters."""
    return _font(100).getlength(text) / 100 + 2 * _PADDING


def _letters_px(text: str, face_width_px: int, size_wh: tuple[int, int]) -> int:
    """Return the size of letters: by the picture, no wider than the face allows, never larger than the picture."""
    width, height = size_wh
    wanted = max(max(size_wh) / _LETTERS_PER_SIDE, _MIN_LETTERS_PX)
    by_face = max(_MIN_LETTERS_PX, face_width_px * _WIDER_THAN_FACE / _width_of_one(_WIDEST))
    return max(1, int(min(wanted, by_face, 0.98 * width / _width_of_one(text), height / (2 * _PLATE_HEIGHT))))


def _plate_height(letters_px: int) -> int:
    return max(3, round(letters_px * _PLATE_HEIGHT))


def _place(
    text: str, letters_px: int, box: BoxLTRB, size_wh: tuple[int, int], taken: FloatArray, faces: FloatArray
) -> tuple[float, Label]:
    """Return the best place for letters of that size, and how much of other labels it covers, in square pixels."""
    plate_width = math.ceil(_width_of_one(text) * letters_px)
    plate_height = _plate_height(letters_px)
    corners = _corners(box, (plate_width, plate_height), size_wh)
    plates = np.hstack([corners, corners + np.array([plate_width, plate_height])])
    covered = _common(plates, taken).sum(axis=1)
    cost = 1000 * covered + _common(plates, faces).sum(axis=1) + plate_height * np.arange(len(plates)) / 4
    best = int(np.argmin(cost))
    left, top = (int(value) for value in corners[best])
    plate = (left, top, left + plate_width, top + plate_height)
    return float(covered[best]), Label(text=text, letters_px=letters_px, plate=plate)


def _corners(box: BoxLTRB, plate_wh: tuple[int, int], size_wh: tuple[int, int]) -> FloatArray:
    """Return where a plate's top left corner may be, (N, 2), the best place first, all inside the picture."""
    left, top, right, bottom = box
    width, height = plate_wh
    lefts = (left, right - width, (left + right - width) // 2, left - width, right)
    near = [*itertools.product(lefts[:3], (top - height, bottom + 1, top, bottom - height))]
    beside = [*itertools.product(lefts[3:], (top, bottom - height, (top + bottom - height) // 2))]
    stacked = [*itertools.product(lefts, (top - 2 * height, bottom + 1 + height))]
    corners = np.array([(x, y) for x, y in near + beside + stacked], dtype=np.float64)
    return np.clip(corners, 0, np.maximum(0, np.array(size_wh) - plate_wh))


def _common(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """Return the area that each of (N, 4) and of (M, 4) boxes have in common, (N, M)."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=2)


@functools.lru_cache(maxsize=64)
def _rounded(size_wh: tuple[int, int], radius: float, line_px: float) -> tuple[FloatImage, FloatImage]:
    """Return how much of each pixel a rectangle with round corners covers, and its rim, 0 to 1, both (H, W)."""
    (width, height), line_px = size_wh, max(1.0, line_px)
    radius = min(radius, width / 2, height / 2)
    x = np.abs(np.arange(width, dtype=np.float32) + np.float32(0.5 - width / 2)) - np.float32(width / 2 - radius)
    y = np.abs(np.arange(height, dtype=np.float32) + np.float32(0.5 - height / 2)) - np.float32(height / 2 - radius)
    corner = np.hypot(np.maximum(x, 0)[None], np.maximum(y, 0)[:, None])
    outside = corner + np.minimum(np.maximum(x[None], y[:, None]), 0) - np.float32(radius)  # in pixels, signed
    whole = np.asarray(np.clip(0.5 - outside, 0, 1), np.float32)
    inner = np.asarray(np.clip(0.5 - outside - line_px, 0, 1), np.float32)
    return whole, whole - inner


def _letters(text: str, letters_px: int, size_wh: tuple[int, int]) -> FloatImage:
    """Return how much of each pixel the letters cover, 0 to 1, (H, W); in the middle of the plate."""
    head, _, tail = text.partition(" ")
    words = [_word(word, letters_px) for word in (f"{head} " if tail else head, tail) if word]
    width, height = size_wh
    plate = np.zeros((height, width), np.uint8)
    x = (width - sum(word.length_px for word in words)) / 2
    for word in words:
        left = round(x) - word.before_px
        cut = word.cover[:height, max(0, -left) : max(0, width - left)]
        place = plate[: cut.shape[0], max(0, left) : max(0, left) + cut.shape[1]]
        np.maximum(place, cut, out=place)
        x += word.length_px
    return np.minimum(plate * np.float32(_BOLDER / 255), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """How much of each pixel a word covers, 0 to 255, on a strip as high as a plate, from ``before_px`` before it."""

    cover: ImageGrey
    before_px: int
    length_px: float


# The expressions and the whole per cents at a few sizes: FreeType takes longer for a label than all the rest.
@functools.lru_cache(maxsize=512)
def _word(text: str, letters_px: int) -> _Word:
    from PIL import Image, ImageDraw

    font, before_px, height = _font(letters_px), max(2, letters_px // 4), _plate_height(letters_px)
    length_px = font.getlength(text)
    strip = Image.new("L", (math.ceil(length_px) + 2 * before_px, height))
    capital_px = -font.getbbox("H", anchor="ls")[1]
    at = (before_px, round((height + capital_px) / 2))
    ImageDraw.Draw(strip).text(at, text, fill=255, font=font, anchor="ls")
    return _Word(cover=np.array(strip, np.uint8), before_px=before_px, length_px=length_px)
