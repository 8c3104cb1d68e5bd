"""An encoded picture in; its faces, and the picture as finely decoded as they need it."""

from collections.abc import Callable
from dataclasses import dataclass

from fer.domain import Face
from fer.vision.arrays import ImageRGB
from fer.vision.boxes import scaled
from fer.vision.detection.closer import is_portrait
from fer.vision.detection.detector import Detector
from fer.vision.detection.looks import Sight, mapped
from fer.vision.images import decode_image, decode_reduced


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """``faces``, largest first, in pixels of the whole picture, of which each of ``image_rgb`` spans ``share``."""

    image_rgb: ImageRGB
    share: int
    faces: list[Face]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the whole picture, upright."""
        return self.image_rgb.shape[1] * self.share, self.image_rgb.shape[0] * self.share

    @property
    def faces_in_image(self) -> list[Face]:
        """``faces`` in pixels of ``image_rgb``."""
        return [self.in_image(face) for face in self.faces]

    def in_image(self, face: Face) -> Face:
        """Return the face in pixels of ``image_rgb``: exactly, for ``share`` is a power of two."""
        return scaled(face, (1 / self.share, 1 / self.share))

    def in_picture(self, face: Face) -> Face:
        """Return a face of ``image_rgb`` in pixels of the whole picture."""
        return scaled(face, (self.share, self.share))


def locate_faces(
    data: bytes, detector: Detector, *, max_pixels: int, lap: Callable[[str], object] = lambda _: None
) -> Located:
    """Decode a picture and find its faces; ``lap`` is told the name of each stage that ends.

    The first look at a large JPEG is at a fraction of its size, which libjpeg decodes in a third of the time. In a
    portrait that is enough for chip and landmarks. Otherwise small faces may matter, so all of it is decoded and
    searched. Raises as ``decode_image`` does.
    """
    reduced = decode_reduced(data, max_pixels=max_pixels)
    lap("decode_ms")
    sight = None
    if reduced is not None:
        small_rgb, share = reduced
        sight = detector.first_look(small_rgb)
        if is_portrait(sight.faces, (small_rgb.shape[1], small_rgb.shape[0])):
            faces = detector.detect(small_rgb, sight)
            lap("detect_ms")
            return Located(image_rgb=small_rgb, share=share, faces=[scaled(face, (share, share)) for face in faces])
        sight = mapped(sight, lambda face: scaled(face, (share, share)))
        lap("detect_ms")
    image_rgb = decode_image(data, max_pixels=max_pixels)
    lap("decode_ms")
    located = locate_in(image_rgb, detector, sight)
    lap("detect_ms")
    return located


def locate_in(image_rgb: ImageRGB, detector: Detector, sight: Sight | None = None) -> Located:
    """Find the faces of a decoded picture, uint8 (H, W, 3); ``sight`` is its first look, if there was one already."""
    return Located(image_rgb=image_rgb, share=1, faces=detector.detect(image_rgb, sight))
