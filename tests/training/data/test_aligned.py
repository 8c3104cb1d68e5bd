"""Training faces turned upright: a face rolled on purpose comes back as it was."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.errors import NotFound
from training.data.aligned import upright
from training.data.fer2013 import FaceData

ROOT = Path(__file__).resolve().parents[3]
DETECTORS = ROOT / "models" / "detector"
# The square that frames the astronaut's face as FER2013 would.
FACE_LEFT_TOP_RIGHT_BOTTOM = (167, 62, 277, 172)


def _chip(roll_deg: float) -> np.ndarray:
    with Image.open(ROOT / "docs" / "images" / "astronaut.jpg") as picture:
        left, top, right, bottom = FACE_LEFT_TOP_RIGHT_BOTTOM
        middle = ((left + right) / 2, (top + bottom) / 2)
        turned = picture.convert("L").rotate(-roll_deg, Image.Resampling.BICUBIC, center=middle)
        return np.asarray(turned.crop(FACE_LEFT_TOP_RIGHT_BOTTOM).resize((48, 48), Image.Resampling.BOX))


def _faces(*images: np.ndarray) -> FaceData:
    count = len(images)
    stacked = np.stack(images) if images else np.zeros((0, 48, 48), np.uint8)
    usage = np.full(count, "Training")
    return FaceData(images=stacked, labels=np.zeros(count, np.int64), usage=usage, votes=None)


@pytest.mark.parametrize("roll_deg", [-25, -12, 12, 25])
def test_a_rolled_face_is_turned_back(roll_deg: float) -> None:
    straight = upright(_faces(_chip(0)), DETECTORS).images[0].astype(float)
    turned = upright(_faces(_chip(roll_deg)), DETECTORS).images[0].astype(float)
    middle = slice(10, 38)
    before = np.abs(_chip(roll_deg).astype(float) - straight)[middle, middle].mean()
    after = np.abs(turned - straight)[middle, middle].mean()
    assert after < before / 2


def test_what_is_no_face_stays_as_it_is() -> None:
    blank = np.full((48, 48), 128, np.uint8)
    assert (upright(_faces(blank), DETECTORS).images[0] == blank).all()


def test_no_rows_stay_no_rows() -> None:
    assert upright(_faces(), DETECTORS).images.shape == (0, 48, 48)


def test_a_missing_net_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"mtcnn_onet\.onnx"):
        upright(_faces(_chip(0)), tmp_path)
