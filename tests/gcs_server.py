"""A small Cloud Storage JSON API on loopback whose conditional writes are right.

It serves what google-cloud-storage asks for: uploads (multipart and resumable), metadata, media with ranges,
listing in pages, compose, deletion; with generations, preconditions and ``customTime``. Faults can be planned.
"""

import base64
import json
import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c

from fer.storage.objects import MemoryObjectStore, ObjectInfo, ObjectNotFound, PreconditionFailed, Source

Fault = Literal["before", "after", "forbidden"]
"""Answer 503 to a write instead of doing it, or after having done it (a lost reply); or refuse it with 403."""


class GcsServer(ThreadingHTTPServer):
    """One server for any number of buckets; ``faults`` are used up one by each write."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *, page_size: int = 1000) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page_size = page_size
        self.faults: deque[Fault] = deque()
        self.requests: list[str] = []
        self.uploads: dict[str, dict[str, Any]] = {}
        self._buckets: dict[str, MemoryObjectStore] = {}
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def bucket(self, name: str) -> MemoryObjectStore:
        with self._lock:
            return self._buckets.setdefault(name, MemoryObjectStore())


@contextmanager
def running_gcs_server(*, page_size: int = 1000) -> Generator[GcsServer]:
    server = GcsServer(page_size=page_size)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: GcsServer  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._write)

    def do_PUT(self) -> None:
        self._answer(self._write)

    def do_DELETE(self) -> None:
        self._answer(self._write)

    def _answer(self, action: Any) -> None:
        parts = urlsplit(self.path)
        self.server.requests.append(f"{self.command} {parts.path}")
        self._query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if (self.command, parts.path) == ("POST", "/storage/v1/b"):  # buckets need no creating here
            self._send_json(200, {"kind": "storage#bucket", "name": json.loads(self._body)["name"]})
            return
        media, _, rest = parts.path.partition("/storage/v1/b/")
        self._route = media.strip("/")  # "", "download" or "upload"
        bucket, _, self._target = rest.partition("/o")
        self._store = self.server.bucket(unquote(bucket))
        try:
            action()
        except ObjectNotFound as error:
            self._send_json(404, {"error": {"code": 404, "message": str(error)}})
        except PreconditionFailed as error:
            self._send_json(412, {"error": {"code": 412, "message": str(error)}})

    def _get(self) -> None:
        key = unquote(self._target.removeprefix("/"))
        generation = int(self._query["generation"]) if "generation" in self._query else None
        if not key:
            self._send_json(200, self._page())
            return
        info = self._store.stat(key)
        if info is None or generation not in (None, info.generation):
            raise ObjectNotFound(key, generation)
        data = self._store.read(key, generation=info.generation)
        if self._query.get("alt") == "media":
            self._send_media(info, data)
        else:
            self._send_json(200, _resource(info, data))

    def _page(self) -> dict[str, Any]:
        infos = [
            i for i in self._store.list(self._query.get("prefix", "")) if i.key > self._query.get("pageToken", "")
        ]
        page = infos[: self.server.page_size]
        items: list[dict[str, Any]] = []
        for info in page:
            try:
                items.append(_resource(info, self._store.read(info.key, generation=info.generation)))
            except ObjectNotFound:
                continue
        answer: dict[str, Any] = {"kind": "storage#objects", "items": items}
        return answer | ({"nextPageToken": page[-1].key} if len(page) < len(infos) else {})

    def _write(self) -> None:
        fault = self.server.faults.popleft() if self.server.faults else None
        if fault == "before":
            self._send_json(503, {"error": {"code": 503, "message": "try again"}})
            return
        if fault == "forbidden":
            self._send_json(403, {"error": {"code": 403, "message": "no storage.objects.delete access"}})
            return
        status, answer, headers = self._apply()
        if fault == "after":
            status, answer, headers = 503, {"error": {"code": 503, "message": "the reply was lost"}}, {}
        self._send_json(status, answer, headers)

    def _apply(self) -> tuple[int, dict[str, Any], dict[str, str]]:
        if self._route == "upload":
            return self._upload()
        key = unquote(self._target.removeprefix("/"))
        if_generation = int(self._query["ifGenerationMatch"])
        if self.command == "DELETE":
            self._store.delete(key, if_generation=if_generation)
            return 204, {}, {}
        key = key.removesuffix("/compose")
        request = json.loads(self._body)
        resource = request["destination"]
        info = self._store.compose(
            key,
            [Source(key=s["name"], generation=int(s["generation"])) for s in request["sourceObjects"]],
            if_generation=if_generation,
            content_type=resource.get("contentType", "application/octet-stream"),
            metadata=resource.get("metadata", {}),
        )
        return 200, _resource(info, self._store.read(key, generation=info.generation)), {}

    def _upload(self) -> tuple[int, dict[str, Any], dict[str, str]]:
        if self.command == "PUT":
            upload = self.server.uploads[self._query["upload_id"]]
            upload["data"] += self._body
            last, total = self.headers["Content-Range"].removeprefix("bytes ").split("/")
            if total == "*" or int(last.split("-")[-1]) + 1 < int(total):
                return 308, {}, {"Range": f"bytes=0-{len(upload['data']) - 1}"}
            return 200, self._put(upload["resource"], upload["data"], upload["if_generation"]), {}
        if_generation = int(self._query["ifGenerationMatch"])
        if self._query["uploadType"] == "resumable":
            upload_id = str(len(self.server.uploads))
            resource = json.loads(self._body)
            resource.setdefault("contentType", self.headers.get("X-Upload-Content-Type"))
            self.server.uploads[upload_id] = {"resource": resource, "data": b"", "if_generation": if_generation}
            return 200, {}, {"Location": f"{self.server.url}{self.path}&upload_id={upload_id}"}
        resource_part, data_part = self._parts()
        resource = json.loads(resource_part[1])
        resource.setdefault("contentType", data_part[0])
        return 200, self._put(resource, data_part[1], if_generation), {}

    def _parts(self) -> list[tuple[str, bytes]]:
        """Return the two parts of a multipart/related body, with their content types; the bytes as they are."""
        header = b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n"
        boundary = BytesParser().parsebytes(header).get_boundary()
        assert boundary is not None
        found: list[tuple[str, bytes]] = []
        for part in self._body.split(b"--" + boundary.encode())[1:3]:
            head, _, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            found.append((BytesParser().parsebytes(head).get_content_type(), data.removesuffix(b"\r\n")))
        return found

    def _put(self, resource: dict[str, Any], data: bytes, if_generation: int) -> dict[str, Any]:
        custom_time = resource.get("customTime")
        info = self._store.put(
            resource["name"],
            data,
            if_generation=if_generation,
            content_type=resource.get("contentType") or "application/octet-stream",
            metadata=resource.get("metadata") or {},
            custom_time=datetime.fromisoformat(custom_time) if custom_time else None,
        )
        return _resource(info, data)

    def _send_media(self, info: ObjectInfo, data: bytes) -> None:
        headers = {"Content-Type": info.content_type, "X-Goog-Hash": f"crc32c={_crc32c(data)}"}
        headers["X-Goog-Generation"] = str(info.generation)
        status = 200
        if "Range" in self.headers:
            start, _, end = self.headers["Range"].removeprefix("bytes=").partition("-")
            last = min(int(end or len(data)), len(data) - 1)
            headers["Content-Range"] = f"bytes {start}-{last}/{len(data)}"
            status, data = 206, data[int(start) : last + 1]
        self._send(status, data, headers)

    def _send_json(self, status: int, answer: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        body = b"" if status in (204, 308) else json.dumps(answer).encode()
        self._send(status, body, {"Content-Type": "application/json", **(headers or {})})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _resource(info: ObjectInfo, data: bytes) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "kind": "storage#object",
        "name": info.key,
        "generation": str(info.generation),
        "size": str(info.size_bytes),
        "updated": _rfc3339(info.updated),
        "metadata": dict(info.metadata),
        "contentType": info.content_type,
        "crc32c": _crc32c(data),
    }
    if info.size_bytes == 0:
        del resource["size"]  # as Google's own test server does
    return resource | ({"customTime": _rfc3339(info.custom_time)} if info.custom_time else {})


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _crc32c(data: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()
