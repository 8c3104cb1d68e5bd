"""``make models``: fetch YuNet's file into ``models/detector/``, next to MTCNN's, which are part of the project.

The exit status is 0 even if the file cannot be fetched, because MTCNN then serves; it is 1 if its bytes are wrong.
"""

import sys
from pathlib import Path

from fer.errors import CorruptData, Unavailable
from fer.settings import Settings
from fer.vision.detection.detector_files import YUNET_FILE, fetch_yunet

DETECTOR_DIR = Path(__file__).resolve().parents[1] / "models" / "detector"


def main(directory: Path = DETECTOR_DIR) -> int:
    try:
        fetch_yunet(directory, mirror=Settings.from_env().model_mirror, tell=print)
    except Unavailable as error:
        print(f"{error.message} MTCNN serves instead, and finds fewer faces.")
    except CorruptData as error:
        print(error.message, file=sys.stderr)
        return 1
    else:
        print(f"{YUNET_FILE}: ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
