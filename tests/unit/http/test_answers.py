"""The answer to a prediction, byte by byte the contract's JSON."""

import json
from base64 import b64encode

import flask
import pytest

from fer.domain import Face, Prediction
from fer.http.answers import predict_answer

HAPPY = Prediction(
    face=Face(box_xywh=(10.2, 20.7, 30.0, 40.0), detection_score=0.9),
    scores=(0.0, 0.0, 0.1, 0.9, 0.0, 0.0, 0.0),
)


def answer_of(*predictions: Prediction, picture: bytes | None) -> flask.Response:
    return predict_answer(
        predictions, image_size_wh=(640, 480), processed_image=picture, image_format="png", model_version="a-ü"
    )


@pytest.mark.parametrize("picture", [b"", b"\x00", bytes(range(256)) * 5], ids=["empty", "a-byte", "every-byte"])
def test_picture_is_the_first_field_as_a_data_url(picture: bytes) -> None:
    response = answer_of(HAPPY, picture=picture)
    body = json.loads(response.get_data())
    assert list(body) == ["processed_image", "faces", "image_size", "model_version"]
    assert body["processed_image"] == f"data:image/png;base64,{b64encode(picture).decode()}"
    assert body["faces"][0]["expression"] == "happy"
    assert response.content_type == "application/json"


def test_with_the_picture_the_rest_is_the_same_as_without() -> None:
    with_it, without = (json.loads(answer_of(HAPPY, picture=each).get_data()) for each in (b"picture", None))
    del with_it["processed_image"]
    assert with_it == without


def test_answer_without_faces_is_compact() -> None:
    text = answer_of(picture=None).get_data(as_text=True)
    assert text == '{"faces":[],"image_size":[640,480],"model_version":"a-ü"}'
