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
from pathlib import Path
from typing import Any

from bench.cold_start import cold_start
from bench.harness.measures import ROOT, circumstances, summary
from bench.harness.pictures import one_face, request_body
from local.refusing_bucket import refusing_bucket
from tools.environments import prepare_environment

BUILT = ROOT / "build" / "predict"


def measure(python: Path, runs: int) -> dict[str, Any]:
    """Both kinds of start, alternating; the first of each warms the disk cache and does not count."""
    body = request_body(one_face(640, 480), annotate="none")
    series: dict[str, list[tuple[float, float]]] = {"bundled": [], "registry": []}
    with tempfile.TemporaryDirectory() as scratch, refusing_bucket() as url:
        bucket = {
            "FER_MODEL_URI": "gs://faces",
            "STORAGE_EMULATOR_HOST": url,
            "GOOGLE_CLOUD_PROJECT": "a-project",
        }
        for _ in range(runs + 1):
            for name, settings in (("bundled", {}), ("registry", bucket)):
                series[name].append(cold_start(python, BUILT, body, Path(scratch) / f"{name}.log", **settings))
        _assert_that_it_looked(Path(scratch) / "registry.log")
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
