"""Runs the real predict function with a given model.

    python -m training.retraining.served_answer MODELS_DIR PICTURE

Runs in the serving environment, in its own process, and prints the answer as JSON. ``ask`` starts it.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs/images/astronaut.jpg"
TIMEOUT_S = 120


def ask(model: Path, python: Path, picture: Path = PICTURE, *, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Return ``status`` and ``answer`` of predict for a picture, with the expression model in the directory
    ``model``.

    ``python`` is the interpreter of the serving environment. Raises RuntimeError if the function does not start or
    does not answer in time.
    """
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder)
        (models / "expression").symlink_to(model.resolve())
        (models / "detector").symlink_to(ROOT / "models/detector")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FER_", "K_"))}
        try:
            done = subprocess.run(
                [str(python), "-m", "training.retraining.served_answer", str(models), str(picture)],
                cwd=ROOT,
                env=kept,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RuntimeError(f"predict did not answer within {timeout_s} s") from error
    if done.returncode:
        raise RuntimeError(f"predict does not start with this model:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Load the function as the functions framework does, post the picture, print the answer."""
    models, picture = sys.argv[1:]
    os.environ["FER_MODELS_DIR"] = models
    # In the serving environment, where this runs.
    from functions_framework import create_app  # pyright: ignore[reportMissingImports]
    from werkzeug.test import Client  # pyright: ignore[reportMissingImports]

    create_app("predict", str(ROOT / "functions/predict/main.py"))
    client = Client(sys.modules["main"].endpoint.wsgi)
    reply = client.post(
        "/predict_expression?annotate=none", data=Path(picture).read_bytes(), content_type="image/jpeg"
    )
    print(json.dumps({"status": reply.status_code, "answer": reply.get_json()}))


if __name__ == "__main__":
    main()
