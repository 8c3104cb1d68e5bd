"""Process start → first prediction of the built predict function, with and without a bucket to ask for a champion.

``python -m bench.registry_start [--runs N] [--json OUT]``, after ``make build REGISTRY=1``. With one, the start also
imports the storage client and looks once; the bucket here is a server on loopback that refuses, as Cloud Storage does
where nothing was promoted yet, so the way to Google and the download of a champion are not in the figures.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.cold_start import cold_start
from bench.measures import ROOT, circumstances, summary
from bench.pictures import one_face, request_body
from tools.environments import prepare_environment

BUILT = ROOT / "build" / "predict"


class Refusing(BaseHTTPRequestHandler):
    """A bucket whose objects may be read but not listed, and which has no champion."""

    def do_GET(self) -> None:
        body = b'{"error": {"code": 403, "message": "does not have storage.objects.list access"}}'
        self.send_response(403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def measure(python: Path, runs: int) -> dict[str, Any]:
    """Both kinds of start, alternating; the first of each warms the disk cache and does not count."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bucket = {
        "FER_MODEL_URI": "gs://faces",
        "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{server.server_port}",
        "GOOGLE_CLOUD_PROJECT": "a-project",
    }
    body = request_body(one_face(640, 480), annotate="none")
    series: dict[str, list[tuple[float, float]]] = {"bundled": [], "registry": []}
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(runs + 1):
            for name, settings in (("bundled", {}), ("registry", bucket)):
                series[name].append(cold_start(python, BUILT, body, Path(scratch) / f"{name}.log", **settings))
        _assert_that_it_looked(Path(scratch) / "registry.log")
    server.shutdown()
    results: dict[str, Any] = {}
    for name, measured in series.items():
        results[name] = summary([elapsed_s for elapsed_s, _ in measured[1:]])
        results[name]["resident_mb"] = round(statistics.median(resident_mb for _, resident_mb in measured[1:]))
    ratio = results["registry"]["median_ms"] / results["bundled"]["median_ms"]
    return {"benchmark": "start with a registry", **circumstances(), "results": results, "times": round(ratio, 2)}


def _assert_that_it_looked(log: Path) -> None:
    if "There is no champion in the bucket" not in log.read_text("utf-8"):
        sys.exit(f"it did not ask the bucket:\n{log.read_text('utf-8')[-2000:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    requirements = BUILT / "requirements.txt"
    if not requirements.is_file() or "google-cloud-storage==" not in requirements.read_text("utf-8"):
        sys.exit("build/predict has no storage client; run `make build REGISTRY=1` first")
    report = measure(prepare_environment(ROOT / ".venv-artefact-registry", requirements), options.runs)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
