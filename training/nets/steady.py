"""A model's mean answer to a face as it moves: the training target for answers that stay the same."""

import numpy as np
from tqdm import tqdm

from training.evaluation.evaluate import SHIFT_PX, Classify, shifted

BLOCK = 1024


def steady_answers(classify: Classify, images: np.ndarray) -> np.ndarray:
    """Return the mean scores of each face and its mirror image moved by -2, 0 and 2 px each way, float32 (N, 7).

    ``images`` uint8 (N, S, S). A net that learns these means does in one pass what 18 do together (distillation,
    Hinton et al. 2015).
    """
    moves = [(right, down) for down in (-SHIFT_PX, 0, SHIFT_PX) for right in (-SHIFT_PX, 0, SHIFT_PX)]
    blocks = []
    for start in tqdm(range(0, len(images), BLOCK), desc="steady answers", mininterval=20):
        block = images[start : start + BLOCK]
        views = (shifted(side, *move) for side in (block, block[:, :, ::-1]) for move in moves)
        blocks.append(np.mean([classify(view) for view in views], axis=0).astype(np.float32))
    return np.concatenate(blocks)
