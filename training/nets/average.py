"""Average models of one architecture: ``python -m training.nets.average one.keras two.keras --out mean.keras``.

The mean of the weights of models from one training run is often better than either (Wortsman et al. 2022).
"""

import argparse
from pathlib import Path

import numpy as np


def average_models(paths: list[Path], out: Path) -> None:
    """Write the model with the mean weights of those at ``paths``; raises ValueError where shapes differ."""
    from training.nets.keras_files import load_model

    models = [load_model(path) for path in paths]
    weights = [model.get_weights() for model in models]
    shapes = [[value.shape for value in values] for values in weights]
    if any(other != shapes[0] for other in shapes[1:]):
        raise ValueError(f"expected models of one architecture, got {[model.name for model in models]}")
    models[0].set_weights([np.mean(values, axis=0) for values in zip(*weights, strict=True)])
    models[0].save(out)


def main() -> None:
    """Parse the command line and average."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    average_models(options.models, options.out)
    print(options.out)


if __name__ == "__main__":
    main()
