"""The pictures of the benchmarks, all made from one real photo (scikit-image's astronaut, one face)."""

import json

import cv2
import numpy as np

from local.samples import Picture, astronaut, data_url


def one_face(width_px: int, height_px: int) -> Picture:
    """Return the photo at a 4:3 size: uint8 (height, width, 3), RGB."""
    return np.asarray(cv2.resize(astronaut()[:384], (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)


def eight_faces() -> Picture:
    """Return four by two portraits: uint8 (720, 1280, 3), RGB."""
    return np.tile(astronaut()[:360, 64:384], (2, 4, 1))


def jpeg(picture: Picture) -> bytes:
    """Encode with quality 90, as cameras do."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    return data.tobytes()


def request_body(picture: Picture, **options: str) -> bytes:
    """Return the contract's JSON, which every server with this contract understands."""
    return json.dumps({"image": data_url(jpeg(picture)), **options}).encode()
