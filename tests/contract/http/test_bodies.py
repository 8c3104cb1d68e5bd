"""A picture as real clients send it: whatever the wrapping, the same answer."""

import gzip
import json
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

import numpy as np
import pytest

from tests.contract.http.client import Client
from tests.pictures import astronaut, encode

PREDICT, FEEDBACK = "/predict_expression?annotate=none", "/save_expression_feedback"
# Small, and with padding, a plus and a slash in its base64.
SMALL = encode(np.ascontiguousarray(astronaut()[:256:2, 96:352:2]), ".jpg")
PHOTO = SMALL + bytes(-len(SMALL) % 3 + 1)
BASE64 = b64encode(PHOTO).decode()
URL = f"data:image/jpeg;base64,{BASE64}"
AS_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NO_TYPE: Mapping[str, str] = {}
JSON = {"Content-Type": "application/json"}


def wrapped(text: str, line: str) -> str:
    return line.join(text[at : at + 76] for at in range(0, len(text), 76))


def test_the_photo_tries_every_letter() -> None:
    assert BASE64.endswith("==")
    assert "+" in BASE64
    assert "/" in BASE64


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(URL, id="data URL"),
        pytest.param(URL.upper()[:23] + BASE64, id="in capitals"),
        pytest.param(f"data:image/jpg;base64,{BASE64}", id="image/jpg"),
        pytest.param(f"data:image/png;charset=utf-8;base64,{BASE64}", id="wrong type, with charset"),
        pytest.param(f"data:image/jpeg;name=my%20face.jpg;base64,{BASE64}", id="with a name"),
        pytest.param(f"data:application/octet-stream;base64,{BASE64}", id="octet-stream"),
        pytest.param(f"data:;base64,{BASE64}", id="no type"),
        pytest.param(BASE64, id="bare"),
        pytest.param(BASE64.rstrip("="), id="bare, no padding"),
        pytest.param(f"{URL}\n", id="newline at the end"),
        pytest.param(f"  {URL}  ", id="blanks around"),
        pytest.param(f"data:image/jpeg;base64, {BASE64}", id="blank after the comma"),
        pytest.param("data:image/jpeg;base64," + wrapped(BASE64, "\n"), id="wrapped"),
        pytest.param(wrapped(BASE64, "\r\n"), id="bare, wrapped as in MIME"),
        pytest.param(f"data:image/jpeg;base64,{urlsafe_b64encode(PHOTO).decode()}", id="URL-safe"),
        pytest.param(urlsafe_b64encode(PHOTO).decode().rstrip("="), id="bare, URL-safe, no padding"),
        pytest.param(f"data:image/jpeg;base64,{quote(BASE64, safe='')}", id="percent-encoded"),
        pytest.param(quote(URL, safe=""), id="percent-encoded as a whole"),
        pytest.param(f"data:image/jpeg,{quote_from_bytes(PHOTO)}", id="percent-encoded bytes"),
    ],
)
def test_picture_as_text(predict: Client, image: str) -> None:
    assert len(predict.post_json(PREDICT, {"image": image}).json["faces"]) == 1


def form(
    fields: Mapping[str, str | tuple[str, bytes]], boundary: str = "--a b'()+_,-./:=?"
) -> tuple[dict[str, str], bytes]:
    """Headers and body of ``multipart/form-data``; a file is its name and content."""
    parts: list[bytes] = []
    for name, value in fields.items():
        file, content = value if isinstance(value, tuple) else (None, value.encode())
        filename = "" if file is None else f'; filename="{file}"\r\nContent-Type: application/octet-stream'
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return {"Content-Type": f'multipart/form-data; boundary="{boundary}"'}, body


def nameless_file() -> tuple[dict[str, str], bytes]:
    """As Dart's ``MultipartFile.fromBytes`` and ``curl -F 'image=<photo.jpg'`` send it."""
    headers, body = form({"annotate": "none", "image": ("", PHOTO)})
    return headers, body.replace(b'; filename=""', b"")


DOCUMENT = json.dumps({"image": URL}).encode()
TWO_MEMBERS = gzip.compress(DOCUMENT[:99]) + gzip.compress(DOCUMENT[99:])
ZIPPED = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param(NO_TYPE, PHOTO, id="no type"),
        pytest.param({"Content-Type": "application/octet-stream"}, PHOTO, id="octet-stream"),
        pytest.param({"Content-Type": "image/jpg"}, PHOTO, id="image/jpg"),
        pytest.param({"Content-Type": "IMAGE/PNG; q=1"}, PHOTO, id="another type, in capitals"),
        pytest.param(AS_FORM, PHOTO, id="what curl says of --data-binary"),
        pytest.param(AS_FORM, DOCUMENT, id="what curl says of JSON"),
        pytest.param({"Content-Type": "text/plain;charset=UTF-8"}, DOCUMENT, id="what fetch says of JSON"),
        pytest.param({"Content-Type": "text/plain"}, URL.encode(), id="a data URL alone"),
        pytest.param({"Content-Type": "text/plain"}, BASE64.encode(), id="base64 alone"),
        pytest.param(NO_TYPE, b"\n" + wrapped(BASE64, "\r\n").encode(), id="base64 alone, wrapped as in MIME"),
        pytest.param(AS_FORM, BASE64.encode(), id="base64 alone, as curl sends it"),
        pytest.param(NO_TYPE, DOCUMENT, id="JSON without a type"),
        pytest.param({"CONTENT-TYPE": "Application/JSON; Charset=utf-8"}, DOCUMENT, id="JSON in capitals"),
        pytest.param({"Content-Type": "application/vnd.api+json"}, DOCUMENT, id="some +json"),
        pytest.param(JSON, b"\xef\xbb\xbf" + DOCUMENT, id="JSON with a byte-order mark"),
        pytest.param(JSON, b"\r\n \t" + DOCUMENT + b"\n\n", id="JSON with blanks"),
        pytest.param(JSON, DOCUMENT.decode().encode("utf-16"), id="JSON in UTF-16"),
        pytest.param(JSON, b'{"image": null, ' + DOCUMENT[1:], id="JSON that says it twice: the last counts"),
        pytest.param(*form({"image": ("me.jpg", PHOTO)}), id="multipart"),
        pytest.param(*form({"whatever": ("", PHOTO), "empty": ("", b"")}), id="multipart, any field, one empty"),
        pytest.param(*form({"note": "x", "image": URL}), id="multipart with a data URL"),
        pytest.param(*form({"image": ("me.txt", BASE64.encode())}), id="multipart with a file of base64"),
        pytest.param(*nameless_file(), id="multipart whose file has no name"),
        pytest.param({"Content-Type": "image/jpeg"}, URL.encode(), id="a data URL that claims to be a picture"),
        pytest.param(
            AS_FORM,
            urlencode({"label": "sad", "image": URL}).encode(),
            id="HTML form with a data URL",
        ),
        pytest.param(
            AS_FORM, f"image={URL}".encode(), id="HTML form, not encoded"
        ),
        pytest.param({**ZIPPED, **JSON}, gzip.compress(DOCUMENT), id="gzip"),
        pytest.param({"Content-Encoding": "X-GZIP"}, gzip.compress(PHOTO), id="x-gzip, no type"),
        pytest.param({**ZIPPED, **JSON}, TWO_MEMBERS, id="two members"),
        pytest.param({"Content-Encoding": "identity", "Content-Type": "image/jpeg"}, PHOTO, id="identity"),
    ],
)  # fmt: skip
def test_picture_in_a_body(predict: Client, headers: Mapping[str, str], body: bytes) -> None:
    answer = predict.request("POST", PREDICT, headers=headers, body=body)
    assert answer.status == 200, answer.body[:200]
    assert len(answer.json["faces"]) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status", "says"),
    [
        pytest.param({**JSON, "Content-Encoding": "br"}, b"x", 415, "'Content-Encoding: br'", id="brotli"),
        pytest.param({**JSON, "Content-Encoding": "gzip, gzip"}, b"x", 415, "gzip, gzip", id="twice"),
        pytest.param({**ZIPPED, **JSON}, DOCUMENT, 400, "gzip", id="no gzip"),
        pytest.param({**ZIPPED, **JSON}, gzip.compress(DOCUMENT)[:-30], 400, "gzip", id="gzip cut off"),
        pytest.param({**ZIPPED, **JSON}, gzip.compress(bytes(25 * 2**20)), 413, "25165824", id="gzip bomb"),
        pytest.param({**ZIPPED, **JSON}, gzip.compress(b"") * 100_000, 400, "members", id="gzip of many members"),
        pytest.param({**ZIPPED, **JSON}, b"", 400, "empty", id="empty gzip"),
        pytest.param(*form({"a": ("a", PHOTO), "b": ("b", PHOTO)}), 400, "one picture", id="two files"),
        pytest.param(*form({"image": ("a", b"")}), 400, "'image'", id="an empty file"),
        pytest.param(*form({"label": "sad"}), 400, "'image'", id="no file"),
        pytest.param(*form({str(n): "x" for n in range(60)}), 400, "multipart", id="too many parts"),
        pytest.param({"Content-Type": "multipart/form-data"}, b"--x--", 400, "boundary", id="no boundary"),
        pytest.param(nameless_file()[0], nameless_file()[1][:-30], 400, "multipart", id="multipart cut off"),
        pytest.param(JSON, b'{"image": {"image": "x"}}', 400, "'image'", id="nested"),
        pytest.param(JSON, b'{"image": "https://example.org/me.jpg"}', 400, "not fetched", id="an address"),
        pytest.param({"Content-Type": "text/csv"}, PHOTO, 415, "Send", id="a type of something else"),
    ],
)
def test_a_body_that_is_refused_says_why(
    predict: Client, headers: Mapping[str, str], body: bytes, status: int, says: str
) -> None:
    answer = predict.request("POST", PREDICT, headers=headers, body=body)
    assert answer.status == status
    assert says in answer.json["error"]


def test_options_come_from_a_forms_fields(predict: Client, feedback: Client) -> None:
    headers, body = form({"photo": ("me.jpg", PHOTO), "annotate": "webp"})
    answer = predict.request("POST", "/predict_expression", headers=headers, body=body)
    assert answer.json["processed_image"].startswith("data:image/webp")
    (face,) = answer.json["faces"]
    box = ",".join(map(str, face["box"]))
    for given in (box, f"[{box}]", ""):
        headers, body = form({"photo": ("me.jpg", PHOTO), "label": "happy", "box": given})
        assert feedback.request("POST", FEEDBACK, headers=headers, body=body).status == 200
    headers, body = form({"photo": ("me.jpg", PHOTO), "label": "happy", "box": "1,2,three,4"})
    assert feedback.request("POST", FEEDBACK, headers=headers, body=body).status == 400


def test_chunks_of_zlib_are_no_gzip(predict: Client) -> None:
    headers: dict[str, Any] = {**JSON, "Content-Encoding": "deflate"}
    assert predict.request("POST", PREDICT, headers=headers, body=zlib.compress(DOCUMENT)).status == 415
