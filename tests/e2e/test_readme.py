"""The commands and programs of README.md and docs/api.md, run as written, against the server of ``make run``."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer.usecases.predict import open_recogniser
from fer.vision.annotation import annotate
from fer.vision.images import decode_image
from local.servers import Server, clean_environ, local_server, send
from tests.detector_models import MODELS_DIR, NEEDS_YUNET

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
PHOTO = ROOT / "docs" / "images" / "astronaut.jpg"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def commands(page: str, word: str) -> list[str]:
    """Return the commands of a page's shell blocks in which ``word`` is called."""
    lines = "".join(blocks(page, "sh")).replace("\\\n", " ").replace("|\n", "| ").splitlines()
    return [line for line in lines if re.search(rf"(^|\| *){word} ", line)]


CURLS = [command for command in commands(README, "curl") + commands(API, "curl") if "-X DELETE" not in command]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("local")
    with local_server(directory / "bucket", log=directory / "log") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with all that the commands speak of."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "holiday" / "beach").mkdir(parents=True)
    (tmp_path / "holiday" / "beach" / "photo.jpg").write_bytes(PHOTO.read_bytes())
    photo = cv2.imread(str(PHOTO))
    assert photo is not None
    video = cv2.VideoWriter(str(tmp_path / "talk.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25, (512, 512))
    for _ in range(26):
        video.write(photo)
    video.release()
    return tmp_path


def run(command: list[str], folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    search = {"PYTHONPATH": os.environ.get("PYTHONPATH", "").replace("shared", str(ROOT / "shared"))}
    environ = clean_environ(**search, FER_MODELS_DIR=str(ROOT / "models"), **settings)
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def shell(command: str, folder: Path, server: Server, **settings: str) -> str:
    here = command.replace("http://127.0.0.1:8080", server.url)
    return run(["bash", "-euo", "pipefail", "-c", here], folder, **settings).stdout


def test_both_pages_have_commands() -> None:
    assert len(commands(README, "curl")) >= 2
    assert len(commands(API, "curl")) >= 5
    assert len(commands(README, "fer")) == 3


@pytest.mark.parametrize("command", CURLS)
def test_curl_commands_are_answered(command: str, folder: Path, server: Server) -> None:
    if "download" in command:
        send(server.url, "POST", "/save_expression_feedback?label=nan", body=PHOTO.read_bytes())
    answer = shell(command, folder, server)
    if "download" in command:
        assert (folder / "expression_pixel_data.csv").read_text().startswith("label,pixel0,")
        return
    told = json.loads(answer)
    assert "error" not in told
    assert "faces" in told or told["status"] == "success"


def test_a_correction_is_withdrawn_as_shown(folder: Path, server: Server) -> None:
    (correct,) = (command for command in commands(API, "curl") if "label=happy" in command)
    (withdraw,) = (command for command in commands(API, "curl") if "-X DELETE" in command)
    receipt = json.loads(shell(correct, folder, server))["receipt"]
    assert json.loads(shell(withdraw, folder, server, RECEIPT=receipt))["status"] == "withdrawn"


@NEEDS_YUNET
def test_the_prediction_is_the_one_that_is_shown(folder: Path, server: Server) -> None:
    (block,) = blocks(README, "json")
    shown = json.loads(block)
    (command,) = (command for command in commands(README, "curl") if "predict" in command)
    answered = json.loads(shell(command, folder, server))
    assert answered.keys() == shown.keys()
    assert answered["model_version"] == shown["model_version"]
    assert answered["image_size"] == shown["image_size"]
    (face,), (expected,) = answered["faces"], shown["faces"]
    assert face.keys() == expected.keys()
    assert face["expression"] == expected["expression"]
    assert face["box"] == pytest.approx(expected["box"], abs=2)
    assert face["scores"] == pytest.approx(expected["scores"], abs=0.02)
    assert np.asarray(face["landmarks"]) == pytest.approx(np.asarray(expected["landmarks"]), abs=2)


@pytest.mark.parametrize("command", commands(README, "fer"))
def test_fer_commands_work(command: str, folder: Path) -> None:
    words = command.split(" #")[0].split(">")[0].split()
    out = run(
        [sys.executable, "-c", "import fer.cli.main as m; raise SystemExit(m.main())", *words[1:]], folder
    ).stdout
    assert "happy" in out
    if "--annotate" in words:
        assert any((folder / "drawn").iterdir())


def test_python_examples_work(folder: Path, server: Server) -> None:
    send(server.url, "POST", "/save_expression_feedback?label=nan", body=PHOTO.read_bytes())
    (folder / "expression_pixel_data.csv").write_bytes(send(server.url, "GET", "/download_expression_csv").body)
    programs = [program for program in blocks(README, "python") + blocks(API, "python") if "pandas" not in program]
    assert len(programs) == 2
    for program in programs:
        address = server.url.removeprefix("http://")
        assert "happy" in run([sys.executable, "-c", program.replace("127.0.0.1:8080", address)], folder).stdout


@NEEDS_YUNET
def test_the_picture_is_what_the_project_draws_today() -> None:
    image_rgb = decode_image(PHOTO.read_bytes())
    parts: Any = open_recogniser("yunet", models_dir=ROOT / "models", detector_dir=MODELS_DIR)
    drawn = annotate(image_rgb, parts.pinned().recognise(image_rgb))
    kept = decode_image((ROOT / "docs" / "images" / "annotated.jpg").read_bytes())
    # JPEG alone differs by about 1.5 on average.
    assert np.abs(drawn.astype(int) - kept).mean() < 3
