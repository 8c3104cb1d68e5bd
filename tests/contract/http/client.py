"""One client for a function in this process and for a URL; it checks every answer against docs/openapi.yaml."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import functions_framework
import yaml
from jsonschema import Draft202012Validator

from fer.serving.application import connection_options
from fer.settings import Settings
from local.servers import Reply, send
from tests.asgi_server import serving

SPEC: dict[str, Any] = yaml.safe_load(
    (Path(__file__).resolve().parents[3] / "docs" / "openapi.yaml").read_text(encoding="utf-8")
)
# What `POST /` means on a function that stands alone.
ALONE = {"predict": "/predict_expression", "feedback": "/save_expression_feedback", "export": "/merge"}


class Target(Protocol):
    """Somewhere to send a request to; ``name`` is the function's."""

    name: str

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply: ...


class UrlTarget:
    """A function on a running server."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        return send(self._url, method, path, headers=headers, body=body)


@contextmanager
def source_target(name: str, source: Path) -> Generator[UrlTarget]:
    """A function of the source tree, loaded as the functions framework does it, on the server that it is made for."""
    framework: Any = functions_framework
    app = framework.create_app(name, str(source))
    with serving(app, **connection_options(Settings.from_env())) as address:
        yield UrlTarget(name, f"http://{address}")


class Client:
    """Sends requests to one target; no answer passes that the specification does not allow."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.request("GET", path, headers=headers)

    def post_json(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Reply:
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
    ) -> Reply:
        return self.request("POST", path, headers={"Content-Type": media_type, **(headers or {})}, body=image)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        answer = self._target.send(method, path, headers or {}, body)
        check_against_specification(method, path, answer, function=self._target.name)
        return answer


def check_against_specification(method: str, path: str, answer: Reply, *, function: str) -> None:
    """Fail where the status, content type or body is not one that docs/openapi.yaml names."""
    route = path.partition("?")[0]
    if route == "/" and method == "POST":
        route = ALONE[function]
    operation = _path_of(route).get(method.lower())
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


def _path_of(route: str) -> Mapping[str, Any]:
    """Return the path itself, or else the pattern that it fits."""
    pattern = route.rpartition("/")[0] + "/{receipt}"
    return SPEC["paths"].get(route) or SPEC["paths"].get(pattern, {})


def _validate(schema: Mapping[str, Any], answer: Reply) -> None:
    validator: Any = Draft202012Validator({**schema, "components": SPEC["components"]})
    validator.validate(answer.json)
