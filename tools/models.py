"""Prepare the detector files under ``models/detector/``: ``python -m tools.models [--directory DIR]``.

YuNet comes from the directory that ``FER_MODEL_MIRROR`` names, or from OpenCV Zoo. mtcnn's three nets come from
the pinned PyPI package ``mtcnn``, whose weights are written as ONNX (``mtcnn_onnx.py``).
Every input and every result is checked against a sha256 pinned here, and written atomically.

Exit status: 0 also when there is no network for YuNet, since mtcnn then serves; 1 when a file is not what it should
be, or when no detector net at all could be prepared.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

from tools.mtcnn_onnx import NETS, onnx_from_weights

CONNECT_TIMEOUT_S = 5
DEFAULT_DIRECTORY = Path(__file__).resolve().parents[1] / "models" / "detector"

YUNET_NAME = "face_detection_yunet_2023mar.onnx"
YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
YUNET_URL = f"https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/{YUNET_NAME}"

MTCNN_REQUIREMENT = "mtcnn==1.0.0"
MTCNN_WHEEL_SHA256 = "0a96b4868e56db9ae984449519642be6dba03240e608a67e928ebb47833e9144"
MTCNN_SHA256 = {
    "mtcnn_pnet.onnx": "4570932dad95e43a390ab823b7e14890e352c13e38dab72531a75a4fbdf85baa",
    "mtcnn_rnet.onnx": "83e363753f2b7b07f72183d1296ccf3c1869c4b0c66d491b9c3640aa5dfa4953",
    "mtcnn_onet.onnx": "a022cfe19e90c2ed6d7481c7ad0fbedf1341f04a0bee6d40a3359ab5c6aab2b2",
}


class WrongChecksum(Exception):
    """A file's bytes are not the pinned ones."""


class Unreachable(Exception):
    """A source cannot be reached: no network, or the mirror does not hold the file."""


def check_sha256(data: bytes, expected: str, name: str) -> bytes:
    actual = hashlib.sha256(data).hexdigest()
    if actual != expected:
        raise WrongChecksum(f"{name}: sha256 is {actual}, expected {expected}")
    return data


def write_atomically(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary = Path(file.name)
    temporary.chmod(0o644)
    temporary.replace(path)


def is_ready(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def read_yunet(mirror: str | None) -> tuple[bytes, str]:
    """Return YuNet's bytes, checked, and where they came from."""
    if mirror:
        path = Path(mirror) / YUNET_NAME
        if not path.is_file():
            raise Unreachable(f"FER_MODEL_MIRROR has no {YUNET_NAME}")
        return check_sha256(path.read_bytes(), YUNET_SHA256, str(path)), "the mirror"
    try:
        with urllib.request.urlopen(YUNET_URL, timeout=CONNECT_TIMEOUT_S) as answer:
            data = answer.read()
    except (OSError, urllib.error.URLError) as error:
        raise Unreachable(f"cannot reach OpenCV Zoo: {error}") from error
    return check_sha256(data, YUNET_SHA256, YUNET_URL), "OpenCV Zoo"


def download_mtcnn_wheel(directory: Path) -> bytes:
    """Fetch the pinned wheel with pip (which honours the user's own registry settings) and check it."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--retries=1", f"--timeout={CONNECT_TIMEOUT_S}", "--dest", str(directory)]
    result = subprocess.run([*command, MTCNN_REQUIREMENT], capture_output=True, text=True, check=False)
    wheels = sorted(directory.glob("mtcnn-*.whl"))
    if result.returncode != 0 or not wheels:
        raise Unreachable(f"pip cannot download {MTCNN_REQUIREMENT}: {result.stderr.strip().splitlines()[-1:]}")
    return check_sha256(wheels[0].read_bytes(), MTCNN_WHEEL_SHA256, wheels[0].name)


def prepare_yunet(directory: Path) -> str:
    path = directory / YUNET_NAME
    if is_ready(path, YUNET_SHA256):
        return f"{path.name}: ready"
    data, source = read_yunet(os.environ.get("FER_MODEL_MIRROR"))
    write_atomically(path, data)
    return f"{path.name}: {len(data):,} bytes from {source}"


def prepare_mtcnn(directory: Path) -> str:
    paths = {name: directory / f"mtcnn_{name}.onnx" for name in NETS}
    if all(is_ready(path, MTCNN_SHA256[path.name]) for path in paths.values()):
        return "\n".join(f"{path.name}: ready" for path in paths.values())
    with tempfile.TemporaryDirectory() as scratch:
        download_mtcnn_wheel(Path(scratch))
        with zipfile.ZipFile(next(Path(scratch).glob("mtcnn-*.whl"))) as wheel:
            weights = {name: wheel.read(f"mtcnn/assets/weights/{name}.lz4") for name in NETS}
    lines: list[str] = []
    for name, path in paths.items():
        data = check_sha256(onnx_from_weights(name, weights[name]), MTCNN_SHA256[path.name], path.name)
        write_atomically(path, data)
        lines.append(f"{path.name}: {len(data):,} bytes converted from {MTCNN_REQUIREMENT}")
    return "\n".join(lines)


def prepare(directory: Path) -> int:
    status, prepared = 0, 0
    steps: list[tuple[str, Callable[[Path], str]]] = [("yunet", prepare_yunet), ("mtcnn", prepare_mtcnn)]
    for name, step in steps:
        try:
            print(step(directory))
            prepared += 1
        except Unreachable as error:
            print(f"{name}: left out, {error}")
        except WrongChecksum as error:
            print(f"{name}: refused, {error}", file=sys.stderr)
            status = 1
    if not prepared:
        print("no detector net could be prepared; only OpenCV's Haar cascade is there", file=sys.stderr)
        status = 1
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY)
    return prepare(parser.parse_args().directory)


if __name__ == "__main__":
    sys.exit(main())
