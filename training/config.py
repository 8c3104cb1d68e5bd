"""One experiment as one TOML file."""

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from training.data.augment import Augmentation


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of an experiment.

    ``budget_minutes`` bounds the wall time: the learning rate then follows the share of it that has passed,
    so a run on a busy machine still completes its decay. With 0 the schedule follows ``epochs``.
    """

    architecture: str = "residual"
    options: dict[str, Any] = field(default_factory=dict)
    # "keras" runs on any Keras backend; "torch" runs the same network faster (see torch_mirror.py) and is what
    # "auto" takes if PyTorch is installed.
    engine: str = "auto"
    compiled: bool = True
    seed: int = 1
    batch: int = 128
    epochs: int = 60
    budget_minutes: float = 0.0
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warmup: float = 0.02
    hold: float = 0.25
    ema: float = 0.999
    label_smoothing: float = 0.03
    # Rarer expressions are repeated sqrt(repeat_below / share) times per epoch (Gupta et al. 2019).
    repeat_below: float = 0.05
    # Mixing two faces stops when this share of the run has passed.
    mix_until: float = 1.0
    warm_start: str = ""
    # dlib's face-identity network, whose weights the architecture ``identity`` starts with (identity.py).
    identity_start: str = ""
    # Balanced softmax: the network learns scores for a population in which all expressions are equally frequent.
    # Without it, its scores are those for the population that it was trained on (data/sources.py).
    balanced: bool = False
    # Labels of ``--extra`` faces are one person's, and so often wrong.
    extra_noise: float = 0.1
    # This share of a face's target is the mean answer of the served model in the directory ``teacher`` to the face
    # moved by up to 2 px and to its mirror image; the rest is its votes or its label (steady.py).
    steadiness: float = 0.0
    teacher: str = "models/expression"
    # Turn the training faces upright first, with the alignment of serving (aligned.py).
    upright: bool = False
    # Fine-tuning: each step draws the weights back to where they started by this share of the learning rate
    # (L2-SP, Li et al. 2018, decoupled from the gradient as in AdamW), and normalisation keeps its statistics.
    distance_penalty: float = 0.0
    freeze_normalisation: bool = False
    # This share of a replayed row's target is the champion's answer to it, the rest its votes (Li & Hoiem 2016).
    distillation: float = 0.0
    # The challenger's weights lie this far between the champion's and the tuned ones (Wortsman et al. 2022).
    interpolation: float = 1.0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def to_dict(self) -> dict[str, Any]:
        """Return the values as plain types, for the model card."""
        return asdict(self)


def read_config(path: Path) -> Config:
    """Read an experiment; raises TypeError for an unknown key."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    augmentation = Augmentation(**values.pop("augmentation", {}))
    return Config(**values, augmentation=augmentation)
