"""Pictures out: boxes and labels drawn, and the result encoded."""

import math
from collections.abc import Sequence
from typing import Literal

import cv2

from fer.domain import Prediction
from fer.vision.arrays import ImageRGB
from fer.vision.resizing import as_image

ImageFormat = Literal["png", "jpeg", "webp"]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT_PX = 22  # of capitals at scale 1
# Dark text on a bright plate, and a bright line on a dark one: legible on any ground.
_BRIGHT, _DARK = (255, 214, 10), (16, 16, 16)
_ENCODERS: dict[str, tuple[str, list[int], int]] = {
    # format: extension, parameters, longest side the format can hold
    "png": (".png", [], 2**31),
    "jpeg": (".jpg", [int(cv2.IMWRITE_JPEG_QUALITY), 90], 65_500),
    "webp": (".webp", [int(cv2.IMWRITE_WEBP_QUALITY), 80], 16_383),
}


def annotate(image_rgb: ImageRGB, predictions: Sequence[Prediction], *, max_pixels: int = 4_000_000) -> ImageRGB:
    """Return a copy with every face's box and its label ("happy 98 %"), scaled down above ``max_pixels``.

    Lines and letters grow with the picture, and with the face where it is small; labels stay inside. The
    largest face is drawn last, on top.
    """
    height, width = image_rgb.shape[:2]
    factor = min(1.0, math.sqrt(max_pixels / (width * height)))
    if factor < 1:
        size_wh = (max(1, int(width * factor)), max(1, int(height * factor)))
        canvas = as_image(cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_AREA))
    else:
        canvas = image_rgb.copy()
    scale_xy = (canvas.shape[1] / width, canvas.shape[0] / height)
    for prediction in reversed(predictions):
        x, y, box_width, box_height = prediction.face.box_xywh
        near = (x * scale_xy[0], y * scale_xy[1])
        far = ((x + box_width) * scale_xy[0], (y + box_height) * scale_xy[1])
        _draw_face(canvas, near, far, _label(prediction))
    return canvas


def encode_image(image_rgb: ImageRGB, image_format: ImageFormat) -> bytes:
    """Encode uint8 (H, W, 3) RGB as ``png``, ``jpeg`` (quality 90) or ``webp`` (quality 80).

    A side that is too long for the format is scaled down to what it can hold.
    """
    extension, parameters, longest_px = _ENCODERS[image_format]
    height, width = image_rgb.shape[:2]
    if max(height, width) > longest_px:
        factor = longest_px / max(height, width)
        size_wh = (max(1, int(width * factor)), max(1, int(height * factor)))
        image_rgb = as_image(cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_AREA))
    done, encoded = cv2.imencode(extension, cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), parameters)
    if not done:
        raise RuntimeError(f"could not encode {image_rgb.shape} as {image_format}")
    return encoded.tobytes()


def _label(prediction: Prediction) -> str:
    return f"{prediction.expression} {round(prediction.confidence * 100)} %"


def _draw_face(canvas: ImageRGB, near: tuple[float, float], far: tuple[float, float], label: str) -> None:
    height, width = canvas.shape[:2]
    line = max(1, round(max(height, width) / 400))
    # The box may reach over the edge: its lines are kept where they can be seen.
    left, top = (max(line // 2, round(value)) for value in near)
    right, bottom = min(width - 1 - line // 2, round(far[0])), min(height - 1 - line // 2, round(far[1]))
    left, top = min(left, width - 1), min(top, height - 1)
    right, bottom = max(right, left), max(bottom, top)
    cv2.rectangle(canvas, (left, top), (right, bottom), _DARK, line * 3)
    cv2.rectangle(canvas, (left, top), (right, bottom), _BRIGHT, line)
    _draw_label(canvas, (left, top, right, bottom), label)


def _text_scale(canvas: ImageRGB, face_width_px: int, label: str) -> float:
    """Return the font's scale: a fortieth of the picture, no wider than the face asks for, never over the edge."""
    height, width = canvas.shape[:2]
    wanted = max(height, width) / 40
    unit_width = cv2.getTextSize(label, _FONT, 1.0, 1)[0][0]
    by_face = max(13.0, face_width_px * 1.3 / unit_width * _FONT_HEIGHT_PX)
    scale = min(max(wanted, 11.0), by_face) / _FONT_HEIGHT_PX
    fits = 0.9 * width / unit_width, 0.5 * height / _FONT_HEIGHT_PX
    return max(0.05, min(scale, *fits))


def _draw_label(canvas: ImageRGB, box_ltrb: tuple[int, int, int, int], label: str) -> None:
    height, width = canvas.shape[:2]
    left, top, right, bottom = box_ltrb
    scale = _text_scale(canvas, right - left, label)
    weight = max(1, round(scale * 1.8))
    (text_width, text_height), below = cv2.getTextSize(label, _FONT, scale, weight)
    margin = max(1, round(text_height * 0.35))
    plate_width, plate_height = text_width + 2 * margin, text_height + 2 * margin + below // 2
    # Above the box, else below it, else inside it at the top
    if top >= plate_height:
        plate_top = top - plate_height
    elif bottom + plate_height < height:
        plate_top = bottom + 1
    else:
        plate_top = max(0, min(top, height - plate_height))
    plate_left = max(0, min(left, width - plate_width))
    corner = (min(width - 1, plate_left + plate_width), min(height - 1, plate_top + plate_height))
    cv2.rectangle(canvas, (plate_left, plate_top), corner, _BRIGHT, cv2.FILLED)
    cv2.rectangle(canvas, (plate_left, plate_top), corner, _DARK, 1)
    origin = (plate_left + margin, plate_top + margin + text_height)
    cv2.putText(canvas, label, origin, _FONT, scale, _DARK, weight, cv2.LINE_AA)
