"""Turns training faces upright with the code that serving uses."""

from pathlib import Path

import numpy as np

from training.data.fer2013 import FaceData

# Where YuNet's box lies in a FER2013 image, on average (docs/decisions/0005-alignment.md).
_BOX_XYWH = (4.65, -0.8, 38.9, 50.3)


def upright(faces: FaceData, detectors: Path) -> FaceData:
    """Return the same rows with each face turned by the roll that ONet measures; raises NotFound without ONet's file.

    A face that ONet does not recognise is left unchanged.
    """
    from fer.domain import Face
    from fer.errors import NotFound
    from fer.vision.alignment import FaceAligner, align_face
    from fer.vision.boxes import roll_deg
    from fer.vision.detection.onet import ONET_FILE

    if not (detectors / ONET_FILE).is_file():
        raise NotFound(f"There is no {ONET_FILE} in {detectors}; 'make models' prepares it.")
    aligner = FaceAligner(detectors)
    face = Face(box_xywh=_BOX_XYWH, detection_score=1.0)

    def turned(grey: np.ndarray) -> np.ndarray:
        image_rgb = np.repeat(grey[:, :, None], 3, axis=2)
        landmarks = aligner.with_landmarks(image_rgb, face).landmarks
        return align_face(image_rgb, face, clockwise_deg=roll_deg(landmarks)) if landmarks else grey

    images = np.stack([turned(grey) for grey in faces.images]) if len(faces) else faces.images
    return FaceData(images=images, labels=faces.labels, usage=faces.usage, votes=faces.votes)
