"""A real predict server on loopback while models are published, promoted, broken and rolled back beside it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fer.domain import CARD_NAME, EXPRESSIONS
from fer.storage.factory import open_store
from fer.storage.keys import CHAMPION_KEY, model_key
from fer.storage.objects import ObjectStore
from fer.storage.registry import ModelRegistry
from local.servers import Reply, Server, clean_environ, function_server, send
from tests.gcs_server import running_gcs_server
from tests.pictures import astronaut, encode
from tests.published import LITERT_NAME, forge_champion, model_version, overwrite
from tests.unit.vision.test_model_files import TINY
from tools.build import ROOT, build

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BUNDLED = json.loads((ROOT / "models" / "expression" / CARD_NAME).read_bytes())["model_version"]
SERVED = (ROOT / "models" / "expression" / "facial_expression_model.tflite").read_bytes()
CHANGES: dict[str, dict[str, Any]] = {
    "a": {},
    "b": {
        "litert": SERVED,
        "input": {"height": 48, "width": 48, "channels": 1},
        "output": "logits",
        "labels": list(reversed(EXPRESSIONS)),
    },
    "c": {"temperature": 3.0},
}


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("build")
    build("predict", directory)
    return directory / "predict"


@pytest.fixture(scope="module")
def photo() -> bytes:
    return encode(astronaut(), ".jpg")


class Bucket:
    """A bucket, its registry, and the servers on it."""

    def __init__(self, url: str, environ: dict[str, str], artefact: Path, log_dir: Path) -> None:
        self.store: ObjectStore = open_store(url)
        self.registry = ModelRegistry(self.store)
        self._settings = {"FER_MODEL_URI": url, "FER_MODEL_REFRESH_S": "1", **environ}
        self._artefact = artefact
        self._log_dir = log_dir

    def promote(self, version: str) -> None:
        self.registry.publish(version, model_version(version, **CHANGES[version]))
        self.registry.promote(version, expected=self.registry.champion(), now=NOW)

    @contextmanager
    def serving(self, name: str = "log") -> Generator[Server]:
        log = self._log_dir / name
        with function_server(Path(sys.executable), self._artefact, "predict", log=log, **self._settings) as server:
            yield server


@pytest.fixture(params=["directory", "gcs"])
def bucket(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, artefact: Path
) -> Generator[Bucket]:
    if request.param == "directory":
        yield Bucket((tmp_path / "bucket").as_uri(), {}, artefact, tmp_path)
        return
    with running_gcs_server() as server:
        environ = {"STORAGE_EMULATOR_HOST": server.url, "NO_PROXY": "127.0.0.1,localhost"}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield Bucket("gs://bucket", environ, artefact, tmp_path)


def ask(server: Server, photo: bytes) -> Reply:
    headers = {"Content-Type": "image/jpeg"}
    reply = send(server.url, "POST", "/predict_expression?annotate=none", headers=headers, body=photo)
    assert reply.status == 200, reply.body
    return reply


def wait_until(answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not answers():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


def champion_lines(server: Server, severity: str) -> list[str]:
    lines = [line for line in server.log_lines() if "champion" in line["message"]]
    return [line["message"] for line in lines if line["severity"] == severity]


def test_promotion_and_rollback_reach_a_running_server(bucket: Bucket, photo: bytes) -> None:
    with bucket.serving() as server:
        assert ask(server, photo).json["model_version"] == BUNDLED
        assert champion_lines(server, "WARNING") == [f"There is no champion in the bucket; {BUNDLED} keeps serving"]
        for version in ("a", "b"):
            bucket.promote(version)
            wait_until(lambda version=version: ask(server, photo).json["model_version"] == version)
        bucket.registry.rollback(now=NOW)
        wait_until(lambda: champion_lines(server, "INFO")[-1] == "The champion a takes over from b")  # no request
        assert send(server.url, "GET", "/").json == {"status": "healthy", "model_version": "a"}
        assert ask(server, photo).json["model_version"] == "a"
    with bucket.serving("again") as server:
        assert ask(server, photo).json["model_version"] == "a"


def test_a_broken_champion_takes_no_server_down(bucket: Bucket, photo: bytes) -> None:
    bucket.promote("a")
    with bucket.serving() as server:
        before = ask(server, photo)
        forge_champion(bucket.store, "broken", litert=TINY[: len(TINY) // 2])
        wait_until(lambda: bool(ask(server, photo) and champion_lines(server, "ERROR")))
        with bucket.serving("cold") as cold:
            assert ask(cold, photo).json["model_version"] == BUNDLED
            (line, *_) = champion_lines(cold, "ERROR")
            assert line.startswith(f"The champion broken cannot serve; {BUNDLED} keeps serving")
        assert ask(server, photo).body == before.body
        assert len(champion_lines(server, "ERROR")) == 1
        bucket.promote("b")
        wait_until(lambda: ask(server, photo).json["model_version"] == "b")


@pytest.mark.parametrize("bucket", ["directory"], indirect=True)
@pytest.mark.parametrize("key", [model_key("b", LITERT_NAME), model_key("b", CARD_NAME), CHAMPION_KEY])
def test_a_file_truncated_in_the_bucket_takes_no_cold_start_down(bucket: Bucket, photo: bytes, key: str) -> None:
    bucket.promote("b")
    overwrite(bucket.store, key, bucket.store.read(key)[:-10])
    with bucket.serving() as server:
        assert ask(server, photo).json["model_version"] == BUNDLED
        assert len(champion_lines(server, "ERROR")) == 1


@pytest.mark.parametrize("bucket", ["directory"], indirect=True)
def test_every_answer_is_of_one_model_while_models_change(bucket: Bucket, photo: bytes) -> None:
    expected: dict[str, bytes] = {}
    stop = threading.Event()
    seen: set[str] = set()

    def answers(server: Server) -> int:
        count = 0
        while not stop.is_set():
            reply = ask(server, photo)
            version = reply.json["model_version"]
            assert reply.body == expected[version]
            seen.add(version)
            count += 1
        return count

    with bucket.serving() as server, ThreadPoolExecutor(8) as clients:
        for version in CHANGES:
            bucket.promote(version)
            wait_until(lambda version=version: ask(server, photo).json["model_version"] == version)
            expected[version] = ask(server, photo).body
        assert len({json.dumps(json.loads(body)["faces"][0]["scores"]) for body in expected.values()}) == len(CHANGES)
        running = [clients.submit(answers, server) for _ in range(8)]
        try:
            for version in CHANGES:
                seen.clear()
                bucket.promote(version)
                wait_until(lambda version=version: version in seen or any(each.done() for each in running))
        finally:
            stop.set()
        assert all(each.result() > 0 for each in running)


def test_a_store_that_does_not_answer_stops_no_start(artefact: Path, tmp_path: Path, photo: bytes) -> None:
    with running_gcs_server() as gone:
        settings = {"STORAGE_EMULATOR_HOST": gone.url, "NO_PROXY": "127.0.0.1", "FER_MODEL_URI": "gs://bucket"}
    server = function_server(Path(sys.executable), artefact, "predict", log=tmp_path / "log", **settings)
    with server:
        assert ask(server, photo).json["model_version"] == BUNDLED
        assert len(champion_lines(server, "ERROR")) == 1


@pytest.mark.parametrize(("url", "imported"), [("gs://bucket", True), ("file://{tmp}", False), ("", False)])
def test_the_storage_client_is_imported_only_for_cloud_storage(
    artefact: Path, tmp_path: Path, url: str, *, imported: bool
) -> None:
    code = "import sys, main; print('google.cloud.storage' in sys.modules)"
    with running_gcs_server() as server:
        environ = clean_environ(
            FER_MODEL_URI=url.format(tmp=tmp_path), STORAGE_EMULATOR_HOST=server.url, NO_PROXY="127.0.0.1"
        )
        loaded = subprocess.run(
            [sys.executable, "-B", "-c", code], cwd=artefact, env=environ, capture_output=True, text=True, check=True
        )
    assert loaded.stdout.splitlines()[-1] == str(imported)
