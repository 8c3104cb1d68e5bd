"""One client for a function in this process and for a URL; it checks every answer against docs/openapi.yaml."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import functions_framework
import yaml
from jsonschema import Draft202012Validator

SPEC: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml").read_text(encoding="utf-8")
)
# What `POST /` means on a function that stands alone.
ALONE = {"predict": "/predict_expression", "feedback": "/save_expression_feedback", "export": "/merge"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_s: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Target(Protocol):
    """Somewhere to send a request to; ``name`` is the function's."""

    name: str

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | Iterable[bytes] | None
    ) -> tuple[int, list[tuple[str, str]], bytes]: ...


class SourceTarget:
    """A function of the source tree, loaded as the functions framework does it."""

    def __init__(self, name: str, source: Path) -> None:
        self.name = name
        framework: Any = functions_framework
        self._client = framework.create_app(name, str(source)).test_client()

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | Iterable[bytes] | None
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        data = body if body is None or isinstance(body, bytes) else b"".join(body)
        response = self._client.open(path, method=method, headers=dict(headers), data=data)
        return response.status_code, list(response.headers.items()), response.data


class UrlTarget:
    """A running server."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url.rstrip("/")

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | Iterable[bytes] | None
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        request = urllib.request.Request(self._url + path, method=method, headers=dict(headers), data=body)  # pyright: ignore
        if body is not None and not any(name.lower() == "content-type" for name in headers):
            request.add_unredirected_header("Content-Type", "")
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=30) as response:
                return response.status, response.headers.items(), response.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, list(error.headers.items()), error.read()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:
        return None


class Client:
    """Sends requests to one target; no answer passes that the specification does not allow."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("GET", path, headers=headers)

    def post_json(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request(
            "POST",
            path,
            headers={"Content-Type": "application/json", **(headers or {})},
            body=json.dumps(body).encode(),
        )

    def post_image(
        self,
        path: str,
        image: bytes,
        media_type: str = "image/jpeg",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return self.request("POST", path, headers={"Content-Type": media_type, **(headers or {})}, body=image)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        started_s = time.perf_counter()
        status, header_list, data = self._target.send(method, path, headers or {}, body)
        answer = Answer(
            status=status,
            headers={name.lower(): value for name, value in header_list},
            body=data,
            elapsed_s=time.perf_counter() - started_s,
        )
        check_against_specification(method, path, answer, function=self._target.name)
        return answer


def check_against_specification(method: str, path: str, answer: Answer, *, function: str) -> None:
    """Fail where the status, content type or body is not one that docs/openapi.yaml names."""
    route = path.partition("?")[0]
    if route == "/" and method == "POST":
        route = ALONE[function]
    operation = SPEC["paths"].get(route, {}).get(method.lower())
    if operation is None:  # no such route or method: the answer must still be an error in the contract's shape
        if method not in ("OPTIONS", "HEAD"):
            assert answer.status in (404, 405), answer
            _validate({"$ref": "#/components/schemas/Error"}, answer)
        return
    assert str(answer.status) in operation["responses"], f"{method} {path}: {answer.status} {answer.body[:200]!r}"
    response = operation["responses"][str(answer.status)]
    if "$ref" in response:
        response = SPEC["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    content = response.get("content", {})
    if not content:
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in content, f"{method} {path}: {media_type}"
    if media_type == "application/json":
        _validate(content[media_type]["schema"], answer)


def _validate(schema: Mapping[str, Any], answer: Answer) -> None:
    validator: Any = Draft202012Validator({**schema, "components": SPEC["components"]})
    validator.validate(answer.json)
