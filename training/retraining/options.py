"""What a run of retraining is given."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.config import Config
from training.data.fer2013 import FaceData
from training.data.sources import Source
from training.retraining import gate
from training.retraining.served_answer import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run; ``base`` is FER2013, with FER+'s votes or without, ``extra`` further faces, ``config`` an experiment.

    ``python`` is that of the environment that serves. If there are more faces than ``most_faces``, the newest are
    used, because training holds them in memory. Pictures in which the detector in ``detector_dir`` sees no face are
    kept out; without a directory, all count as faces. ``start`` names a published version other than the champion to
    start from and be judged against.
    """

    csv: str
    bucket: str
    workdir: Path
    base: FaceData | None = None
    extra: Sequence[Source] = ()
    accept: Path | None = None
    config: Config
    bounds: gate.Bounds = dataclasses.field(default_factory=gate.Bounds)
    bundled: Path = ROOT / "models/expression"
    detector_dir: Path | None = ROOT / "models/detector"
    python: Path = ROOT / ".venv/bin/python"
    export_token: str | None = None
    promote: bool = True
    force: bool = False
    start: str | None = None
    replay: float = 3.0
    most_faces: int = 50_000
