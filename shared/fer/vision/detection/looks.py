"""The order of looks: one, closer ones where small faces may be, and turned ones if there is still doubt."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Protocol

from fer.domain import Face
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import largest_first
from fer.vision.detection.retries import look_again
from fer.vision.detection.upright import quarters_to_upright
from fer.vision.resizing import FaceMap, turned_by_quarters


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The result of a look: ``faces``, and ``hints`` where a small face may be, surest first.

    ``small_rgb`` is a large picture as far as it was halved for the look.
    """

    faces: list[Face]
    hints: list[Face] = field(default_factory=list[Face])
    small_rgb: ImageRGB | None = None


def mapped(sight: Sight, back: FaceMap) -> Sight:
    """Return the sight with its faces and hints mapped."""
    return replace(sight, faces=[back(face) for face in sight.faces], hints=[back(hint) for hint in sight.hints])


class Looker(Protocol):
    """The looks of one detector, each of uint8 (H, W, 3)."""

    @property
    def min_retry_score(self) -> float: ...

    def first_look(self, image_rgb: ImageRGB) -> Sight: ...

    def find_once(self, image_rgb: ImageRGB) -> list[Face]: ...

    def look_closer(self, image_rgb: ImageRGB, sight: Sight) -> list[Face]:
        """Return the faces of ``sight``, and the small ones that it missed."""
        ...


def find_faces(looker: Looker, image_rgb: ImageRGB, sight: Sight | None = None) -> list[Face]:
    """Return the faces of uint8 (H, W, 3), largest first; ``sight`` is its first look, if there was one already."""
    faces = looker.look_closer(image_rgb, sight or looker.first_look(image_rgb))
    if not faces:
        faces = look_again(looker.find_once, image_rgb, min_score=looker.min_retry_score)
    quarters = quarters_to_upright(looker.find_once, image_rgb, faces, min_score=looker.min_retry_score)
    if not quarters:
        return largest_first(faces)
    # The photo lost its orientation: look at all of it upright.
    turned_rgb, back = turned_by_quarters(image_rgb, quarters)
    turned = looker.look_closer(turned_rgb, looker.first_look(turned_rgb))
    return largest_first(back(face) for face in turned) or largest_first(faces)


class SingleLook(ABC):
    """The looks of a detector that sees in one all that it can see."""

    min_retry_score: float

    @abstractmethod
    def find_once(self, image_rgb: ImageRGB) -> list[Face]: ...

    def detect(self, image_rgb: ImageRGB, sight: Sight | None = None) -> list[Face]:
        """Return the faces of uint8 (H, W, 3), largest first."""
        return find_faces(self, image_rgb, sight)

    def first_look(self, image_rgb: ImageRGB) -> Sight:
        return Sight(faces=self.find_once(image_rgb))

    def look_closer(self, image_rgb: ImageRGB, sight: Sight) -> list[Face]:  # noqa: ARG002  there are no hints
        return sight.faces
