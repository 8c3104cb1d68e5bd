"""Targets of the contract suite: the source tree, or what FER_TEST_URL_PREDICT, _FEEDBACK and _EXPORT name."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.http.client import Client, Target, UrlTarget, source_target
from tests.pictures import astronaut, encode

ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = ("predict", "feedback", "export")


@pytest.fixture(scope="session")
def bucket_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bucket")


def urls_given() -> dict[str, str]:
    """Return the functions that run elsewhere, by name; empty where the source tree is the target."""
    urls = {name: os.environ.get(f"FER_TEST_URL_{name.upper()}", "") for name in FUNCTIONS}
    return {name: url for name, url in urls.items() if url}


@pytest.fixture
def read_log(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """The lines that the functions have logged since the last call; skipped where they run elsewhere."""
    if urls_given():
        pytest.skip("the log of a server elsewhere cannot be read")
    return lambda: capsys.readouterr().out.splitlines()


@pytest.fixture(scope="session")
def targets(bucket_dir: Path) -> Iterator[dict[str, Target]]:
    if urls := urls_given():
        yield {name: UrlTarget(name, url) for name, url in urls.items()}
        return
    with pytest.MonkeyPatch.context() as patch, ExitStack() as running:
        patch.setenv("FER_BUCKET", bucket_dir.as_uri())
        patch.setenv("GOOGLE_CLOUD_PROJECT", "a-project")
        yield {
            name: running.enter_context(source_target(name, ROOT / "functions" / name / "main.py"))
            for name in FUNCTIONS
        }


@pytest.fixture(scope="session")
def client_of(targets: dict[str, Target]) -> Callable[[str], Client]:
    """A client of one function; the test is skipped where a run against URLs leaves the function out."""

    def client(name: str) -> Client:
        if name not in targets:
            pytest.skip(f"no URL of {name} was given")
        return Client(targets[name])

    return client


@pytest.fixture
def predict(client_of: Callable[[str], Client]) -> Client:
    return client_of("predict")


@pytest.fixture
def feedback(client_of: Callable[[str], Client]) -> Client:
    return client_of("feedback")


@pytest.fixture
def export(client_of: Callable[[str], Client]) -> Client:
    return client_of("export")


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A real photo of one person (NASA, public domain), as JPEG."""
    return encode(astronaut(), ".jpg")
