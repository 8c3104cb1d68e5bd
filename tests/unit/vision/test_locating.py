"""A large JPEG is decoded no further than its faces need, and the answer is that of the whole picture."""

import cv2
import numpy as np
import pytest

from fer.domain import Face
from fer.vision.boxes import iou
from fer.vision.decoding.headers import read_header
from fer.vision.detection.yunet import YuNetDetector
from fer.vision.images import REDUCED_SIDE_PX, decode_image, decode_reduced
from fer.vision.locating import Located, locate_faces
from tests.detector_models import MODELS_DIR, NEEDS_YUNET
from tests.pictures import Picture, astronaut, encode

LIMIT_PX = 50_000_000


def enlarged(picture: Picture, size_wh: tuple[int, int]) -> Picture:
    return np.asarray(cv2.resize(picture, size_wh, interpolation=cv2.INTER_LINEAR), np.uint8)


def located(data: bytes) -> Located:
    return locate_faces(data, YuNetDetector(MODELS_DIR), max_pixels=LIMIT_PX)


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = b"MM\0*" + bytes([0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0])
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body + jpeg[2:]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_reduced_jpeg_is_the_picture_at_half_its_size(orientation: int) -> None:
    small_wh = (REDUCED_SIDE_PX, 1536)
    data = with_orientation(encode(enlarged(astronaut(), (2 * small_wh[0], 2 * small_wh[1])), ".jpg"), orientation)
    assert read_header(data).orientation == orientation
    reduced = decode_reduced(data)
    assert reduced is not None
    whole = decode_image(data)
    half = cv2.resize(whole, (whole.shape[1] // 2, whole.shape[0] // 2), interpolation=cv2.INTER_AREA)
    assert reduced[1] == 2
    assert reduced[0].flags.c_contiguous
    assert np.abs(reduced[0].astype(int) - half).mean() < 1


@pytest.mark.parametrize(
    ("size_wh", "extension"),
    [
        pytest.param((3840, 2160), ".png", id="no JPEG"),
        pytest.param((3841, 2160), ".jpg", id="odd side"),
        pytest.param((3838, 2160), ".jpg", id="half too small"),
        pytest.param((3840, 1040), ".jpg", id="few pixels"),
    ],
)
def test_other_pictures_are_not_reduced(size_wh: tuple[int, int], extension: str) -> None:
    assert decode_reduced(encode(enlarged(astronaut(), size_wh), extension)) is None


def test_half_a_jpeg_is_not_reduced() -> None:
    data = encode(enlarged(astronaut(), (3840, 2160)), ".jpg")
    assert decode_reduced(data) is not None
    assert decode_reduced(data[: len(data) // 2]) is None


@NEEDS_YUNET
def test_a_portrait_is_found_in_half_the_picture_at_the_same_place() -> None:
    data = encode(enlarged(astronaut()[:384], (4000, 3000)), ".jpg")
    found, expected = located(data), YuNetDetector(MODELS_DIR).detect(decode_image(data))
    assert (found.share, found.size_wh, len(found.faces)) == (2, (4000, 3000), len(expected))
    assert iou(found.faces[0].box_xywh, expected[0].box_xywh) > 0.97


@NEEDS_YUNET
def test_a_group_is_looked_at_whole() -> None:
    picture = np.full((2160, 3840, 3), 128, np.uint8)
    head = astronaut()[35:205, 138:308]
    for x, y, side in ((200, 300, 170), (1700, 900, 120), (3000, 1500, 70)):
        picture[y : y + side, x : x + side] = cv2.resize(head, (side, side), interpolation=cv2.INTER_AREA)
    data = encode(picture, ".jpg")
    found, expected = located(data), YuNetDetector(MODELS_DIR).detect(decode_image(data))
    assert (found.share, found.size_wh, len(found.faces)) == (1, (3840, 2160), 3)
    assert all(iou(one.box_xywh, other.box_xywh) > 0.9 for one, other in zip(found.faces, expected, strict=True))


def test_faces_go_to_the_image_and_back_unchanged() -> None:
    face = Face(box_xywh=(0.1, 7.3, 99.9, 101.7), detection_score=0.9, landmarks=((1.1, 2.3),) * 5)
    half = Located(image_rgb=np.zeros((10, 20, 3), np.uint8), share=2, faces=[face])
    assert half.in_picture(half.in_image(face)) == face
    assert half.size_wh == (40, 20)
