"""``make build`` ships no function without a detector."""

from pathlib import Path

import pytest

from tools import build


def test_without_a_detector_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "DETECTOR_DIR", tmp_path)
    with pytest.raises(SystemExit, match="has no detector"):
        build.build("predict", tmp_path / "build")
