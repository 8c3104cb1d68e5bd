"""Pictures and a camera's video for the end-to-end tests, out of one photo: ``make_pictures.py PHOTO FOLDER``."""

import math
import sys
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

# APP1 of a JPEG: big-endian TIFF with one entry, orientation (0x0112) = 6: to be turned by 90° clockwise.
EXIF_TURN_CLOCKWISE = bytes.fromhex(
    "ffe1 0022 457869660000 4d4d002a00000008 0001 0112 0003 00000001 0006 0000 00000000"
)


def jpeg(picture: Picture) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
    assert done
    return data.tobytes()


def two_faces(photo: Picture) -> Picture:
    """The larger face, as in a mirror, on the left: (512, 1024, 3)."""
    larger = cv2.resize(photo[:426, 43:469], (512, 512), interpolation=cv2.INTER_CUBIC)
    return cast("Picture", np.hstack([larger[:, ::-1], photo]))


def large_on_its_side(photo: Picture) -> bytes:
    """3000×2400 as stored, 2400×3000 as EXIF says it is to be seen; the face is in the upper half."""
    upright = np.full((3000, 2400, 3), 190, np.uint8)
    upright[200:1600, 500:1900] = cv2.resize(photo, (1400, 1400), interpolation=cv2.INTER_CUBIC)
    stored = jpeg(cast("Picture", cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE)))
    return stored[:2] + EXIF_TURN_CLOCKWISE + stored[2:]


def crowd(photo: Picture) -> Picture:
    """Thirty faces in five rows, close together: (1000, 1200, 3)."""
    head = cv2.resize(photo[20:270, 100:350], (200, 200), interpolation=cv2.INTER_AREA)
    return cast("Picture", np.tile(head, (5, 6, 1)))


def camera_frames(photo: Picture, count: int) -> bytes:
    """640×480 at rest but for a slow sway of ±12 pixels, ending where it began."""
    frames: list[bytes] = []
    for index in range(count):
        canvas = np.full((480, 640, 3), 120, np.uint8)
        left = 80 + round(12 * math.sin(2 * math.pi * index / count))
        canvas[:, left : left + 480] = cv2.resize(photo, (480, 480), interpolation=cv2.INTER_AREA)
        frames.append(jpeg(canvas))
    return b"".join(frames)


def main(photo_path: Path, folder: Path) -> None:
    photo = cast("Picture", cv2.imread(str(photo_path)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "two_faces.jpg").write_bytes(jpeg(two_faces(photo)))
    (folder / "crowd.jpg").write_bytes(jpeg(crowd(photo)))
    (folder / "large_on_its_side.jpg").write_bytes(large_on_its_side(photo))
    (folder / "camera.mjpeg").write_bytes(camera_frames(photo, 90))
    cv2.imwrite(str(folder / "no_face.png"), np.tile(np.linspace(60, 200, 480, dtype=np.uint8), (320, 1)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
