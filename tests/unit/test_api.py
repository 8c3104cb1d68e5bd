"""``from fer import open_recogniser``: the same answer from a path, bytes and an array, and nothing loaded before."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fer
from fer.errors import InvalidInput, TooLarge, Unavailable
from fer.settings import Settings
from tests.pictures import astronaut, encode

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "astronaut.jpg"
MTCNN = Settings(detector="mtcnn")


def test_path_bytes_and_array_give_the_same_faces(tmp_path: Path) -> None:
    path = tmp_path / "astronaut.png"
    path.write_bytes(encode(astronaut(), ".png"))
    recogniser = fer.open_recogniser(settings=MTCNN)
    answers = [recogniser.predict(picture) for picture in (path, str(path), path.read_bytes(), astronaut())]
    assert [face.expression for face in answers[0]] == ["happy"]
    assert answers[1:] == answers[:-1]
    assert recogniser.detector == "mtcnn"
    assert recogniser.model_version


@pytest.mark.parametrize(
    "array",
    [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8, 3), np.float32)],
    ids=["grey", "alpha", "float"],
)
def test_another_array_is_refused_with_what_is_expected(array: np.ndarray) -> None:  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType]
    with pytest.raises(InvalidInput, match="Expected uint8"):
        fer.open_recogniser(settings=MTCNN).predict(array)  # pyright: ignore[reportUnknownArgumentType]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device without an end")
def test_what_has_no_end_is_not_read_to_it() -> None:
    with pytest.raises(TooLarge, match="larger than"):
        fer.open_recogniser(detector="mtcnn").predict("/dev/zero")


def test_yunet_is_fetched_or_done_without(tmp_path: Path) -> None:
    (tmp_path / "models" / "detector").mkdir(parents=True)
    (tmp_path / "models" / "expression").symlink_to(ROOT / "models" / "expression")
    settings = Settings(models_dir=tmp_path / "models", model_mirror=tmp_path)
    told: list[str] = []
    recogniser = fer.open_recogniser(settings=settings, cache_dir=tmp_path / "cache", tell=told.append)
    assert recogniser.detector == "haar"
    assert "FER_MODEL_MIRROR" in told[-1]
    with pytest.raises(Unavailable):
        fer.open_recogniser(detector="yunet", settings=settings, cache_dir=tmp_path / "cache", tell=told.append)


def test_importing_the_package_loads_none_of_its_parts() -> None:
    code = "import sys, fer; print([name for name in sys.modules if name.startswith(('fer.', 'numpy', 'cv2'))])"
    answer = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="has no attribute"):
        getattr(fer, "nothing")  # noqa: B009
