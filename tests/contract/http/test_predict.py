"""The contract of ``predict``."""

import json
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from fer.domain import EXPRESSIONS
from tests.contract.http.client import Client
from tests.pictures import astronaut, data_url, encode, two_faces

ROUTE = "/predict_expression"


def test_health_names_the_model(predict: Client) -> None:
    answer = predict.get("/")
    assert answer.status == 200
    assert answer.json["status"] == "healthy"
    assert answer.json["model_version"]


def test_finds_the_face_and_its_expression(predict: Client, photo: bytes) -> None:
    answer = predict.post_json(ROUTE, {"image": data_url(photo)})
    assert answer.status == 200
    (face,) = answer.json["faces"]
    assert face["expression"] == "happy"
    assert face["confidence"] == max(face["scores"].values()) == face["scores"]["happy"]
    assert list(face["scores"]) == list(EXPRESSIONS)
    assert sum(face["scores"].values()) == pytest.approx(1, abs=1e-4)
    x, y, w, h = face["box"]
    assert x < 225 < x + w
    assert y < 120 < y + h
    assert answer.json["image_size"] == [512, 512]


def test_function_alone_answers_at_its_root(predict: Client, photo: bytes) -> None:
    assert predict.post_json("/", {"image": data_url(photo)}).json["faces"]


def test_raw_image_gives_the_same_faces(predict: Client, photo: bytes) -> None:
    as_json = predict.post_json(ROUTE, {"image": data_url(photo), "annotate": "none"})
    raw = predict.post_image(f"{ROUTE}?annotate=none", photo)
    assert raw.body == as_json.body


@pytest.mark.parametrize(("name", "signature"), [("png", b"\x89PNG"), ("jpeg", b"\xff\xd8"), ("webp", b"RIFF")])
def test_annotated_picture_comes_in_the_format_asked_for(
    predict: Client, photo: bytes, name: str, signature: bytes
) -> None:
    answer = predict.post_json(ROUTE, {"image": data_url(photo), "annotate": name})
    head, _, encoded = answer.json["processed_image"].partition(",")
    assert head == f"data:image/{name};base64"
    assert b64decode(encoded).startswith(signature)


def test_annotation_is_a_png_of_the_input_size_by_default(predict: Client, photo: bytes) -> None:
    encoded = predict.post_json(ROUTE, {"image": data_url(photo)}).json["processed_image"].partition(",")[2]
    picture = cv2.imdecode(np.frombuffer(b64decode(encoded), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (512, 512, 3)


def test_no_picture_comes_back_where_none_was_asked_for(predict: Client, photo: bytes) -> None:
    assert "processed_image" not in predict.post_json(ROUTE, {"image": data_url(photo), "annotate": "none"}).json


def test_no_face_is_an_empty_list(predict: Client) -> None:
    blank = encode(np.full((240, 320, 3), 128, np.uint8), ".png")
    assert predict.post_image(f"{ROUTE}?annotate=none", blank, "image/png").json["faces"] == []


def test_faces_come_largest_first(predict: Client) -> None:
    faces = predict.post_image(f"{ROUTE}?annotate=none", encode(two_faces(), ".png"), "image/png").json["faces"]
    assert [face["box"][0] > 256 for face in faces] == [True, False]


def test_boxes_of_a_rotated_photo_are_in_the_upright_picture(predict: Client, photo: bytes) -> None:
    lying = encode(np.ascontiguousarray(np.rot90(astronaut())[:, :400]), ".jpg")
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"  # orientation 6
    tagged = lying[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + lying[2:]
    answer = predict.post_image(f"{ROUTE}?annotate=none", tagged)
    assert answer.json["image_size"] == [512, 400]
    (face,) = answer.json["faces"]
    (expected,) = predict.post_image(f"{ROUTE}?annotate=none", photo).json["faces"]
    assert face["expression"] == expected["expression"]


def test_box_stays_inside_the_picture(predict: Client) -> None:
    cut = encode(np.ascontiguousarray(astronaut()[80:300, 190:400]), ".png")
    answer = predict.post_image(f"{ROUTE}?annotate=none", cut, "image/png")
    for face in answer.json["faces"]:
        x, y, w, h = face["box"]
        assert x + w <= 210
        assert y + h <= 220


def test_many_threads_get_the_same_bytes_as_one(predict: Client, photo: bytes) -> None:
    pictures = [photo, encode(two_faces(), ".jpg"), encode(astronaut()[:300, :300].copy(), ".png")]
    expected = [predict.post_image(f"{ROUTE}?annotate=none", picture).body for picture in pictures]

    def ask(number: int) -> bytes:
        return predict.post_image(f"{ROUTE}?annotate=none", pictures[number % 3]).body

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(48)))
    assert found == [expected[i % 3] for i in range(48)]


def test_browser_of_another_origin_may_call(predict: Client, photo: bytes) -> None:
    preflight = predict.request("OPTIONS", ROUTE, headers={"Origin": "https://app.example"})
    assert preflight.status == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    answer = predict.post_image(ROUTE, photo, headers={"Origin": "https://app.example"})
    assert answer.headers["access-control-allow-origin"] == "*"


def test_head_is_get_without_a_body(predict: Client) -> None:
    answer = predict.request("HEAD", "/")
    assert (answer.status, answer.body) == (200, b"")


def test_request_is_logged_as_one_json_line_without_pixels(
    predict: Client, photo: bytes, read_log: Callable[[], list[str]]
) -> None:
    read_log()
    predict.post_image(ROUTE, photo, headers={"X-Cloud-Trace-Context": "0123456789abcdef0123456789abcdef/1;o=1"})
    (line,) = (json.loads(text) for text in read_log())
    assert line["severity"] == "INFO"
    assert line["httpRequest"]["status"] == 200
    assert line["logging.googleapis.com/trace"] == "projects/a-project/traces/0123456789abcdef0123456789abcdef"
    assert line["faces"] == 1
    assert "happy" not in json.dumps(line)
    assert len(json.dumps(line)) < 1000
