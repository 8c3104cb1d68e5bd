"""Pictures out: boxes and labels drawn, and the result encoded."""

import math
from collections.abc import Sequence
from typing import Literal

import cv2

from fer.domain import Prediction
from fer.vision.arrays import ImageRGB
from fer.vision.labels import COLOURS, INK, BoxLTRB, Colour, draw_label, label_text, place_labels
from fer.vision.png import encode_png
from fer.vision.resizing import as_image

ImageFormat = Literal["png", "jpeg", "webp"]

_ENCODERS: dict[str, tuple[str, list[int], int]] = {
    # format: extension, parameters, longest side the format can hold
    "jpeg": (".jpg", [int(cv2.IMWRITE_JPEG_QUALITY), 90], 65_500),
    "webp": (".webp", [int(cv2.IMWRITE_WEBP_QUALITY), 80], 16_383),
}


def annotate(image_rgb: ImageRGB, predictions: Sequence[Prediction], *, max_pixels: int = 4_000_000) -> ImageRGB:
    """Return a copy with every face's box and its label ("happy 98%"), scaled down above ``max_pixels``.

    Lines and letters grow with the picture, and with the face where it is small; labels stay inside and cover each
    other only where there is no room, the largest face's on top then.
    """
    height, width = image_rgb.shape[:2]
    factor = min(1.0, math.sqrt(max_pixels / (width * height)))
    if factor < 1:
        canvas = _smaller(image_rgb, (max(1, int(width * factor)), max(1, int(height * factor))))
    else:
        canvas = image_rgb.copy()
    scale_xy = (canvas.shape[1] / width, canvas.shape[0] / height)
    boxes = [_visible_box(prediction, canvas, scale_xy) for prediction in predictions]
    colours = [COLOURS[prediction.expression] for prediction in predictions]
    for box, colour in reversed(list(zip(boxes, colours, strict=True))):
        _draw_box(canvas, box, colour)
    texts = [label_text(prediction) for prediction in predictions]
    labels = place_labels(texts, boxes, (canvas.shape[1], canvas.shape[0]))
    for label, colour in reversed(list(zip(labels, colours, strict=True))):
        draw_label(canvas, label, colour)
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
        image_rgb = _smaller(image_rgb, (max(1, int(width * factor)), max(1, int(height * factor))))
    done, encoded = cv2.imencode(extension, cv2.cvtColor(image_rgb, cv2.COLOR_RGB2BGR), parameters)
    if not done:
        raise RuntimeError(f"could not encode {image_rgb.shape} as {image_format}")
    return encoded.tobytes()


def _smaller(image_rgb: ImageRGB, size_wh: tuple[int, int]) -> ImageRGB:
    """Scale down: by halves, which average four pixels each, and the rest, less than half, between neighbours.

    Averages over parts of pixels look the same and take seven times as long for 12 megapixels.
    """
    while image_rgb.shape[1] >= 2 * size_wh[0] and image_rgb.shape[0] >= 2 * size_wh[1]:
        half_wh = (image_rgb.shape[1] // 2, image_rgb.shape[0] // 2)
        image_rgb = as_image(cv2.resize(image_rgb, half_wh, interpolation=cv2.INTER_AREA))
    if image_rgb.shape[1::-1] == size_wh:
        return image_rgb
    return as_image(cv2.resize(image_rgb, size_wh, interpolation=cv2.INTER_LINEAR))


def _line_px(canvas: ImageRGB) -> int:
    return max(1, round(max(canvas.shape[:2]) / 320))


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


def _draw_box(canvas: ImageRGB, box_ltrb: BoxLTRB, colour: Colour) -> None:
    near, far, line = box_ltrb[:2], box_ltrb[2:], _line_px(canvas)
    rim = max(1, round(line / 3))
    cv2.rectangle(canvas, near, far, INK, line + 2 * rim)
    cv2.rectangle(canvas, near, far, colour, line)
