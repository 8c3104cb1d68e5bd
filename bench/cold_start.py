"""Process start → first prediction answered, of the built predict function: LiteRT against TensorFlow.

``python -m bench.cold_start [--runs N] [--tensorflow-python PYTHON] [--base COMMIT] [--json OUT]``. Both run the
same built function (``make build``) under the functions framework, alternating, each in an environment of its own;
only the classifier differs (``tensorflow_predict/main.py``). The first run of each warms the disk cache and does not
count. With ``--base`` (``make bench BASE=COMMIT``), the function as that commit builds it takes its turn too.
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.harness.base_artefact import build_at
from bench.harness.measures import ROOT, circumstances, summary
from bench.harness.pictures import one_face, request_body
from bench.harness.yardstick import Yardstick
from local.servers import Server, clean_environ, send
from tools.environments import prepare_environment

TENSORFLOW = ROOT / "bench" / "tensorflow_predict"
KERAS_FILE = "facial_expression_model.keras"
TIMEOUT_S = 120
# The framework's command line, for an environment that lacks its script.
START = "import sys; from functions_framework._cli import _cli; sys.exit(_cli())"


def assemble(scratch: Path) -> dict[str, Path]:
    """Copies of the built function: as it is, and with TensorFlow in place of LiteRT."""
    built = ROOT / "build" / "predict"
    if not built.is_dir():
        sys.exit("build/predict is missing; run `make build` first")
    sources = {name: scratch / name for name in ("litert", "tensorflow")}
    for source in sources.values():
        shutil.copytree(built, source, ignore=shutil.ignore_patterns("__pycache__"))
    other = sources["tensorflow"]
    (other / "main.py").rename(other / "served.py")
    shutil.copy(TENSORFLOW / "main.py", other)
    shutil.copy(ROOT / "models" / "expression" / KERAS_FILE, other / "models" / "expression")
    return sources


def cold_start(python: Path, source: Path, body: bytes, log: Path, **settings: str) -> tuple[float, float]:
    """Return the seconds from the start of the process to the first prediction, and the RSS in MB after it."""
    arguments = ["-c", START, "--target", "predict", "--host", "127.0.0.1", "--port", "{port}"]
    environ = clean_environ(TF_CPP_MIN_LOG_LEVEL="3", KERAS_BACKEND="tensorflow", **settings)
    server = Server([str(python), *arguments], cwd=source, environ=environ, log=log)
    started_s = time.perf_counter()
    server.launch()
    try:
        _wait_for_port(server.port)
        headers = {"Content-Type": "application/json"}
        reply = send(server.url, "POST", "/", headers=headers, body=body, timeout_s=TIMEOUT_S)
        elapsed_s = time.perf_counter() - started_s
        assert reply.status == 200, reply.body
        assert reply.json["faces"], "the face was not found"
        return elapsed_s, server.resident_mb()
    except (AssertionError, OSError, http.client.HTTPException) as error:
        raise SystemExit(f"{source.name}: {error}\n{log.read_text()[-3000:]}") from error
    finally:
        server.kill()


def _wait_for_port(port: int) -> None:
    deadline_s = time.monotonic() + TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.002)


def measure(pythons: dict[str, Path], runs: int, base: str | None) -> dict[str, Any]:
    body = request_body(one_face(640, 480), annotate="none")
    yardstick = Yardstick()
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        sources = assemble(scratch)
        if base:
            sources["base"] = build_at(base, scratch)
            requirements = sources["base"] / "requirements.txt"
            pythons = {**pythons, "base": prepare_environment(ROOT / ".venv-bench-base", requirements)}
        series: dict[str, list[tuple[float, float]]] = {name: [] for name in pythons}
        for _ in range(runs + 1):
            yardstick.look(3)
            for name, python in pythons.items():
                series[name].append(cold_start(python, sources[name], body, scratch / f"{name}.log"))
    results = {name: summed_up(measured[1:], yardstick) for name, measured in series.items()}
    ratio = results["tensorflow"]["median_ms"] / results["litert"]["median_ms"]
    report = {"benchmark": "cold start", **circumstances(), "yardstick": yardstick.figures(), "results": results}
    report["times_faster"] = round(ratio, 2)
    if base:
        report["base"] = base
        report["times_base"] = round(results["litert"]["median_ms"] / results["base"]["median_ms"], 3)
    return report


def summed_up(measured: list[tuple[float, float]], yardstick: Yardstick) -> dict[str, Any]:
    figures = summary([elapsed_s for elapsed_s, _ in measured])
    resident_mb = round(statistics.median(resident_mb for _, resident_mb in measured))
    return {**figures, "yardsticks": yardstick.multiple(figures["median_ms"]), "resident_mb": resident_mb}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tensorflow-python", type=Path, help="default: an environment made for this benchmark")
    parser.add_argument("--base", default=os.environ.get("BASE") or None, help="a commit to compare with")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    requirements = ROOT / "build" / "predict" / "requirements.txt"
    pythons = {
        "litert": prepare_environment(ROOT / ".venv-artefact-predict", requirements),
        "tensorflow": options.tensorflow_python
        or prepare_environment(ROOT / ".venv-bench-tensorflow", TENSORFLOW / "requirements.txt"),
    }
    report = measure(pythons, options.runs, options.base)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
