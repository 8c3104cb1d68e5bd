"""Bad and odd requests: a clear 4xx in the contract's JSON, nothing leaked, nothing stored, and soon."""

import json
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.contract.http.client import Client
from tests.pictures import astronaut, data_url, encode, png_bomb

ROUTES = {"predict": "/predict_expression", "feedback": "/save_expression_feedback"}
JSON = "application/json"
PNG = encode(np.ascontiguousarray(astronaut()[::4, ::4]), ".png")
JPEG = encode(np.ascontiguousarray(astronaut()[::4, ::4]), ".jpg")
LEAKS = ("Traceback", "cv2", "OpenCV", "PIL", "Error:", "site-packages", "Exception", "object at 0x", "/shared/")


class Bad(NamedTuple):
    """A request and the statuses that are right for it."""

    name: str
    body: bytes | None
    content_type: str | None = JSON
    statuses: tuple[int, ...] = (400,)
    method: str = "POST"


def with_image(value: Any, **fields: Any) -> bytes:
    return json.dumps({"image": value, "label": "happy", **fields}).encode()


BODIES = [
    Bad("no body", None),
    Bad("empty body", b""),
    Bad("form", b"image=abc", "application/x-www-form-urlencoded"),
    Bad("multipart", b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    Bad("xml", b"<image/>", "application/xml", (415,)),
    Bad("not JSON", b"{image:"),
    Bad("cut JSON", with_image(data_url(PNG))[:200]),
    Bad("two JSON values", b"{}{}"),
    Bad("not UTF-8", b'{"image": "\xff\xfe\xfa"}'),
    Bad("lone surrogate", b'{"image": "\\ud800", "label": "happy"}'),
    Bad("JSON array", b"[]"),
    Bad("JSON string", b'"image"'),
    Bad("JSON number", b"1"),
    Bad("JSON null", b"null"),
    Bad("JSON NaN", b"NaN"),
    Bad("deep nesting", b"[" * 100_000 + b"]" * 100_000),
    Bad("deep objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    Bad("huge integer", b'{"image": ' + b"9" * 10_000 + b"}"),
    Bad("empty object", b"{}"),
    Bad("text without a type", b"hello", None),
    Bad("nothing that is known as an octet stream", bytes(100), "application/octet-stream"),
]
IMAGES = [
    Bad("image null", with_image(None)),
    Bad("image number", with_image(7)),
    Bad("image boolean", with_image(True)),
    Bad("image list", with_image([data_url(PNG)])),
    Bad("image object", with_image({"data": data_url(PNG)})),
    Bad("image empty", with_image("")),
    Bad("no comma", with_image("data:image/png;base64")),
    Bad("nothing after the comma", with_image("data:image/png;base64,")),
    Bad("a web address", with_image("https://example.org/face.png")),
    Bad("a file path", with_image("file:///etc/passwd")),
    Bad("not base64 encoded", with_image("data:image/png,abc")),
    Bad("text media type", with_image(data_url(PNG, "text/plain")), statuses=(415,)),
    Bad("junk inside base64", with_image(data_url(PNG)[:100] + "!*" + data_url(PNG)[100:])),
    Bad("bad padding", with_image(data_url(PNG).rstrip("=") + "===")),
    Bad("url-safe base64", with_image("data:image/png;base64,__--")),
    Bad("letters outside ASCII", with_image("data:image/png;base64,ÄÖÜ=")),
    Bad("nul character", with_image("data:image/png;base64,\0\0")),
    Bad("garbage bytes", with_image(data_url(bytes(range(256)))), statuses=(400, 415)),
    Bad("truncated PNG", with_image(data_url(PNG[: len(PNG) // 2]))),
    Bad("truncated JPEG", with_image(data_url(JPEG[: len(JPEG) // 2]))),
    Bad("PNG signature only", with_image(data_url(PNG[:8]))),
    Bad("JPEG start only", with_image(data_url(JPEG[:2]))),
    Bad("PNG with a broken checksum", with_image(data_url(PNG[:40] + b"\0\0\0\0" + PNG[44:]))),
    Bad("SVG", with_image(data_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")), statuses=(415,)),
    Bad("PDF", with_image(data_url(b"%PDF-1.7\n", "image/png")), statuses=(415,)),
    Bad("HTML", with_image(data_url(b"<html></html>", "image/png")), statuses=(415,)),
    Bad("one pixel", with_image(data_url(encode(np.zeros((1, 1, 3), np.uint8), ".png")))),
    *(
        Bad(f"bomb of {side} squared", with_image(data_url(png_bomb(side), "image/png")), statuses=(413,))
        for side in (5_000, 10_000, 20_000)
    ),
    Bad("raw garbage", b"garbage", "image/png", (400, 415)),
    Bad("raw empty", b"", "image/png"),
    Bad("raw truncated", PNG[:100], "image/png"),
    Bad("raw bomb", png_bomb(12_000), "image/png", (413,)),
    Bad("raw JSON as image", with_image(data_url(PNG)), "image/png", (400, 415)),
    Bad("body too large", b" " * (25 * 1024 * 1024), JSON, (413,)),
    Bad("raw body too large", b" " * (25 * 1024 * 1024), "image/jpeg", (413,)),
]
NOT_FORMATS: list[Any] = ["gif", "", "PNG", 1, None, True, ["png"], {}]
NOT_LABELS: list[Any] = [
    *("", "joy", "Happy", " happy", "happy\n", "\ud800", "x" * 100_000),
    *(3, None, True, ["happy"], {}),
]
NOT_BOXES: list[Any] = [
    *("1,2,3,4", {"x": 1}, [], [1, 2, 3], [1, 2, 3, 4, 5]),
    *([1, 2, 0, 4], [1, 2, 3, -4], [1, 2, 3, "4"], [1, 2, 3, None], [True, 2, 3, 4]),
    *([float("nan"), 2, 3, 4], [float("inf"), 2, 3, 4], [10**400, 2, 3, 4], [1e308] * 4),
]
OPTIONS = {
    "predict": [Bad(f"annotate {value!r}", with_image(data_url(PNG), annotate=value)) for value in NOT_FORMATS],
    "feedback": [
        *(Bad(f"label {value!r}", with_image(data_url(PNG), label=value)) for value in NOT_LABELS),
        Bad("no label", json.dumps({"image": data_url(PNG)}).encode()),
        *(Bad(f"box {value!r}", with_image(data_url(PNG), box=value)) for value in NOT_BOXES),
    ],
}
METHODS = [Bad(f"method {method}", None, None, (405,), method) for method in ("GET", "PUT", "DELETE", "PATCH")]
CASES = [
    pytest.param(function, bad, id=f"{function}: {bad.name}"[:80])
    for function in ROUTES
    for bad in (*BODIES, *IMAGES, *OPTIONS[function], *METHODS)
]


def test_there_are_at_least_a_hundred() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize(("function", "bad"), CASES)
def test_bad_request_is_refused(request: pytest.FixtureRequest, function: str, bad: Bad) -> None:
    client: Client = request.getfixturevalue(function)
    headers = {} if bad.content_type is None else {"Content-Type": bad.content_type}
    raw = (bad.content_type or "").startswith("image/")
    path = ROUTES[function] + ("?label=happy" if raw and function == "feedback" else "")
    answer = client.request(bad.method, path, headers=headers, body=bad.body)
    assert answer.status in bad.statuses, answer.body[:300]
    assert answer.json["error"]
    assert not any(leak in answer.body.decode() for leak in LEAKS), answer.body
    assert len(answer.body) < 500  # nothing that was sent comes back


@pytest.mark.parametrize("function", ROUTES)
@pytest.mark.parametrize("path", ["/nothing", "/predict_expression/more", "/robots.txt", "/favicon.ico", "/%00"])
def test_unknown_path_is_not_found(request: pytest.FixtureRequest, function: str, path: str) -> None:
    client: Client = request.getfixturevalue(function)
    assert client.get(path).status == 404


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
def test_bad_idempotency_key_is_refused(feedback: Client, key: str) -> None:
    headers = {"Idempotency-Key": key}
    answer = feedback.post_image(f"{ROUTES['feedback']}?label=happy", PNG, "image/png", headers)
    assert answer.status == 400


def test_bad_requests_store_nothing(feedback: Client, export: Client) -> None:
    before = export.request("POST", "/merge").json["rows"]
    for bad in (*BODIES, *IMAGES, *OPTIONS["feedback"]):
        headers = {} if bad.content_type is None else {"Content-Type": bad.content_type}
        feedback.request("POST", ROUTES["feedback"], headers=headers, body=bad.body)
    assert export.request("POST", "/merge").json["rows"] == before


def test_method_not_allowed_says_what_is(predict: Client) -> None:
    assert predict.get(ROUTES["predict"]).headers["allow"] == "OPTIONS, POST"
