"""Everything behind one origin: the functions, and the web app where it is built."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fer.settings import Settings
from local.server import SAMPLE, build_origin
from local.servers import send
from local.web_app import what_is_missing
from tests.asgi_server import serving

ROOT = Path(__file__).resolve().parents[3]
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JPEG = {"Content-Type": "image/jpeg"}
PHOTO = (ROOT / SAMPLE).read_bytes()
HEALTHY = {"status": "healthy", "csv_found": False}

Serve = Callable[[Path], str]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Starts an origin with the web app of a directory and gives its URL."""
    monkeypatch.setenv("FER_BUCKET", (tmp_path / "bucket").as_uri())
    with ExitStack() as running:
        yield lambda web_app: (
            "http://" + running.enter_context(serving(build_origin(Settings.from_env(), web_app=web_app)))
        )


@pytest.fixture
def without_app(serve: Serve, tmp_path: Path) -> str:
    return serve(tmp_path / "web" / "dist")


@pytest.fixture
def with_app(serve: Serve, tmp_path: Path) -> str:
    dist = tmp_path / "web" / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>app</title>")
    (dist / "favicon.svg").write_text("<svg/>")
    (dist / "assets" / "index-3f2a.js").write_text("export {}")
    (tmp_path / "web" / "package.json").write_text("{}")
    return serve(dist)


def test_every_path_reaches_its_function(without_app: str) -> None:
    assert send(without_app, "GET", "/").json == HEALTHY
    predicted = send(without_app, "POST", "/predict_expression?annotate=none", headers=JPEG, body=PHOTO)
    assert predicted.json["faces"][0]["expression"] == "happy"
    saved = send(without_app, "POST", "/save_expression_feedback?label=happy", headers=JPEG, body=PHOTO)
    assert saved.status == 200
    assert send(without_app, "GET", "/download_expression_csv").body.count(b"\n") == 2
    assert send(without_app, "GET", "/").json == {"status": "healthy", "csv_found": True}


def test_live_video_without_a_handshake_is_asked_to_upgrade(without_app: str) -> None:
    answer = send(without_app, "GET", "/stream")
    assert (answer.status, answer.json["code"]) == (426, "upgrade_required")


def test_root_of_several_functions_takes_no_post(without_app: str) -> None:
    answer = send(without_app, "POST", "/", headers={"Content-Type": "application/json"}, body=b"{}")
    assert answer.status == 404
    assert answer.json["code"] == "not_found"


def test_a_chunked_body_is_read_to_its_end(without_app: str) -> None:
    pieces = [PHOTO[at : at + 1000] for at in range(0, len(PHOTO), 1000)]
    answer = send(without_app, "POST", "/predict_expression?annotate=none", headers=JPEG, body=pieces)
    assert len(answer.json["faces"]) == 1


def test_a_chunked_body_that_is_too_large_is_refused(without_app: str) -> None:
    pieces = (bytes(1024 * 1024) for _ in range(26))
    answer = send(without_app, "POST", "/predict_expression", headers=JPEG, body=pieces)
    assert answer.status == 413
    assert answer.json["code"] == "too_large"


def test_without_the_web_app_browsers_get_the_health_check_too(without_app: str) -> None:
    assert send(without_app, "GET", "/", headers=HTML).json == HEALTHY
    assert send(without_app, "GET", "/dashboard", headers=HTML).status == 200


def test_page_is_for_those_who_ask_for_html(with_app: str) -> None:
    page = send(with_app, "GET", "/", headers=HTML)
    assert page.body.startswith(b"<!doctype html>")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["vary"] == "Accept"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert send(with_app, "GET", "/").json == HEALTHY
    assert send(with_app, "GET", "/", headers={"Accept": "*/*"}).json == HEALTHY


def test_hashed_assets_are_kept_for_ever_and_other_files_asked_for_again(with_app: str) -> None:
    script = send(with_app, "GET", "/assets/index-3f2a.js")
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "javascript" in script.headers["content-type"]
    icon = send(with_app, "GET", "/favicon.svg")
    assert icon.headers["cache-control"] == "no-cache"
    again = send(with_app, "GET", "/favicon.svg", headers={"If-None-Match": icon.headers["etag"]})
    assert again.status == 304


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/../package.json", "/%2e%2e/package.json", "/assets", "/%00", "/" + "x" * 300, "/x" * 3000],
)
def test_only_files_of_the_build_are_served(with_app: str, path: str) -> None:
    answer = send(with_app, "GET", path)
    assert answer.status == 404
    assert answer.json["code"] == "not_found"


def test_api_answers_beside_the_web_app(with_app: str) -> None:
    assert send(with_app, "GET", "/dashboard", headers=HTML).status == 200
    assert send(with_app, "POST", "/predict_expression?annotate=none", headers=JPEG, body=PHOTO).status == 200
    assert send(with_app, "POST", "/", headers=HTML).status == 404


def test_it_says_why_there_is_no_web_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dist = tmp_path / "web" / "dist"
    assert "no web app" in what_is_missing(dist)
    dist.parent.mkdir()
    (dist.parent / "package.json").write_text("{}")
    monkeypatch.setenv("PATH", "")
    assert "Node.js" in what_is_missing(dist)
