"""The process that `make run` starts."""

import signal
from pathlib import Path

from local.servers import local_server


def test_it_greets_and_ctrl_c_ends_it_quietly(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with local_server(tmp_path / "bucket", log=log) as server:
        server.stop(signal.SIGINT)
    text = log.read_text(encoding="utf-8")
    assert f"Facial-expression functions on {server.url}" in text
    assert "Traceback" not in text
