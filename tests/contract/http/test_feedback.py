"""The contract of ``feedback``, and that it stores the face that ``predict`` sees."""

import csv
import io
import uuid
from collections.abc import Callable

import numpy as np
import pytest

from fer.domain import FEEDBACK_LABELS
from local.servers import Reply
from tests.contract.http.client import Client
from tests.pictures import data_url, encode, two_faces

ROUTE = "/save_expression_feedback"
SAVED = {"status": "success", "message": "Feedback saved successfully."}


def saved(answer: Reply) -> bool:
    """Return whether it is the success that clients have always been told, whatever else it says."""
    return answer.status == 200 and SAVED.items() <= answer.json.items()


def rows(export: Client) -> list[list[str]]:
    """Return the CSV's rows without the header; none while there is no CSV."""
    answer = export.get("/download_expression_csv")
    return [] if answer.status == 404 else list(csv.reader(io.StringIO(answer.body.decode())))[1:]


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def test_correction_is_in_the_csv(feedback: Client, export: Client, photo: bytes) -> None:
    before = len(rows(export))
    answer = feedback.post_json(ROUTE, {"image": data_url(photo), "label": "sad"})
    assert saved(answer)
    after = rows(export)
    assert len(after) == before + 1
    assert len(after[-1]) == 2305
    assert all(0 <= int(pixel) <= 255 for pixel in after[-1][1:])


@pytest.mark.parametrize("label", FEEDBACK_LABELS)
def test_every_label_is_taken(feedback: Client, photo: bytes, label: str) -> None:
    assert saved(feedback.post_json(ROUTE, {"image": data_url(photo), "label": label}))


def test_raw_image_takes_its_label_from_the_query(feedback: Client, photo: bytes) -> None:
    assert saved(feedback.post_image(f"{ROUTE}?label=happy", photo))


def test_function_alone_answers_at_its_root(feedback: Client, photo: bytes) -> None:
    assert saved(feedback.post_json("/", {"image": data_url(photo), "label": "happy"}))


def test_retry_with_the_same_key_adds_nothing(feedback: Client, export: Client, photo: bytes) -> None:
    headers, body = key(), {"image": data_url(photo), "label": "fear"}
    before = len(rows(export))
    assert feedback.post_json(ROUTE, body, headers).status == 200
    assert len(rows(export)) == before + 1
    late = feedback.post_json(ROUTE, body, headers)  # after the merge
    assert late.status == 200
    assert len(rows(export)) == before + 1


def test_same_key_with_another_label_is_a_conflict(feedback: Client, export: Client, photo: bytes) -> None:
    headers = key()
    before = len(rows(export))
    feedback.post_json(ROUTE, {"image": data_url(photo), "label": "fear"}, headers)
    answer = feedback.post_json(ROUTE, {"image": data_url(photo), "label": "sad"}, headers)
    assert (answer.status, answer.json["code"]) == (409, "conflict")
    assert len(rows(export)) == before + 1


def test_two_corrections_without_a_key_are_two_rows(feedback: Client, export: Client, photo: bytes) -> None:
    before = len(rows(export))
    for _ in range(2):
        feedback.post_json(ROUTE, {"image": data_url(photo), "label": "neutral"})
    assert len(rows(export)) == before + 2


def stored_pixels(feedback: Client, export: Client, picture: bytes, label: str, box: list[int] | None) -> list[str]:
    before = {tuple(row) for row in rows(export)}
    body = {"image": data_url(picture, "image/png"), "label": label, **({"box": box} if box else {})}
    assert feedback.post_json(ROUTE, body).status == 200
    (new,) = [row for row in rows(export) if tuple(row) not in before]
    return new[1:]


def test_box_says_which_face_is_meant(predict: Client, feedback: Client, export: Client) -> None:
    picture = encode(two_faces(), ".png")
    large, small = (
        face["box"]
        for face in predict.post_image("/predict_expression?annotate=none", picture, "image/png").json["faces"]
    )
    first = stored_pixels(feedback, export, picture, "angry", None)
    assert stored_pixels(feedback, export, picture, "disgusted", large) == first
    assert stored_pixels(feedback, export, picture, "surprised", small) != first


def test_box_without_a_face_stores_nothing(feedback: Client, export: Client, photo: bytes) -> None:
    before = len(rows(export))
    answer = feedback.post_json(ROUTE, {"image": data_url(photo), "label": "sad", "box": [0, 300, 90, 110]})
    assert answer.status == 400
    assert len(rows(export)) == before


def test_no_face_stores_nothing(feedback: Client, export: Client) -> None:
    before = len(rows(export))
    blank = encode(np.full((240, 320, 3), 128, np.uint8), ".png")
    answer = feedback.post_json(ROUTE, {"image": data_url(blank, "image/png"), "label": "sad"})
    assert answer.status == 400
    assert "face" in answer.json["error"]
    assert len(rows(export)) == before


def test_health_says_whether_there_is_a_csv(feedback: Client, export: Client, photo: bytes) -> None:
    feedback.post_image(f"{ROUTE}?label=happy", photo)
    rows(export)
    assert feedback.get("/").json == {"status": "healthy", "csv_found": True}


def test_stored_pixels_are_the_chip_that_the_classifier_sees(
    feedback: Client, export: Client, photo: bytes, client_of: Callable[[str], Client]
) -> None:
    from fer.settings import Settings
    from fer.vision.alignment import FaceAligner
    from fer.vision.detection.detector import open_detector
    from fer.vision.images import decode_image

    detector_dir = Settings.from_env().models_dir / "detector"
    image_rgb = decode_image(encode(two_faces(), ".png"))
    faces = open_detector("auto", models_dir=detector_dir).detect(image_rgb)
    chips, _ = FaceAligner(detector_dir).align_faces(image_rgb, faces)
    stored = stored_pixels(feedback, export, encode(two_faces(), ".png"), "nan", None)
    assert [int(pixel) for pixel in stored] == chips[0].ravel().tolist()


@pytest.mark.parametrize(
    "options",
    [
        {"predicted": "nan"},
        {"predicted": "joy"},
        {"predicted": 3},
        {"predicted": "sad", "model_version": "../x"},
        {"predicted": "sad", "model_version": 3},
    ],
)
def test_odd_word_of_a_model_stores_nothing(feedback: Client, photo: bytes, options: dict[str, object]) -> None:
    answer = feedback.post_json(ROUTE, {"image": data_url(photo), "label": "sad", **options})
    assert (answer.status, answer.json["code"]) == (400, "invalid_input")
