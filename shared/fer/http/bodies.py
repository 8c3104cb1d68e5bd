"""Request bodies: a picture on its own, in JSON or in a form, with its options."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import flask

from fer.domain import ANNOTATE_FORMATS, EXPRESSIONS, FEEDBACK_LABELS, AnnotateFormat, BoxXYWH, Claim
from fer.errors import InvalidInput, UnsupportedType
from fer.http.escapes import form_fields
from fer.http.picture_text import picture_of_text
from fer.http.received import read_body, read_form

_MULTIPART, _FORM = "multipart/form-data", "application/x-www-form-urlencoded"
# No type, types for arbitrary bytes, and the default types of curl and fetch.
_SAYS_NOTHING = ("", "application/octet-stream", "binary/octet-stream", "text/plain", _FORM)
_FORM_WITH_IMAGE = re.compile(rb"(?:^|&)image=")
# No picture begins with that many letters and digits.
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\r\n-]{100}")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BOX_PROBLEM = "'box' must be four numbers x, y, w, h inside a picture, with positive w and h."
# Far beyond any picture that is accepted, and far below where areas overflow.
_LARGEST_COORDINATE_PX = 1e6
# Visible ASCII; long enough for a uuid, a hash or a structured-field string.
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# The version names that the registry accepts.
_MODEL_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
# A receipt has 64 characters.
_MAX_FORM_BYTES = 4096
# A picture, a handful of options, and whatever a client adds; each empty list takes twenty times its text.
_MAX_JSON_PARTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """An encoded image and how to send it back."""

    image: bytes
    annotate: AnnotateFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRequest:
    """An encoded image, the right label, which face is meant, and what a model said about it.

    None leaves the key or the face to the server, or means that no model is named.
    """

    image: bytes
    label: str
    box_xywh: BoxXYWH | None
    claim: Claim | None
    idempotency_key: str | None


def parse_predict(
    request: flask.Request, *, max_body_bytes: int, formats: Sequence[AnnotateFormat] = ANNOTATE_FORMATS
) -> PredictRequest:
    """Read a prediction request, the first of ``formats`` being its default for the picture in the answer.

    Raises InvalidInput, TooLarge or UnsupportedType.
    """
    image, options = _image_and_options(request, max_body_bytes=max_body_bytes)
    wanted = options.get("annotate", formats[0])
    for annotate in formats:
        if wanted == annotate:
            return PredictRequest(image=image, annotate=annotate)
    raise InvalidInput(f"'annotate' must be one of {', '.join(formats)}.")


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
    """Return the receipt in a form or in JSON; raises InvalidInput, TooLarge or UnsupportedType."""
    media_type, body = request.mimetype, read_body(request, max_body_bytes=_MAX_FORM_BYTES)
    if media_type == _MULTIPART:
        receipt: object = read_form(request, body)[1].get("receipt")
    elif _is_json(media_type) or (media_type in _SAYS_NOTHING and _begins_as_json(body)):
        receipt = _parse_json(body).get("receipt")
    elif media_type == _FORM:
        receipt = dict(form_fields(body)).get("receipt", b"").decode("utf-8", "replace")
    else:
        raise UnsupportedType("Send 'Content-Type: application/json' or a form.")
    if not isinstance(receipt, str) or not receipt.strip():
        raise InvalidInput("'receipt' must be the one returned for the correction.")
    return receipt.strip()


def _is_json(media_type: str) -> bool:
    return media_type in ("application/json", "text/json") or media_type.endswith("+json")


def _begins_as_json(body: bytes) -> bool:
    return body.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1] == b"{"


def _parse_claim(options: Mapping[str, Any]) -> Claim | None:
    """``predicted`` and ``model_version`` as the prediction had them."""
    predicted, version = options.get("predicted"), options.get("model_version")
    if predicted is None:
        return None
    if not isinstance(predicted, str) or predicted not in EXPRESSIONS:
        raise InvalidInput(f"'predicted' must be one of {', '.join(EXPRESSIONS)}.")
    if version is not None and not (isinstance(version, str) and _MODEL_VERSION.fullmatch(version)):
        raise InvalidInput("'model_version' must be one from a prediction.")
    return Claim(expression=predicted, model_version=version or "")


def _image_and_options(request: flask.Request, *, max_body_bytes: int) -> tuple[bytes, Mapping[str, Any]]:
    """Return the encoded image, and the options: from the body's fields if it has any, else from the query.

    For an unspecific type, or one that clients set by default, the bytes decide.
    """
    media_type, query = request.mimetype, _typed(request.args)
    is_json = _is_json(media_type)
    if not is_json and not media_type.startswith("image/") and media_type not in (_MULTIPART, *_SAYS_NOTHING):
        raise UnsupportedType("Send an image, JSON ('Content-Type: application/json') or 'multipart/form-data'.")
    body = read_body(request, max_body_bytes=max_body_bytes)
    if not body:
        raise InvalidInput("The body is empty; expected an image.")
    if media_type == _MULTIPART:
        file, fields = read_form(request, body)
        return (_picture(file) if file else picture_of_text(fields.get("image"))), query | _typed(fields)
    if is_json or (media_type in _SAYS_NOTHING and _begins_as_json(body)):
        parsed = _parse_json(body)
        return picture_of_text(parsed.get("image")), query | parsed
    if media_type == _FORM and (fields := _form_fields(body)):
        return picture_of_text(fields["image"]), query | _typed(fields)
    return _picture(body), query


def _picture(content: bytes) -> bytes:
    """Return the encoded picture in a file or a body, which may be a data URL or base64, whatever its type says."""
    head = content[:200].lstrip()
    is_text = head[:5].lower() == b"data:" or _BASE64.match(head)
    return picture_of_text(content.decode("ascii", "replace")) if is_text else content


def _form_fields(body: bytes) -> Mapping[str, str]:
    """Return the fields of an HTML form with an ``image``; none for raw bytes, which curl sends as this type too."""
    if not _FORM_WITH_IMAGE.search(body, 0, _MAX_FORM_BYTES):
        return {}
    fields = {name: value.decode("utf-8", "replace") for name, value in form_fields(body)}
    # A plus that was not percent-encoded arrives as a blank, and base64 has no blanks.
    return {**fields, "image": fields.get("image", "").strip().replace(" ", "+")}


def _parse_json(body: bytes) -> dict[str, Any]:
    if sum(body.count(sign) for sign in (b",", b"[", b"{")) > _MAX_JSON_PARTS:
        raise InvalidInput(f"The JSON has more than {_MAX_JSON_PARTS:,} parts.")
    try:
        parsed = json.loads(body)
    # ValueError covers bad JSON, bad UTF-8 and absurdly long integers; RecursionError covers deep nesting.
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The body is not valid JSON.") from error
    if not isinstance(parsed, dict):
        raise InvalidInput("The body must be a JSON object.")
    return parsed  # pyright: ignore[reportUnknownVariableType]


def _typed(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of a query or a form, typed as in JSON: ``box=x,y,w,h`` is a list of numbers."""
    options: dict[str, Any] = dict(texts)
    if box := str(options.pop("box", "")).strip():
        try:
            options["box"] = [float(part) for part in box.strip("[]").split(",")]
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
        raise InvalidInput(_BOX_PROBLEM)  # NaN compares false, so it is refused together with the infinities
    return x, y, w, h
