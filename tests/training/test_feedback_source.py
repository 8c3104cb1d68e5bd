"""Where the CSV comes from: files, and a real server on loopback that records what it was asked."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from training.feedback_source import NoFeedback, open_source

CONTENT = bytes(range(256)) * 20


class _Export(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/signed")
            self.end_headers()
        elif self.path == "/none":
            self.send_error(404)
        elif self.path == "/broken":
            self.send_error(500)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT) + (self.path == "/short")))
            self.end_headers()
            self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def export() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Export) as server:
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _read(where: str, token: str | None = None) -> bytes:
    with open_source(where, export_token=token) as chunks:
        return b"".join(chunks)


@pytest.mark.parametrize("form", [str, Path.as_uri], ids=["path", "file URL"])
def test_a_file_is_read(tmp_path: Path, form) -> None:
    path = tmp_path / "some feedback.csv"
    path.write_bytes(CONTENT)
    assert _read(form(path)) == CONTENT


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _read(str(tmp_path / "none.csv"))


def test_the_export_function_is_asked_with_the_token(export: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{export.server_port}/download_expression_csv"
    assert _read(url, "secret") == CONTENT
    assert export.asked[0][1]["Authorization"] == "Bearer secret"


def test_without_a_token_none_is_sent(export: ThreadingHTTPServer) -> None:
    assert _read(f"http://127.0.0.1:{export.server_port}/x") == CONTENT
    assert "Authorization" not in export.asked[0][1]


def test_a_redirect_is_followed_without_the_token(export: ThreadingHTTPServer) -> None:
    assert _read(f"http://127.0.0.1:{export.server_port}/redirect", "secret") == CONTENT
    path, headers = export.asked[1]
    assert path == "/signed"
    assert "Authorization" not in headers


def test_a_function_without_feedback_says_so(export: ThreadingHTTPServer) -> None:
    with pytest.raises(NoFeedback):
        _read(f"http://127.0.0.1:{export.server_port}/none")


@pytest.mark.parametrize("path", ["/broken", "/short"])
def test_a_failed_or_truncated_download_is_an_error(export: ThreadingHTTPServer, path: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        _read(f"http://127.0.0.1:{export.server_port}{path}")


def test_a_token_never_goes_out_in_the_clear() -> None:
    with pytest.raises(ValueError, match="https"):
        _read("http://example.org/download_expression_csv", "secret")


def test_another_kind_of_address_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp"):
        _read("ftp://example.org/x.csv")
