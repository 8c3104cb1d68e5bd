"""Pictures out: boxes and labels drawn, and the result encoded."""

import math
from collections.abc import Sequence
from typing import Literal

import cv2

from fer.domain import Prediction
from fer.vision.arrays import ImageRGB
from fer.vision.png import encode_png
from fer.vision.resizing import as_image

ImageFormat = Literal["png", "jpeg", "webp"]
BoxLTRB = tuple[int, int, int, int]

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_HEIGHT_PX = 22  # of capitals at scale 1
# Dark text on a bright plate, and a bright line on a dark one: legible on any ground.
_BRIGHT, _DARK = (255, 214, 10), (16, 16, 16)
_ENCODERS: dict[str, tuple[str, list[int], int]] = {
    # format: extension, parameters, longest side the format can hold
    "jpeg": (".jpg", [int(cv2.IMWRITE_JPEG_QUALITY), 90], 65_500),
    "webp": (".webp", [int(cv2.IMWRITE_WEBP_QUALITY), 80], 16_383),
}


def annotate(image_rgb: ImageRGB, predictions: Sequence[Prediction], *, max_pixels: int = 4_000_000) -> ImageRGB:
    """Return a copy with every face's box and its label ("happy 98 %"), scaled down above ``max_pixels``.

    Lines and letters grow with the picture, and with the face where it is small; labels stay inside and lie
    over the boxes, the largest face's on top.
    """
    height, width = image_rgb.shape[:2]
    factor = min(1.0, math.sqrt(max_pixels / (width * height)))
    if factor < 1:
        size_wh = (max(1, int(width * factor)), max(1, int(height * factor)))
        canvas = as_image(cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_AREA))
    else:
        canvas = image_rgb.copy()
    scale_xy = (canvas.shape[1] / width, canvas.shape[0] / height)
    boxes = [_visible_box(prediction, canvas, scale_xy) for prediction in predictions]
    for box in reversed(boxes):
        _draw_box(canvas, box)
    for box, prediction in reversed(list(zip(boxes, predictions, strict=True))):
        _draw_label(canvas, box, _label(prediction))
    return canvas


def encode_image(image_rgb: ImageRGB, image_format: ImageFormat) -> bytes:
    """Encode uint8 (H, W, 3) RGB as ``png``, ``jpeg`` (quality 90) or ``webp`` (quality 80).

    A side that is too long for the format is scaled down to what it can hold.
    """
    if image_format == "png":
        return encode_png(image_rgb)
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


def _line_px(canvas: ImageRGB) -> int:
    return max(1, round(max(canvas.shape[:2]) / 400))


def _visible_box(prediction: Prediction, canvas: ImageRGB, scale_xy: tuple[float, float]) -> BoxLTRB:
    """Return the box in the canvas's pixels; where it reaches over the edge, its lines stay in sight."""
    x, y, box_width, box_height = prediction.face.box_xywh
    height, width = canvas.shape[:2]
    inset = _line_px(canvas) // 2
    left = min(max(inset, round(x * scale_xy[0])), width - 1)
    top = min(max(inset, round(y * scale_xy[1])), height - 1)
    right = max(left, min(width - 1 - inset, round((x + box_width) * scale_xy[0])))
    bottom = max(top, min(height - 1 - inset, round((y + box_height) * scale_xy[1])))
    return left, top, right, bottom


def _draw_box(canvas: ImageRGB, box_ltrb: BoxLTRB) -> None:
    near, far, line = box_ltrb[:2], box_ltrb[2:], _line_px(canvas)
    cv2.rectangle(canvas, near, far, _DARK, line * 3)
    cv2.rectangle(canvas, near, far, _BRIGHT, line)


def _text_scale(canvas: ImageRGB, face_width_px: int, label: str) -> float:
    """Return the font's scale: a fortieth of the picture, no wider than the face asks for, never over the edge."""
    height, width = canvas.shape[:2]
    wanted = max(height, width) / 40
    unit_width = cv2.getTextSize(label, _FONT, 1.0, 1)[0][0]
    by_face = max(13.0, face_width_px * 1.3 / unit_width * _FONT_HEIGHT_PX)
    scale = min(max(wanted, 11.0), by_face) / _FONT_HEIGHT_PX
    fits = 0.9 * width / unit_width, 0.5 * height / _FONT_HEIGHT_PX
    return max(0.05, min(scale, *fits))


def _draw_label(canvas: ImageRGB, box_ltrb: BoxLTRB, label: str) -> None:
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
