"""``make build``: assemble ``build/<part>/`` with everything that a part needs and nothing else.

With ``--registry`` (``make build REGISTRY=1``) predict and streaming also get the Cloud Storage client, which they
need only for ``FER_MODEL_URI=gs://…``.

The same tree gives the same bytes: files are copied in sorted order with fixed permissions and times, and
``build_info.json`` names the commit and one digest over everything else.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from fer.vision.detection.detector_files import SHA256 as DETECTOR_SHA256
from tools.models import DETECTOR_DIR

ROOT = Path(__file__).resolve().parents[1]
EXPRESSION_DIR = ROOT / "models" / "expression"
PARTS = ("predict", "feedback", "export", "streaming")
EPOCH_S = 315_532_800  # 1980-01-01, the earliest time a zip archive can hold


def detector_files() -> dict[str, Path]:
    """Return the detectors that ``make models`` has prepared, by their path in the artefact; checked by sha256."""
    found = {name: DETECTOR_DIR / name for name in sorted(DETECTOR_SHA256) if (DETECTOR_DIR / name).is_file()}
    if not found:
        raise SystemExit(f"{DETECTOR_DIR} has no detector: run `make models`")
    for name, path in found.items():
        _check_sha256(path, DETECTOR_SHA256[name])
    return {f"models/detector/{name}": path for name, path in found.items()}


def expression_files() -> dict[str, Path]:
    """Return the model card and the LiteRT file it names; the Keras file is for training only."""
    card_path = EXPRESSION_DIR / "model_card.json"
    litert = json.loads(card_path.read_text(encoding="utf-8"))["files"]["litert"]
    model_path = EXPRESSION_DIR / litert["name"]
    _check_sha256(model_path, litert["sha256"])
    return {"models/expression/model_card.json": card_path, f"models/expression/{model_path.name}": model_path}


def package_files() -> dict[str, Path]:
    """Return the package ``fer``, without caches."""
    paths = sorted(path for path in (ROOT / "shared" / "fer").rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT / "shared")): path for path in paths if "__pycache__" not in path.parts}


def source_files(part: str, *, registry: bool) -> dict[str, Path]:
    """Return a function's ``main.py`` at the top; the streaming service as the package that its Procfile starts."""
    needed = "requirements-registry.txt" if registry and part in ("predict", "streaming") else "requirements.txt"
    if part == "streaming":
        source = ROOT / "streaming"
        modules = {f"streaming/{path.name}": path for path in source.glob("*.py")}
        return {**modules, "Procfile": source / "Procfile", "requirements.txt": source / needed}
    source = ROOT / "functions" / part
    return {"main.py": source / "main.py", "requirements.txt": source / needed}


def contents(part: str, *, registry: bool) -> dict[str, Path]:
    """Return a map from paths in the artefact to files in the tree."""
    terms = {name: ROOT / name for name in ("LICENSE", "NOTICE")}
    files = {**terms, **source_files(part, registry=registry), **package_files()}
    if part in ("predict", "feedback", "streaming"):
        files |= detector_files()
    if part in ("predict", "streaming"):
        files |= expression_files()
    return dict(sorted(files.items()))


def build(part: str, build_dir: Path, *, registry: bool = False) -> str:
    """Recreate ``build_dir/<part>`` and return its digest."""
    target = build_dir / part
    shutil.rmtree(target, ignore_errors=True)
    digest = hashlib.sha256()
    for name, source in contents(part, registry=registry).items():
        data = source.read_bytes()
        digest.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\n".encode())
        _write(target / name, data)
    info = {"part": part, "commit": _commit(), "digest": digest.hexdigest()}
    _write(target / "build_info.json", (json.dumps(info, indent=2) + "\n").encode())
    for directory in _directories(target):
        os.utime(directory, (EPOCH_S, EPOCH_S))
    return digest.hexdigest()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o644)
    os.utime(path, (EPOCH_S, EPOCH_S))


def _directories(target: Path) -> Iterator[Path]:
    yield from sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True)
    yield target


def _check_sha256(path: Path, expected: str) -> None:
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    if actual != expected:
        raise SystemExit(f"{path.relative_to(ROOT)}: sha256 is {actual}, expected {expected}")


def _commit() -> str:
    """Return the commit of the tree; "unknown" outside a checkout."""
    shown = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return shown.stdout.strip() or "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--registry", action="store_true", help="add the client for models in gs://")
    options = parser.parse_args()
    for part in PARTS:
        digest = build(part, ROOT / "build", registry=options.registry)
        size_bytes = sum(path.stat().st_size for path in (ROOT / "build" / part).rglob("*") if path.is_file())
        print(f"build/{part}: {size_bytes / 1e6:.1f} MB, digest {digest[:16]}")


if __name__ == "__main__":
    main()
