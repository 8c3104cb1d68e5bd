"""Looking again when a detector found nothing: with a border around the picture, then with the picture turned."""

from collections import deque
from collections.abc import Callable

from fer.domain import Face
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import centre_inside, largest_first
from fer.vision.resizing import FaceMap, fitted, padded, rotated

FindOnce = Callable[[ImageRGB], list[Face]]
Change = Callable[[ImageRGB], tuple[ImageRGB, FaceMap]]

# A tight portrait fills the frame. A border of this part of the longer side makes its face about half of the
# picture, which is where detectors are most certain.
BORDER_SHARE = 0.5
# Retries look for one large face that was missed. 400 finds no more of them and costs half as much again; 256 saves
# only a sixth.
RETRY_SIDE_PX = 320
# ±35 reach faces turned by 45° too (what remains is 10°); the last two are for what lies between. The quarter turns,
# for photos that lost their EXIF orientation, give most of the false faces that retries find.
TURNS_DEG = ((-35.0, 35.0), (90.0, -90.0, 180.0), (-65.0, 65.0))


def with_border(image_rgb: ImageRGB) -> tuple[ImageRGB, FaceMap]:
    return padded(image_rgb, border_px=round(max(image_rgb.shape[:2]) * BORDER_SHARE))


def turned_by(clockwise_deg: float) -> Change:
    return lambda image_rgb: rotated(image_rgb, clockwise_deg=clockwise_deg)


# A camera keeps upright, and what a quarter turn finds in live video is nearly always false.
VIDEO_CHANGES: tuple[Change, ...] = (with_border, *(turned_by(turn) for turn in TURNS_DEG[0]))


def look_again(find_once: FindOnce, image_rgb: ImageRGB, *, min_score: float) -> list[Face]:
    """Return the faces of the first change of uint8 (H, W, 3) that shows any, in no particular order.

    A find must reach ``min_score``: more looks are more chances to err, and what they are for, a large face, scores
    high.
    """
    small, enlarge = fitted(image_rgb, max_side_px=RETRY_SIDE_PX)
    faces = _look_changed(find_once, small, with_border, min_score)
    for turns_deg in TURNS_DEG:
        if faces:
            break
        looks = [_look_changed(find_once, small, turned_by(turn), min_score) for turn in turns_deg]
        faces = max(looks, key=lambda found: max((face.detection_score for face in found), default=0.0))
    return [enlarge(face) for face in faces]


class LooksOverTime:
    """Finds faces in the frames of one video: a look at each frame, and one more where that finds nothing.

    All retries on one frame would take as long as several frames, and hold up every other video. So the frames
    without a face share them out: each gets the next of ``VIDEO_CHANGES``, and one that finds a face is
    used again for as long as it does. For one thread at a time.
    """

    def __init__(self, find_once: FindOnce, *, min_retry_score: float) -> None:
        self._find_once = find_once
        self._min_retry_score = min_retry_score
        self._changes = deque(VIDEO_CHANGES)

    def find(self, frame_rgb: ImageRGB) -> list[Face]:
        """Return the faces of uint8 (H, W, 3), largest first."""
        faces = self._find_once(frame_rgb)
        if faces:
            return largest_first(faces)
        small, enlarge = fitted(frame_rgb, max_side_px=RETRY_SIDE_PX)
        faces = _look_changed(self._find_once, small, self._changes[0], self._min_retry_score)
        if not faces:
            self._changes.rotate(-1)
        return largest_first(enlarge(face) for face in faces)


def _look_changed(find_once: FindOnce, small: ImageRGB, change: Change, min_retry_score: float) -> list[Face]:
    picture, back = change(small)
    found = [back(face) for face in find_once(picture) if face.detection_score >= min_retry_score]
    return [face for face in found if centre_inside(face, (small.shape[1], small.shape[0]))]
