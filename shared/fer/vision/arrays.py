"""Types of the arrays that the vision modules pass to each other."""

import numpy as np
from numpy.typing import NDArray

ImageRGB = NDArray[np.uint8]
"""(H, W, 3), red first, upright, C-contiguous."""

ImageGrey = NDArray[np.uint8]
"""(H, W)."""

FaceChip = NDArray[np.uint8]
"""(48, 48): the aligned grey crop of one face."""

FaceChips = NDArray[np.uint8]
"""(N, 48, 48)."""

ExpressionScores = NDArray[np.float32]
"""(N, 7), rows in the order of ``EXPRESSIONS``, each summing to 1."""

FloatArray = NDArray[np.float64]
FloatImage = NDArray[np.float32]
