"""A camera that the model was not made for: wide, stretched, low-resolution, dim and slightly tilted pictures.

Shows FER2013's faces as such a camera would, in whole pictures in which a detector has to find them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

SIZE_PX = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Its faults: a face has ``rows_px`` rows, is ``stretch`` times as wide and rolled by up to ±``roll_deg``.

    The light is multiplied by ``gain``; ``noise`` is in grey levels.
    """

    rows_px: int = 40
    stretch: float = 2.0
    roll_deg: float = 10.0
    gain: float = 0.4
    noise: float = 2.0
    face_px: int = 130

    def picture(self, face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a grey picture uint8 (320, 320) of a face uint8 (48, 48)."""
        low = cv2.resize(face, (self.rows_px, self.rows_px), interpolation=cv2.INTER_AREA)
        width, height = round(self.face_px * self.stretch), self.face_px
        large = cv2.resize(low, (width, height), interpolation=cv2.INTER_CUBIC)
        left, top = (SIZE_PX - width) // 2, (SIZE_PX - height) // 2
        right, bottom = SIZE_PX - width - left, SIZE_PX - height - top
        around = cv2.copyMakeBorder(large, top, bottom, left, right, cv2.BORDER_REPLICATE)
        # Without streaks at the border, detectors recognise the face as one.
        around = cv2.resize(cv2.GaussianBlur(cv2.resize(around, (40, 40)), (0, 0), 3.5), (SIZE_PX, SIZE_PX))
        around[top : top + height, left : left + width] = large
        turn = cv2.getRotationMatrix2D((SIZE_PX / 2, SIZE_PX / 2), rng.uniform(-self.roll_deg, self.roll_deg), 1)
        turned = cv2.warpAffine(around, turn, (SIZE_PX, SIZE_PX), borderMode=cv2.BORDER_REPLICATE)
        noisy = turned * self.gain + rng.normal(0, self.noise, turned.shape)
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def png(picture: np.ndarray) -> bytes:
    """Return the picture as a PNG file."""
    return cv2.imencode(".png", picture)[1].tobytes()
