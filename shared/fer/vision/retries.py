"""Looking again when a detector found nothing: with a border around the picture, then with the picture turned."""

from collections.abc import Callable

from fer.domain import Face
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import centre_inside, largest_first
from fer.vision.resizing import FaceMap, fitted, padded, rotated

FindOnce = Callable[[ImageRGB], list[Face]]

# A tight portrait fills the frame. A border of this part of the longer side makes its face about half of the
# picture, which is where detectors are surest.
BORDER_SHARE = 0.5
# Retries look for one large face that was missed. 400 finds no more of them and costs half as much again; 256 saves
# only a sixth.
RETRY_SIDE_PX = 320
# ±35 reach faces turned by 45° too (what remains is 10°); the last two are for what lies between. The quarter turns,
# for photos that lost their EXIF orientation, give most of the false faces that retries find.
TURNS_DEG = ((-35.0, 35.0), (90.0, -90.0, 180.0), (-65.0, 65.0))


def find_with_retries(find_once: FindOnce, image_rgb: ImageRGB, *, min_retry_score: float) -> list[Face]:
    """Return the faces of the first look that finds any, largest first.

    A find in a retry must reach ``min_retry_score``: more looks are more chances to err, and what they are for,
    a large face, scores high.
    """
    faces = find_once(image_rgb)
    if faces:
        return largest_first(faces)
    small, enlarge = fitted(image_rgb, max_side_px=RETRY_SIDE_PX)
    size_wh = (small.shape[1], small.shape[0])

    def look(picture: ImageRGB, back: FaceMap) -> list[Face]:
        found = [back(face) for face in find_once(picture) if face.detection_score >= min_retry_score]
        return [enlarge(face) for face in found if centre_inside(face, size_wh)]

    faces = look(*padded(small, border_px=round(max(size_wh) * BORDER_SHARE)))
    for turns_deg in TURNS_DEG:
        if faces:
            break
        looks = [look(*rotated(small, clockwise_deg=turn)) for turn in turns_deg]
        faces = max(looks, key=lambda found: max((face.detection_score for face in found), default=0.0))
    return largest_first(faces)
