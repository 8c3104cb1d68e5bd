"""Where the CSV comes from: files, buckets, and real servers on loopback that record what they were asked."""

import base64
import datetime
import ipaddress
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fer.storage.keys import CSV_KEY
from fer.storage.objects import ABSENT
from tests.gcs_server import running_gcs_server
from training.data.feedback_source import NO_CSV_YET, NoFeedback, open_source
from training.retraining.served_answer import ROOT

# google.api_core warns where an extra of gRPC is missing.
pytestmark = pytest.mark.filterwarnings("ignore::ImportWarning")

CONTENT = bytes(range(256)) * 20


class _Export(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/signed")
            self.end_headers()
        elif self.path in ("/none", "/typo", "/object", "/page"):
            body = {
                "/none": json.dumps({"error": NO_CSV_YET, "code": "not_found", "retryable": False}),
                "/typo": json.dumps({"error": "There is nothing at this path.", "code": "not_found"}),
                "/object": "[]",
                "/page": "<html>not found</html>",
            }[self.path].encode()
            self.send_response(404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        elif self.path == "/broken":
            self.send_error(500)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT) + (self.path == "/short")))
            self.end_headers()
            self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


class _Metadata(BaseHTTPRequestHandler):
    """Google's metadata server, as far as identity tokens need it; a token names its audience."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        kind, body = "application/json", b'{"email": "retrain@example.org", "scopes": []}'
        if parts.path.endswith("/identity"):
            kind, body = "text/plain", _identity_token(parse_qs(parts.query)["audience"][0]).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _identity_token(audience: str) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, {"aud": audience, "exp": 4_000_000_000})]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in [*parts, b"unsigned"])


@contextmanager
def _running(handler: type[BaseHTTPRequestHandler], host: str = "127.0.0.1", context: ssl.SSLContext | None = None):
    with ThreadingHTTPServer((host, 0), handler) as server:
        server.asked = []
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def export() -> Iterator[ThreadingHTTPServer]:
    with _running(_Export) as server:
        yield server


def _certificate(path: Path, host: str) -> ssl.SSLContext:
    """Writes a certificate for an IP address to ``path``; returns the context of a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file = path.with_suffix(".key")
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, key_file)
    return context


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


def test_where_google_credentials_are_an_identity_token_goes_out_beside_the_bearer_token(tmp_path: Path) -> None:
    host = "127.0.0.2"  # not the loopback address that asks for no token
    context = _certificate(tmp_path / "certificate.pem", host)
    read = (
        "from training.data.feedback_source import open_source\n"
        "with open_source(%r, export_token='secret') as chunks: print(len(b''.join(chunks)))"
    )
    with _running(_Metadata) as metadata, _running(_Export, host, context) as export:
        address = f"https://{host}:{export.server_port}"
        environ = {
            **os.environ,
            "GCE_METADATA_HOST": f"127.0.0.1:{metadata.server_port}",
            "GCE_METADATA_IP": f"127.0.0.1:{metadata.server_port}",
            "REQUESTS_CA_BUNDLE": str(tmp_path / "certificate.pem"),
            "NO_PROXY": "*",
        }
        environ.pop("GOOGLE_APPLICATION_CREDENTIALS", None)
        command = [sys.executable, "-c", read % f"{address}/download_expression_csv"]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{len(CONTENT)}\n"), done.stderr
    headers = export.asked[0][1]
    assert headers["Authorization"] == "Bearer secret"
    assert headers["X-Serverless-Authorization"] == f"Bearer {_identity_token(address)}"


@pytest.mark.parametrize(("key", "where"), [(CSV_KEY, "gs://bucket"), ("a/b.csv", "gs://bucket/a/b.csv")])
def test_a_bucket_is_read(key: str, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_gcs_server() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        with pytest.raises(NoFeedback if key == CSV_KEY else FileNotFoundError):
            _read(where)
        server.bucket("bucket").put(key, CONTENT, if_generation=ABSENT, content_type="text/csv", metadata={})
        assert _read(where) == CONTENT


def test_a_redirect_is_followed_without_the_token(export: ThreadingHTTPServer) -> None:
    assert _read(f"http://127.0.0.1:{export.server_port}/redirect", "secret") == CONTENT
    path, headers = export.asked[1]
    assert path == "/signed"
    assert "Authorization" not in headers


def test_a_function_without_feedback_says_so(export: ThreadingHTTPServer) -> None:
    with pytest.raises(NoFeedback):
        _read(f"http://127.0.0.1:{export.server_port}/none")


@pytest.mark.parametrize("path", ["/broken", "/short", "/typo", "/object", "/page"])
def test_a_failed_or_truncated_download_is_an_error(export: ThreadingHTTPServer, path: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        _read(f"http://127.0.0.1:{export.server_port}{path}")


def test_a_token_never_goes_out_in_the_clear() -> None:
    with pytest.raises(ValueError, match="https"):
        _read("http://example.org/download_expression_csv", "secret")


def test_another_kind_of_address_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp"):
        _read("ftp://example.org/x.csv")
