"""The three functions behind one origin."""

from pathlib import Path

import pytest
from werkzeug.test import Client

from local.server import SAMPLE, build_origin

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("FER_BUCKET", tmp_path.as_uri())
    return Client(build_origin())


def test_every_path_reaches_its_function(origin: Client) -> None:
    photo = (ROOT / SAMPLE).read_bytes()
    assert origin.get("/").json == {"status": "healthy", "csv_found": False}
    predicted = origin.post("/predict_expression?annotate=none", data=photo, content_type="image/jpeg")
    assert predicted.json is not None
    assert predicted.json["faces"][0]["expression"] == "happy"
    saved = origin.post("/save_expression_feedback?label=happy", data=photo, content_type="image/jpeg")
    assert saved.status_code == 200
    assert origin.get("/download_expression_csv").data.count(b"\n") == 2
    assert origin.get("/").json == {"status": "healthy", "csv_found": True}


def test_root_of_several_functions_takes_no_post(origin: Client) -> None:
    response = origin.post("/", data=b"{}", content_type="application/json")
    assert response.status_code == 404
    assert response.json is not None
    assert response.json["code"] == "not_found"
