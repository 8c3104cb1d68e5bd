"""YuNet's file: pinned by its sha256 and downloaded once. MTCNN's files are part of the project.

MTCNN's were converted from the weights in the PyPI package ``mtcnn`` 1.0.0 by ``tools/mtcnn_onnx.py``, which is in
the history up to commit be92b3f. Input ``image``: float32 (N, 3, H, W), RGB, (pixel - 127.5) / 128; outputs
``probability`` (face is column 1), ``box`` and, of ONet, ``landmarks``.
"""

import hashlib
import urllib.request
from collections.abc import Callable
from pathlib import Path

from fer.errors import CorruptData, Unavailable
from fer.whole_files import replacing

YUNET_FILE = "face_detection_yunet_2023mar.onnx"
YUNET_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
YUNET_URL = f"https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/{YUNET_FILE}"
MTCNN_SHA256 = {
    "mtcnn_pnet.onnx": "4570932dad95e43a390ab823b7e14890e352c13e38dab72531a75a4fbdf85baa",
    "mtcnn_rnet.onnx": "83e363753f2b7b07f72183d1296ccf3c1869c4b0c66d491b9c3640aa5dfa4953",
    "mtcnn_onet.onnx": "a022cfe19e90c2ed6d7481c7ad0fbedf1341f04a0bee6d40a3359ab5c6aab2b2",
}
SHA256 = {YUNET_FILE: YUNET_SHA256, **MTCNN_SHA256}

_CONNECT_TIMEOUT_S = 5

Tell = Callable[[str], object]


def is_ready(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def fetch_yunet(directory: Path, *, mirror: Path | None, tell: Tell) -> Path:
    """Return the path of YuNet's file in ``directory``; fetch it from ``mirror`` or OpenCV Zoo if it is missing.

    The file is written atomically. Raises ``Unavailable`` if the source cannot be reached and ``CorruptData``
    if its bytes are not the pinned ones.
    """
    path = directory / YUNET_FILE
    if is_ready(path, YUNET_SHA256):
        return path
    source = str(mirror / YUNET_FILE) if mirror else YUNET_URL
    tell(f"Fetching {YUNET_FILE} (0.2 MB) from {source}")
    try:
        data = Path(source).read_bytes() if mirror else _download(YUNET_URL)
    except OSError as error:
        raise Unavailable(
            f"Cannot fetch {YUNET_FILE} from {source}. Put the file into {directory}, or into a directory that "
            "FER_MODEL_MIRROR names."
        ) from error
    actual = hashlib.sha256(data).hexdigest()
    if actual != YUNET_SHA256:
        raise CorruptData(f"{source} has the sha256 {actual}, expected {YUNET_SHA256}.")
    with replacing(path) as file:
        file.write(data)
    return path


def with_yunet(detector_dir: Path, cache_dir: Path, *, mirror: Path | None, tell: Tell) -> Path:
    """Return a directory with YuNet's and the other detectors' files: ``detector_dir``, else ``cache_dir``.

    Raises as ``fetch_yunet`` does.
    """
    if (detector_dir / YUNET_FILE).is_file():
        return detector_dir
    fetch_yunet(cache_dir, mirror=mirror, tell=tell)
    for name, sha256 in MTCNN_SHA256.items():
        bundled = detector_dir / name
        if bundled.is_file() and not is_ready(cache_dir / name, sha256):
            with replacing(cache_dir / name) as file:
                file.write(bundled.read_bytes())
    return cache_dir


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_CONNECT_TIMEOUT_S) as answer:
        return answer.read()
