"""The protocol of docs/streaming.md on the source tree's service, or on what FER_TEST_URL_STREAMING names."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from fer.domain import EXPRESSIONS
from fer.settings import Settings
from local.servers import send
from streaming.service import server_options
from tests.asgi_server import serving
from tests.pictures import data_url, encode, two_faces
from tests.stream_client import streaming

DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "streaming.md"


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    url = os.environ.get("FER_TEST_URL_STREAMING")
    if url:
        yield urlsplit(url).netloc
        return
    from streaming.app import app  # opens the model, which a run against a URL does not need

    with serving(app, **server_options(Settings())) as running:
        yield running


def test_health_names_the_model(address: str) -> None:
    answer = send(f"http://{address}", "GET", "/")
    assert answer.status == 200
    assert answer.json["status"] == "healthy"
    assert answer.json["model_version"]


def test_messages_are_as_documented(address: str) -> None:
    with streaming(address) as client:
        ready = client.receive()
        result = client.ask(encode(two_faces(), ".jpg"))
    assert (ready["type"], result["type"]) == ("ready", "result")
    assert set(ready["limits"]) == {"max_frame_bytes", "max_frames_per_second", "idle_timeout_s"}
    assert (result["frame"], result["skipped"], result["image_size"]) == (1, 0, [768, 512])
    assert result["model_version"] == ready["model_version"]
    assert [face["track"] for face in result["faces"]] == [1, 2]
    for face in result["faces"]:
        assert len(face["box"]) == 4
        assert face["landmarks"] is None or [len(point) for point in face["landmarks"]] == [2] * 5
        assert list(face["scores"]) == list(EXPRESSIONS)
        assert sum(face["scores"].values()) == pytest.approx(1, abs=1e-4)
        assert face["confidence"] == face["scores"][face["expression"]]
        assert 0 < face["detection_score"] <= 1
    documented = DOCUMENTATION.read_text(encoding="utf-8")
    assert all(f'"{name}"' in documented for name in (*ready, *ready["limits"], *result, *result["faces"][0]))


def test_a_bad_frame_is_an_error_message_and_a_text_message_the_end(address: str) -> None:
    with streaming(address) as client:
        client.receive()
        error = client.ask(b"no picture")
        assert (error["type"], error["frame"], error["code"]) == ("error", 1, "invalid_input")
        client.connection.send(data_url(encode(two_faces(), ".jpg")))
        assert len(client.receive()["faces"]) == 2
        client.connection.send("data:image/jpeg;base64,?")
        assert client.receive()["code"] == "invalid_input"
        client.connection.send("text")
        assert client.closed_with()[0] == 1003


@pytest.mark.parametrize("path", ["/", "/stream/more", "/streams", "/predict_expression"])
def test_a_wrong_path_is_not_found(address: str, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://{address}{path}"):
        pass
    assert refused.value.response.status_code == 404
    assert json.loads(refused.value.response.body or b"")["code"] == "not_found"


def test_a_slash_at_the_end_does_not_matter(address: str) -> None:
    with connect(f"ws://{address}/stream/", compression=None) as connection:
        assert json.loads(connection.recv(timeout=60))["type"] == "ready"
