"""``fer serve``: ``make run``'s server, from the checkout or from the copy in the wheel."""

import os
import sys
from pathlib import Path

from fer.errors import NotFound
from fer.settings import Settings


def run_serve(*, host: str, port: int) -> int:
    """Replace this process with the server; feedback goes to FER_BUCKET, by default ``./data/bucket``."""
    package = Path(__file__).resolve().parents[1]
    places = (package / "app", package.parents[1])
    root = next((place for place in places if (place / "local" / "server.py").is_file()), None)
    if root is None:
        raise NotFound("The server's files are missing from this installation.")
    environ = {**os.environ, "FER_BUCKET": Settings.from_env().bucket_url}
    os.chdir(root)
    command = [sys.executable, "-m", "local.server", "--host", host, "--port", str(port)]
    os.execve(sys.executable, command, environ)
