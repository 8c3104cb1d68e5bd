"""What Cloud Storage refuses is told apart from what it does not answer."""

import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from fer.errors import NotPermitted
from fer.storage.keys import CHAMPION_KEY
from fer.storage.stores.gcs import GcsObjectStore


class Refusing(BaseHTTPRequestHandler):
    """Answers as Cloud Storage does to an account that may neither get nor list."""

    def do_GET(self) -> None:
        body = b'{"error": {"code": 403, "message": "does not have storage.objects.list access"}}'
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def store() -> Generator[GcsObjectStore]:
    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    options = ClientOptions(api_endpoint=f"http://127.0.0.1:{server.server_port}")
    client = storage.Client(project="p", credentials=AnonymousCredentials(), client_options=options)
    yield GcsObjectStore(client, "faces")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_refused_look_is_not_permitted_rather_than_unanswered(store: GcsObjectStore) -> None:
    with pytest.raises(NotPermitted) as refusal:
        store.stat(CHAMPION_KEY)
    assert refusal.value.status == 503
    with pytest.raises(NotPermitted):
        store.read(CHAMPION_KEY)
