"""What callers send: a JSON body with a data URL, or the raw image, and the options beside it."""

import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs

import flask

from fer.domain import ANNOTATE_FORMATS, EXPRESSIONS, FEEDBACK_LABELS, AnnotateFormat, BoxXYWH, Claim
from fer.errors import InvalidInput, TooLarge, UnsupportedType

_DATA_URL = re.compile(r"data:(?P<media_type>[^;,]*)(?P<parameters>(?:;[^;,]*)*),", re.IGNORECASE)
_BOX_PROBLEM = "'box' must be four numbers x, y, w, h inside a picture, with positive w and h."
# Far beyond any picture that is read, and far from where areas overflow.
_LARGEST_COORDINATE_PX = 1e6
# Visible ASCII; long enough for a uuid, a hash or a structured-field string.
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# As the registry names versions.
_MODEL_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# A receipt has 64 characters.
_MAX_FORM_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """An encoded image and how to send it back."""

    image: bytes
    annotate: AnnotateFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRequest:
    """An encoded image, the right label, which face is meant and what a model had said of it.

    None leaves key and face to the server, and says nothing about a model.
    """

    image: bytes
    label: str
    box_xywh: BoxXYWH | None
    claim: Claim | None
    idempotency_key: str | None


def parse_predict(request: flask.Request, *, max_body_bytes: int) -> PredictRequest:
    """Read a prediction request; raises InvalidInput, TooLarge or UnsupportedType."""
    image, options = _image_and_options(request, max_body_bytes=max_body_bytes)
    wanted = options.get("annotate", "png")
    for annotate in ANNOTATE_FORMATS:
        if wanted == annotate:
            return PredictRequest(image=image, annotate=annotate)
    raise InvalidInput(f"'annotate' must be one of {', '.join(ANNOTATE_FORMATS)}.")


def parse_feedback(request: flask.Request, *, max_body_bytes: int) -> FeedbackRequest:
    """Read a feedback request; raises InvalidInput, TooLarge or UnsupportedType."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidInput("'Idempotency-Key' must be 1 to 255 visible ASCII characters.")
    image, options = _image_and_options(request, max_body_bytes=max_body_bytes)
    label = options.get("label")
    if not isinstance(label, str) or label not in FEEDBACK_LABELS:
        raise InvalidInput(f"'label' must be one of {', '.join(FEEDBACK_LABELS)}.")
    return FeedbackRequest(
        image=image,
        label=label,
        box_xywh=_parse_box(options.get("box")),
        claim=_parse_claim(options),
        idempotency_key=key,
    )


def parse_withdrawal(request: flask.Request) -> str:
    """The receipt in a form or in JSON; raises InvalidInput, TooLarge or UnsupportedType."""
    if request.mimetype == "application/x-www-form-urlencoded":
        fields = parse_qs(_read_body(request, max_body_bytes=_MAX_FORM_BYTES).decode("ascii", "replace"))
        receipt: object = fields.get("receipt", [None])[0]
    elif request.mimetype == "application/json":
        receipt = _parse_json(_read_body(request, max_body_bytes=_MAX_FORM_BYTES)).get("receipt")
    else:
        raise UnsupportedType("Send 'Content-Type: application/json' or a form.")
    if not isinstance(receipt, str) or not receipt:
        raise InvalidInput("'receipt' must be what the answer to the correction gave.")
    return receipt


def _parse_claim(options: Mapping[str, Any]) -> Claim | None:
    """``predicted`` and ``model_version`` as the prediction had them."""
    predicted, version = options.get("predicted"), options.get("model_version")
    if predicted is None:
        return None
    if not isinstance(predicted, str) or predicted not in EXPRESSIONS:
        raise InvalidInput(f"'predicted' must be one of {', '.join(EXPRESSIONS)}.")
    if version is not None and not (isinstance(version, str) and _MODEL_VERSION.fullmatch(version)):
        raise InvalidInput("'model_version' must be one that a prediction gave.")
    return Claim(expression=predicted, model_version=version or "")


def _image_and_options(request: flask.Request, *, max_body_bytes: int) -> tuple[bytes, Mapping[str, Any]]:
    """The encoded image, and the options: from the JSON body, or from the query beside a raw image."""
    media_type = request.mimetype
    query = _query_options(request)
    if media_type.startswith("image/"):
        body = _read_body(request, max_body_bytes=max_body_bytes)
        if not body:
            raise InvalidInput("The body is empty; expected an image.")
        return body, query
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedType("Send 'Content-Type: application/json' or an image with 'image/*'.")
    body = _parse_json(_read_body(request, max_body_bytes=max_body_bytes))
    return _decode_data_url(body.get("image")), query | body


def _read_body(request: flask.Request, *, max_body_bytes: int) -> bytes:
    too_large = TooLarge(f"The body is larger than {max_body_bytes} bytes.")
    if request.content_length is not None and request.content_length > max_body_bytes:
        raise too_large
    pieces: list[bytes] = []
    read_bytes = 0
    while piece := request.stream.read(262_144):
        read_bytes += len(piece)
        if read_bytes > max_body_bytes:
            raise too_large
        pieces.append(piece)
    return b"".join(pieces)


def _parse_json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    # ValueError covers bad JSON, bad UTF-8 and absurdly long integers; RecursionError deep nesting.
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The body is not valid JSON.") from error
    if not isinstance(parsed, dict):
        raise InvalidInput("The body must be a JSON object.")
    return parsed  # pyright: ignore[reportUnknownVariableType]


def _decode_data_url(value: object) -> bytes:
    """The bytes of a base64 data URL (RFC 2397); only the alphabet of RFC 4648 §4, nothing beside it."""
    if not isinstance(value, str) or not value:
        raise InvalidInput("'image' must be a data URL such as 'data:image/png;base64,…'.")
    head = _DATA_URL.match(value, 0, 200)
    if head is None or not head["parameters"].lower().endswith(";base64"):
        raise InvalidInput("'image' must be a data URL such as 'data:image/png;base64,…'.")
    if not head["media_type"].lower().startswith("image/"):
        raise UnsupportedType("The data URL in 'image' must have an image media type.")
    try:
        decoded = binascii.a2b_base64(value[head.end() :], strict_mode=True)
    # ValueError covers binascii.Error and characters outside ASCII.
    except ValueError as error:
        raise InvalidInput("The data URL in 'image' is not valid base64.") from error
    if not decoded:
        raise InvalidInput("The data URL in 'image' is empty.")
    return decoded


def _query_options(request: flask.Request) -> dict[str, Any]:
    """The query's options, typed as in JSON: ``box=x,y,w,h`` is a list of numbers."""
    options: dict[str, Any] = dict(request.args)
    if "box" in options:
        try:
            options["box"] = [float(part) for part in options["box"].split(",")]
        except ValueError as error:
            raise InvalidInput(_BOX_PROBLEM) from error
    return options


def _parse_box(value: object) -> BoxXYWH | None:
    if value is None:
        return None
    parts = cast("list[object]", value) if isinstance(value, list) else []
    numbers = [part for part in parts if isinstance(part, (int, float)) and not isinstance(part, bool)]
    if len(parts) != 4 or len(numbers) != 4:
        raise InvalidInput(_BOX_PROBLEM)
    try:
        x, y, w, h = (float(number) for number in numbers)
    except OverflowError as error:
        raise InvalidInput(_BOX_PROBLEM) from error
    if not all(abs(value) <= _LARGEST_COORDINATE_PX for value in (x, y, w, h)) or w <= 0 or h <= 0:
        raise InvalidInput(_BOX_PROBLEM)  # a NaN compares false, and is refused with the infinities
    return x, y, w, h
