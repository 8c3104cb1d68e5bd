"""Training faces turned upright by the very code that serving uses."""

from pathlib import Path

import numpy as np

from training.data import FaceData

# Where YuNet's box lies in a FER2013 image, on average (docs/decisions/0005-alignment.md).
_BOX_XYWH = (4.65, -0.8, 38.9, 50.3)


def upright(faces: FaceData, detectors: Path) -> FaceData:
    """The same rows with each face turned by the roll that ONet measures; raises NotFound without ONet's file.

    A face that ONet does not recognise as one stays as it is.
    """
    from fer.domain import Face
    from fer.errors import NotFound
    from fer.vision.alignment import FaceAligner
    from fer.vision.onet import ONET_FILE

    if not (detectors / ONET_FILE).is_file():
        raise NotFound(f"There is no {ONET_FILE} in {detectors}; 'make models' prepares it.")
    aligner = FaceAligner(detectors, min_roll_deg=0.0)
    face = Face(box_xywh=_BOX_XYWH, detection_score=1.0)
    chips = [
        aligner.align_face(image_rgb, located)
        if (located := aligner.with_landmarks(image_rgb, face)).landmarks
        else grey
        for grey, image_rgb in ((grey, np.repeat(grey[:, :, None], 3, axis=2)) for grey in faces.images)
    ]
    images = np.stack(chips) if chips else faces.images
    return FaceData(images=images, labels=faces.labels, usage=faces.usage, votes=faces.votes)
