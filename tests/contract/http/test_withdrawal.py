"""Taking a correction back."""

import uuid
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.contract.http.client import Client
from tests.contract.http.test_feedback import ROUTE, rows
from tests.pictures import data_url

FORM = f"{ROUTE}/withdraw"


def send(feedback: Client, photo: bytes, label: str = "sad", key: str | None = None) -> str:
    """Return a correction's receipt."""
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    return feedback.post_json(ROUTE, {"image": data_url(photo), "label": label}, headers).json["receipt"]


def withdraw(feedback: Client, receipt: str) -> int:
    return feedback.request("DELETE", f"{ROUTE}/{receipt}").status


def count(export: Client, label: str) -> int:
    """Return rows with the label, in the CSV and, which must agree, in the statistics."""
    labels = [row[0] for row in rows(export)]
    statistics = export.get("/stats").json
    assert statistics["total"] == len(labels)
    assert statistics["counts"][label] == labels.count(label)
    return labels.count(label)


def test_correction_that_waits_is_never_merged(feedback: Client, export: Client, photo: bytes) -> None:
    before = count(export, "fear")
    receipt = send(feedback, photo, "fear")
    assert withdraw(feedback, receipt) == 200
    assert count(export, "fear") == before


def test_merged_correction_is_gone_after_the_next_export(feedback: Client, export: Client, photo: bytes) -> None:
    before, withdrawn = count(export, "fear"), export.get("/stats").json["withdrawn"]
    receipt = send(feedback, photo, "fear")
    assert count(export, "fear") == before + 1
    first = feedback.request("DELETE", f"{ROUTE}/{receipt}").json
    assert (first["status"], first["settled"]) == ("withdrawn", False)
    assert export.request("POST", "/merge").json["withdrawn_rows"] == 1
    assert count(export, "fear") == before
    assert export.get("/stats").json["withdrawn"] == withdrawn + 1
    assert feedback.request("DELETE", f"{ROUTE}/{receipt}").json["settled"] is True


def test_of_two_alike_one_stays(feedback: Client, export: Client, photo: bytes) -> None:
    before = count(export, "disgusted")
    mine, theirs = send(feedback, photo, "disgusted"), send(feedback, photo, "disgusted")
    assert mine != theirs
    assert count(export, "disgusted") == before + 2
    for _ in range(3):
        assert withdraw(feedback, mine) == 200
        assert count(export, "disgusted") == before + 1
    assert withdraw(feedback, theirs) == 200
    assert count(export, "disgusted") == before


def test_retry_has_the_same_receipt_and_brings_nothing_back(feedback: Client, export: Client, photo: bytes) -> None:
    before, key = count(export, "angry"), str(uuid.uuid4())
    receipt = send(feedback, photo, "angry", key)
    assert send(feedback, photo, "angry", key) == receipt
    assert withdraw(feedback, receipt) == 200
    assert send(feedback, photo, "angry", key) == receipt
    assert count(export, "angry") == before
    assert send(feedback, photo, "angry", key) == receipt
    assert count(export, "angry") == before


MULTIPART = '--x\r\nContent-Disposition: form-data; name="receipt"\r\n\r\n{}\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        pytest.param("application/x-www-form-urlencoded", "receipt={}", id="form"),
        pytest.param("multipart/form-data; boundary=x", MULTIPART, id="multipart"),
        pytest.param("application/json", '{{"receipt": "{}"}}', id="JSON"),
        pytest.param("application/json", '{{"receipt": " {}\\n"}}', id="copied with blanks"),
        pytest.param("text/plain;charset=UTF-8", '{{"receipt": "{}"}}', id="what fetch says of JSON"),
        pytest.param("application/x-www-form-urlencoded", '{{"receipt": "{}"}}', id="what curl says of JSON"),
    ],
)
def test_client_without_delete_posts_the_receipt(
    feedback: Client, export: Client, photo: bytes, media_type: str, body: str
) -> None:
    before = count(export, "surprised")
    sent = body.format(send(feedback, photo, "surprised")).encode()
    answer = feedback.request("POST", FORM, headers={"Content-Type": media_type}, body=sent)
    assert (answer.status, answer.json["status"]) == (200, "withdrawn")
    assert count(export, "surprised") == before


def test_receipt_of_one_key_says_nothing_of_another(feedback: Client, export: Client, photo: bytes) -> None:
    """Nobody can make up the receipt of a key that they know."""
    before = count(export, "happy")
    key = str(uuid.uuid4())
    receipt, other = send(feedback, photo, "happy", key), send(feedback, photo, "happy")
    name_characters = 42  # of 43 with the shard's name; the last one also carries bits of the proof
    forged = receipt[:name_characters] + other[name_characters:]
    for wrong in (forged, receipt[:-1] + ("A" if receipt[-1] != "A" else "B"), other.swapcase()):
        answer = feedback.request("DELETE", f"{ROUTE}/{wrong}")
        assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert count(export, "happy") == before + 2


@pytest.mark.parametrize("receipt", ["x", "A" * 64, "ä" * 64, "A" * 5000, ".." + "A" * 62, "A" * 63 + "%00"])
def test_what_never_was_a_receipt_is_not_found(feedback: Client, receipt: str) -> None:
    assert withdraw(feedback, quote(receipt, safe="%")) == 404


@pytest.mark.parametrize(
    ("media_type", "body", "status"),
    [
        ("application/json", b"{}", 400),
        ("application/json", b'{"receipt":3}', 400),
        ("application/json", b"[", 400),
        ("application/x-www-form-urlencoded", b"", 400),
        ("application/x-www-form-urlencoded", b"receipt=%ff", 404),
        ("application/x-www-form-urlencoded", b"receipt=" + b"A" * 5000, 413),
        ("text/plain", b"receipt=x", 415),
    ],
)
def test_odd_withdrawal_is_refused(feedback: Client, media_type: str, body: bytes, status: int) -> None:
    assert feedback.request("POST", FORM, headers={"Content-Type": media_type}, body=body).status == status


def test_receipt_alone_is_no_address(feedback: Client, photo: bytes) -> None:
    receipt = send(feedback, photo)
    assert feedback.get(f"{ROUTE}/{receipt}").status == 405
    assert feedback.request("DELETE", f"{ROUTE}/{receipt}/x").status == 404
    assert feedback.request("DELETE", ROUTE).status == 405


def test_browser_may_delete(feedback: Client) -> None:
    answer = feedback.request("OPTIONS", f"{ROUTE}/{'A' * 64}", headers={"Origin": "https://app.example"})
    assert answer.headers["access-control-allow-methods"] == "DELETE, OPTIONS"


def test_receipt_is_not_logged(feedback: Client, photo: bytes, read_log: Callable[[], list[str]]) -> None:
    receipt = send(feedback, photo)
    withdraw(feedback, receipt)
    printed = "\n".join(read_log())
    assert f"{ROUTE}/{{receipt}}" in printed
    assert receipt not in printed


def test_what_a_model_had_said_is_counted_and_leaves_with_the_correction(
    feedback: Client, export: Client, photo: bytes
) -> None:
    def figures() -> tuple[int, int, int]:
        statistics = export.get("/stats").json
        said = statistics["confusion"].get("happy", {}).get("neutral", 0)
        models = {each["model_version"]: each["contradicted"] for each in statistics["corrected_models"]}
        return said, sum(week["contradicted"] for week in statistics["weeks"]), models.get("m-1", 0)

    before = figures()
    body = {"image": data_url(photo), "label": "neutral", "predicted": "happy", "model_version": "m-1"}
    receipt = feedback.post_json(ROUTE, body).json["receipt"]
    query = f"{ROUTE}?label=neutral&predicted=neutral&model_version=m-1"
    agreeing = feedback.post_image(query, photo).json["receipt"]
    assert figures() == tuple(figure + 1 for figure in before)
    assert withdraw(feedback, agreeing) == 200
    assert figures() == tuple(figure + 1 for figure in before)
    assert withdraw(feedback, receipt) == 200
    assert figures() == before
