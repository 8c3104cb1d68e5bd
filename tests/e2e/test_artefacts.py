"""What ``make build`` makes: the same bytes each time, complete on its own, no heavier than it needs to be."""

import json
import re
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from local.servers import ROOT, clean_environ, function_server, send
from tools.build import PARTS, build

SAMPLE = ROOT / "docs" / "images" / "astronaut.jpg"
FUNCTIONS_TF = ROOT / "infra" / "functions.tf"
TRAINING_ONLY = ("tensorflow", "keras", "torch")
# What a function has no use for, because of which importing it would only cost memory and a slower start.
UNWANTED = {
    "predict": ("fer.storage", "google.cloud.storage", "google.auth", "requests"),
    "feedback": ("ai_edge_litert", "google.cloud.storage"),
    "streaming": ("flask", "werkzeug", "functions_framework", "fer.storage", "google.auth", "requests"),
    "export": ("cv2", "numpy", "PIL", "onnxruntime", "ai_edge_litert", "google.cloud.storage"),
}
LOADING = {
    "streaming": "import streaming.app",
    **{
        name: f"import functions_framework; functions_framework.create_app({name!r}, 'main.py')"
        for name in ("predict", "feedback", "export")
    },
}
LOAD = """
import json, sys
{loading}
print(json.dumps({{"modules": sorted(sys.modules), "package": sys.modules["fer"].__file__}}))
"""


@pytest.fixture(scope="module")
def build_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("build")
    for name in PARTS:
        build(name, directory)
    return directory


def contents_of(directory: Path) -> dict[str, tuple[int, int, bytes]]:
    """Path → permissions, time and bytes of everything in ``directory``."""
    return {
        str(path.relative_to(directory)): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in directory.rglob("*")
    }


@pytest.mark.parametrize("name", PARTS)
def test_build_is_reproducible(name: str, build_dir: Path, tmp_path: Path) -> None:
    digest = build(name, tmp_path)
    assert contents_of(tmp_path / name) == contents_of(build_dir / name)
    assert json.loads((tmp_path / name / "build_info.json").read_bytes())["digest"] == digest


@pytest.mark.parametrize("name", PARTS)
def test_artefact_loads_its_own_package_and_nothing_it_does_not_need(
    name: str, build_dir: Path, tmp_path: Path
) -> None:
    loaded = subprocess.run(
        [sys.executable, "-B", "-c", LOAD.format(loading=LOADING[name])],
        cwd=build_dir / name,
        env=clean_environ(FER_BUCKET=tmp_path.as_uri()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    answer = json.loads(loaded.stdout.splitlines()[-1])
    assert Path(answer["package"]).is_relative_to(build_dir / name)
    unwanted = (*TRAINING_ONLY, *UNWANTED[name])
    assert [module for module in unwanted if module in answer["modules"]] == []


@pytest.mark.parametrize("name", PARTS)
def test_requirements_are_pinned_and_come_from_no_named_place(name: str, build_dir: Path) -> None:
    check_requirements((build_dir / name / "requirements.txt").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("name", ["predict", "streaming"])
def test_what_reads_models_from_cloud_storage_needs_its_client_more(
    name: str, build_dir: Path, tmp_path: Path
) -> None:
    assert build(name, tmp_path, registry=True) != build(name, tmp_path / "again")
    lines, plain, feedback = (
        (part / "requirements.txt").read_text(encoding="utf-8").splitlines()
        for part in (tmp_path / name, build_dir / name, build_dir / "feedback")
    )
    check_requirements(lines)
    more = set(lines[1:]) - set(plain[1:])
    assert set(plain[1:]) < set(lines[1:])
    assert more <= set(feedback[1:])  # the very versions that the other functions have
    assert any(line.startswith("google-cloud-storage==") for line in more)


def deployed_threads(name: str) -> int:
    """How many threads infra/ gives a function; as many requests it gets at a time."""
    found = re.search(rf"^    {name} = {{\n\s+threads\s+= (\d+)$", FUNCTIONS_TF.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("predict", "POST", "/predict_expression?annotate=none"),
        ("feedback", "POST", "/save_expression_feedback?label=happy"),
        ("export", "GET", "/stats"),
    ],
)
def test_stalled_bodies_do_not_stop_what_is_deployed(
    name: str, method: str, path: str, build_dir: Path, tmp_path: Path
) -> None:
    threads = deployed_threads(name)
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: 3000000\r\n"
    settings = {"THREADS": str(threads), "FER_BUCKET": tmp_path.as_uri()}
    server = function_server(Path(sys.executable), build_dir / name, name, log=tmp_path / "log", **settings)
    with server, ExitStack() as held:
        for number in range(4 * threads):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(head.encode() + (b"\r\n\xff\xd8\xff" if number % 2 else b""))
        assert send(server.url, "GET", "/").status == 200
        headers = {"Content-Type": "image/jpeg"}
        body = SAMPLE.read_bytes() if method == "POST" else None
        assert send(server.url, method, path, headers=headers, body=body).status == 200


def check_requirements(lines: list[str]) -> None:
    requirements = [line for line in lines if line and not line.startswith("#")]
    assert requirements
    assert all(line.count("==") == 1 and "/" not in line and not line.startswith("-") for line in requirements)
    # PyPI has an unrelated package of this name, which would hide ours.
    assert not any(line.startswith("fer==") for line in requirements)
