"""The examples: client and page against the server of ``make run``, the training script on an exported CSV."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer.domain import Feedback
from fer.storage.records_csv import HEADER, encode_row
from local.servers import Server, local_server, send
from tests.contract.http.client import SPEC

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PHOTO = ROOT / "docs" / "images" / "astronaut.jpg"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("local")
    with local_server(directory / "bucket", log=directory / "log") as running:
        yield running


def run(script: str, *arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / script), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_client_recognises_corrects_and_withdraws(server: Server) -> None:
    told = run("client.py", PHOTO, "--url", server.url, "--correct", "neutral")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("happy ")
    receipt = told.stdout.split("receipt: ")[1].strip()
    withdrawn = run("client.py", "--url", server.url, "--withdraw", receipt)
    assert withdrawn.returncode == 0, withdrawn.stderr
    assert send(server.url, "GET", "/stats").json["total"] == 0


def test_client_shows_the_servers_error(server: Server) -> None:
    told = run("client.py", EXAMPLES / "client.py", "--url", server.url)
    assert told.returncode == 1
    assert told.stderr.startswith("400: ")


def test_page_asks_for_what_the_contract_has(server: Server) -> None:
    page = (EXAMPLES / "page.html").read_text(encoding="utf-8")
    asked = re.search(r'fetch\(`\$\{api\}(/\w+)\?(\w+)=(\w+)`, \{ method: "(\w+)", body: picture \}\)', page)
    assert asked is not None
    path, name, value, method = asked.groups()
    operation = SPEC["paths"][path][method.lower()]
    assert name in {parameter["name"] for parameter in operation["parameters"]}
    assert value in SPEC["components"]["schemas"]["Annotate"]["enum"]
    fields = re.search(r"for \(const \{ (.*) \} of faces\)", page)
    assert fields is not None
    used = re.findall(r"(\w+)(?::|,|$)", re.sub(r"\[.*?\]", "", fields[1]))
    assert set(used) <= set(SPEC["components"]["schemas"]["Face"]["required"])

    # A page opened from a file has the origin "null", and the browser sends the type that the file has.
    headers = {"Origin": "null", "Content-Type": "image/jpeg"}
    answer = send(server.url, method, f"{path}?{name}={value}", headers=headers, body=PHOTO.read_bytes())
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert set(used) <= set(answer.json["faces"][0])


def exported(path: Path, *, faces: int) -> Path:
    """Return a CSV in the export's format: lit from above is happy, from below sad; every ninth is ``nan``."""
    random = np.random.default_rng(0)
    ramp = np.linspace(60, 190, 48)[:, None] + np.zeros((48, 48))
    rows: list[bytes] = []
    for index in range(faces):
        label = "nan" if index % 9 == 8 else ("happy", "sad")[index % 2]
        face = ramp[::-1] if label == "happy" else ramp
        pixels = np.clip(face + random.normal(0, 20, face.shape), 0, 255).astype(np.uint8)
        rows.append(encode_row(Feedback(label=label, pixels=pixels.tobytes())))
    path.write_bytes(HEADER + b"".join(rows))
    return path


def test_training_beats_the_most_frequent_label_on_held_out_faces(tmp_path: Path) -> None:
    told = run("train.py", exported(tmp_path / "faces.csv", faces=90), "--steps", "50", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "64 faces trained on, 16 held out" in told.stdout
    figures = re.search(r"right: (\d+)%; always saying '\w+': (\d+)%", told.stdout)
    assert figures is not None
    assert int(figures[1]) > int(figures[2])
    assert np.load(tmp_path / "weights.npy").shape == (2305, 7)


def test_training_refuses_to_measure_on_a_handful_of_faces(tmp_path: Path) -> None:
    told = run("train.py", exported(tmp_path / "faces.csv", faces=15), cwd=tmp_path)
    assert told.returncode == 1
    assert "too few" in told.stderr
