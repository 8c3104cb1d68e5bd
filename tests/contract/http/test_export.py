"""The contract of ``export``."""

import csv
import io
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fer.domain import FEEDBACK_LABELS
from fer.storage.factory import open_store
from fer.storage.registry import ModelRegistry
from tests.contract.http.client import Client, source_target
from tests.pictures import data_url
from tests.published import model_version

ROOT = Path(__file__).resolve().parents[3]
CSV = "/download_expression_csv"


@pytest.fixture
def filled(feedback: Client, export: Client, photo: bytes) -> Client:
    """Export over a bucket with at least one correction."""
    feedback.post_json("/save_expression_feedback", {"image": data_url(photo), "label": "happy"})
    return export


@pytest.fixture
def empty_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Client]]:
    """Starts the source tree's export over an empty bucket, with the environment that the test gives."""
    with ExitStack() as running:

        def start(**environ: str) -> Client:
            monkeypatch.setenv("FER_BUCKET", tmp_path.as_uri())
            for name, value in environ.items():
                monkeypatch.setenv(name, value)
            target = running.enter_context(source_target("export", ROOT / "functions" / "export" / "main.py"))
            return Client(target)

        yield start


def test_download_is_one_csv_with_one_header(filled: Client) -> None:
    answer = filled.get(CSV)
    assert answer.status == 200
    assert answer.headers["content-disposition"] == "attachment; filename=expression_pixel_data.csv"
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["merge-complete"] == "true"
    header, *rows = csv.reader(io.StringIO(answer.body.decode()))
    assert header == ["label", *(f"pixel{index}" for index in range(2304))]
    assert {len(row) for row in rows} == {2305}
    assert {row[0] for row in rows} <= set(FEEDBACK_LABELS)
    assert b"\r" not in answer.body


def test_unchanged_file_is_not_sent_again(filled: Client) -> None:
    etag = filled.get(CSV).headers["etag"]
    answer = filled.get(CSV, {"If-None-Match": etag})
    assert (answer.status, answer.body) == (304, b"")
    assert filled.get(CSV, {"If-None-Match": '"another"'}).status == 200


def test_head_of_the_download_has_no_body(filled: Client) -> None:
    answer = filled.request("HEAD", CSV)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["etag"]


def test_merge_reports_what_it_added(filled: Client, feedback: Client, photo: bytes) -> None:
    before = filled.request("POST", "/merge").json["rows"]
    feedback.post_image("/save_expression_feedback?label=sad", photo)
    report = filled.request("POST", "/merge").json
    assert report["merged_shards"] == 1
    assert report["rows"] == before + 1
    assert filled.request("POST", "/merge").json == {**report, "merged_shards": 0}


def test_function_alone_merges_at_its_root(filled: Client) -> None:
    assert filled.request("POST", "/").status == 200


def test_statistics_count_every_label(filled: Client) -> None:
    statistics = filled.get("/stats").json
    assert list(statistics["counts"]) == list(FEEDBACK_LABELS)
    assert sum(statistics["counts"].values()) == statistics["total"] > 0
    assert statistics["last_feedback"]
    assert statistics["complete"] is True


def test_dashboard_is_self_contained(filled: Client) -> None:
    answer = filled.get("/dashboard")
    page = answer.body.decode()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; img-src data:;" in answer.headers["content-security-policy"]
    assert "<script" not in page
    assert 'rel="icon" href="data:' in page  # or a browser asks for /favicon.ico, which the policy refuses
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert 'href="download_expression_csv"' in page
    assert all(f">{name}<" in page for name in ("Happy", "Afraid", "None of these", "Corrections per label"))


def test_empty_store_has_no_csv(empty_export: Callable[..., Client]) -> None:
    export = empty_export()
    answer = export.get(CSV)
    assert answer.status == 404
    assert answer.json["error"] == "Expression CSV file not found. Submit some feedback first."
    assert export.get("/").json == {"status": "healthy", "csv_found": False}
    assert export.get("/stats").json["total"] == 0
    assert export.request("POST", "/merge").json == {
        "rows": 0,
        "merged_shards": 0,
        "withdrawn_rows": 0,
        "generation": "0",
        "complete": True,
    }
    assert export.get("/models").json == {"models": []}
    assert "Nothing to download yet" in export.get("/dashboard").body.decode()


@pytest.mark.parametrize("path", [CSV, "/stats", "/models", "/dashboard", "/merge", "/"])
def test_token_guards_everything_but_the_health(empty_export: Callable[..., Client], path: str) -> None:
    export = empty_export(FER_EXPORT_TOKEN="open sesame")
    method = "POST" if path in ("/merge", "/") else "GET"
    for credentials in (None, "Bearer", "Bearer wrong", "open sesame", "Basic !!", "Basic b3Blbg=="):
        headers = {"Authorization": credentials} if credentials else {}
        assert export.request(method, path, headers=headers).status == 401
    basic = b64encode(b"anyone:open sesame").decode()
    for credentials in ("Bearer open sesame", "bearer open sesame", f"Basic {basic}"):
        assert export.request(method, path, headers={"Authorization": credentials}).status in (200, 404)
    assert export.get("/").status == 200


def test_browser_is_asked_for_the_token_as_a_password(empty_export: Callable[..., Client]) -> None:
    export = empty_export(FER_EXPORT_TOKEN="open sesame")
    assert "Basic" not in export.get("/stats").headers["www-authenticate"]
    assert "Basic" in export.get("/dashboard", {"Accept": "text/html"}).headers["www-authenticate"]


@pytest.mark.parametrize("path", [CSV, "/stats", "/dashboard", "/merge"])
def test_pages_of_other_origins_get_nothing_unless_named(empty_export: Callable[..., Client], path: str) -> None:
    method = "POST" if path == "/merge" else "GET"
    for setting in ("", "*", "https://app.example"):
        export = empty_export(FER_ALLOWED_ORIGINS=setting)
        for origin in ("https://evil.example", "null", "*", "http://127.0.0.1"):
            refused = export.request(method, path, headers={"Origin": origin})
            assert refused.status == 403
            assert "access-control-allow-origin" not in refused.headers
            preflight = export.request(
                "OPTIONS", path, headers={"Origin": origin, "Access-Control-Request-Method": method}
            )
            assert "access-control-allow-origin" not in preflight.headers
            for asked in ({}, {"Access-Control-Request-Method": "PUT"}):  # by hand, or for a method that is not there
                answer = export.request("OPTIONS", path, headers={"Origin": origin, **asked})
                assert "access-control-allow-origin" not in answer.headers
        assert "access-control-allow-origin" not in export.request(method, path).headers


def test_named_origins_may_call(empty_export: Callable[..., Client]) -> None:
    export = empty_export(FER_ALLOWED_ORIGINS="https://app.example, https://b.example")
    named = export.get("/stats", {"Origin": "https://b.example"})
    assert named.headers["access-control-allow-origin"] == "https://b.example"
    assert named.headers["vary"] == "Origin"
    assert {"ETag", "Retry-After", "Content-Disposition"} <= set(
        named.headers["access-control-expose-headers"].split(", ")
    )


def test_the_health_is_for_every_page(export: Client) -> None:
    answer = export.get("/", {"Origin": "https://any.example"})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"


def test_page_of_the_very_host_may_call(empty_export: Callable[..., Client]) -> None:
    export = empty_export()
    answer = export.request("POST", "/merge", headers={"Host": "127.0.0.1:9", "Origin": "http://127.0.0.1:9"})
    assert answer.status == 200


@pytest.mark.parametrize("header", ["If-None-Match", "X-Requested-With", "Authorization", "Idempotency-Key"])
def test_preflight_allows_what_is_documented(export: Client, header: str) -> None:
    preflight = export.request("OPTIONS", CSV, headers={"Access-Control-Request-Headers": header.lower()})
    assert header in preflight.headers["access-control-allow-headers"].split(", ")


def test_without_a_token_a_foreign_name_gets_nothing(empty_export: Callable[..., Client]) -> None:
    closed = empty_export()
    for host in ("rebound.example", "rebound.example:8080", "10.0.0.1"):
        assert closed.get("/stats", {"Host": host}).status == 403
    assert closed.get("/", {"Host": "rebound.example"}).status == 200
    for reason in ("iam", "public"):
        opened = empty_export(FER_EXPORT_WITHOUT_TOKEN=reason)
        assert opened.get("/stats", {"Host": "export.example"}).status == 200
    token = {"Authorization": "Bearer t", "Host": "export.example"}
    assert empty_export(FER_EXPORT_TOKEN="t").get("/stats", token).status == 200


def test_log_of_a_merge_says_what_it_left_over(
    empty_export: Callable[..., Client], capsys: pytest.CaptureFixture[str]
) -> None:
    """infra/alerts.tf raises an alert on this field of this line."""
    export = empty_export()
    export.request("POST", "/merge")
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["httpRequest"]["requestUrl"] == "/merge"
    assert (line["pending_shards"], line["merged_shards"], line["rows"]) == (0, 0, 0)


def test_models_are_listed_with_their_gate(empty_export: Callable[..., Client], tmp_path: Path) -> None:
    registry = ModelRegistry(open_store(tmp_path.as_uri()))
    checks = [{"name": "as <fast>", "passed": True, "figure": "1 → 1 ms", "bound": "1.25 times"}]
    first = model_version("m-1", created="2026-01-01T00:00:00Z")
    second = model_version("m-2", created="2026-02-01T00:00:00Z", parent="m-1")
    registry.publish("m-1", {**first, "gate_report.json": b"not JSON"})
    registry.publish("m-2", {**second, "gate_report.json": json.dumps({"checks": checks}).encode()})
    registry.promote("m-1", expected=None, now=datetime(2026, 3, 1, tzinfo=UTC))
    export = empty_export()
    newest, oldest = export.get("/models").json["models"]
    assert (newest["version"], newest["parent"], newest["champion"], newest["gate"]) == ("m-2", "m-1", False, checks)
    assert (oldest["version"], oldest["champion"], oldest["gate"]) == ("m-1", True, [])
    page = export.get("/dashboard").body.decode()
    assert "as &lt;fast&gt;, 1 → 1 ms" in page
    assert "<script" not in page
    assert "<img" not in page


def test_dashboard_says_what_the_model_had_said(export: Client, feedback: Client, photo: bytes) -> None:
    body = {"image": data_url(photo), "label": "sad", "predicted": "happy", "model_version": "m-1"}
    feedback.post_json("/save_expression_feedback", body)
    page = export.get("/dashboard").body.decode()
    assert "Corrections per week" in page
    assert "Predictions and corrections" in page
