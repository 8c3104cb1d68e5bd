"""Converts every detector's boxes to YuNet's framing, by which face chips are cut."""

from dataclasses import dataclass, replace

from fer.domain import Face


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """Where YuNet's box lies on average, in units of another detector's box."""

    centre_x: float
    centre_y: float
    width: float
    height: float


# Medians over the 589 (MTCNN) and 486 (Haar) faces that both find in 618 photos in the wild
# (docs/decisions/0006-detectors.md).
MTCNN = Framing(centre_x=0.518, centre_y=0.491, width=1.0, height=0.995)
HAAR = Framing(centre_x=0.504, centre_y=0.529, width=0.945, height=1.228)


def reframed(face: Face, framing: Framing) -> Face:
    """Return the face with the box that YuNet would most likely have given."""
    x, y, width, height = face.box_xywh
    new_width, new_height = width * framing.width, height * framing.height
    new_x = x + width * framing.centre_x - new_width / 2
    new_y = y + height * framing.centre_y - new_height / 2
    return replace(face, box_xywh=(new_x, new_y, new_width, new_height))
