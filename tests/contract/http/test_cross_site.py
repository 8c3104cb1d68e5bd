"""Requests that another site's page makes a browser send; none of these needs a preflight."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from fer.storage.factory import open_store
from tests.contract.http.client import Client, source_target
from tests.pictures import data_url

ROOT = Path(__file__).resolve().parents[3]
FEEDBACK = "/save_expression_feedback"
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
TEXT = {"Content-Type": "text/plain;charset=UTF-8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Start = Callable[..., Client]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a function of the source tree with the environment that the test gives; its bucket is ``tmp_path``."""
    with ExitStack() as running:

        def started(name: str, **environ: str) -> Client:
            monkeypatch.setenv("FER_BUCKET", tmp_path.as_uri())
            for variable, value in environ.items():
                monkeypatch.setenv(variable, value)
            return Client(running.enter_context(source_target(name, ROOT / "functions" / name / "main.py")))

        yield started


def stored(bucket: Path) -> list[str]:
    return [info.key for info in open_store(bucket.as_uri()).list("shards/")]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
@pytest.mark.parametrize("headers", [TEXT, FORM, {}], ids=["text", "form", "no type"])
def test_a_page_of_the_internet_stores_nothing_on_ones_own_machine(
    start: Start, tmp_path: Path, photo: bytes, origin: str, headers: Mapping[str, str]
) -> None:
    feedback = start("feedback")
    body = data_url(photo).encode() if headers == TEXT else b"image=" + b64encode(photo)
    if not headers:
        body = photo
    answer = feedback.request(
        "POST", f"{FEEDBACK}?label=sad", headers={**headers, **FOREIGN, "Origin": origin}, body=body
    )
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
    assert stored(tmp_path) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", f"{FEEDBACK}/{'A' * 64}"), ("POST", f"{FEEDBACK}/withdraw"), ("POST", f"{FEEDBACK}?label=sad")],
)
def test_where_origins_are_named_no_other_page_writes(start: Start, method: str, path: str) -> None:
    # As a deployed function sees it: a public name, so that nothing is let through or refused for being local.
    public = {**FORM, "Host": "faces.example"}
    feedback = start("feedback", FER_ALLOWED_ORIGINS="https://app.example")
    body = b"receipt=" + b"A" * 64
    assert feedback.request(method, path, headers={**public, **FOREIGN}, body=body).status == 403
    own_pages = ("https://app.example", "https://faces.example")
    for headers in ({}, *({"Origin": origin, "Sec-Fetch-Site": "cross-site"} for origin in own_pages)):
        assert feedback.request(method, path, headers={**public, **headers}, body=body).status in (400, 404)


def test_a_public_server_open_to_every_page_takes_its_corrections(start: Start, tmp_path: Path, photo: bytes) -> None:
    headers = {**TEXT, **FOREIGN, "Host": "faces.example"}
    answer = start("feedback").request(
        "POST", f"{FEEDBACK}?label=sad", headers=headers, body=data_url(photo).encode()
    )
    assert answer.status == 200
    assert len(stored(tmp_path)) == 1


def test_pages_of_ones_own_machine_may_write_there(start: Start, photo: bytes) -> None:
    for origin in ("http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:3000"):
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-site"}
        assert start("feedback").post_image(f"{FEEDBACK}?label=sad", photo, headers=headers).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/download_expression_csv", "/stats", "/dashboard", "/models"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_token_that_the_browser_keeps_does_not_work_for_other_pages(
    start: Start, path: str, method: str, site: str
) -> None:
    export = start("export", FER_EXPORT_TOKEN="secret")
    password = {"Authorization": f"Basic {b64encode(b'any:secret').decode()}"}
    for mode, goal in (("no-cors", "image"), ("no-cors", "script"), ("navigate", "iframe"), ("navigate", "object")):
        fetch = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": goal}
        assert export.request(method, path, headers={**password, **fetch}).status == 403
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    for headers in ({}, link, own):
        assert export.request(method, path, headers={**password, **headers}).status in (200, 404)


def test_a_foreign_form_merges_nothing_with_a_kept_token(start: Start) -> None:
    export = start("export", FER_EXPORT_TOKEN="secret", FER_ALLOWED_ORIGINS="*")
    password = {**FORM, "Authorization": f"Basic {b64encode(b'any:secret').decode()}"}
    assert export.request("POST", "/merge", headers={**password, **FOREIGN}, body=b"a=b").status == 403
    without_origin = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert export.request("POST", "/merge", headers={**password, **without_origin}, body=b"a=b").status == 403
    assert export.request("POST", "/merge", headers=password, body=b"a=b").status == 200
