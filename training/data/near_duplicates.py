"""Finds faces that are the same picture except for encoding, light or slight noise, without comparing all pairs.

A face is described by 112 comparisons of neighbouring cells (a difference hash). Faces that agree in 28 of them,
drawn at random, are candidates; sixteen such draws find a pair that differs in 6 comparisons with 96 % probability
(locality-sensitive hashing by bit sampling, Indyk & Motwani 1998). Candidates are then compared by their pixels.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

CELLS = 8
COMPARISONS = 2 * CELLS * (CELLS - 1)
TABLES = 16
BITS_PER_TABLE = 28
# Within one key, each face is compared with this many that follow, so crowded keys stay linear.
NEIGHBOURS = 8
# Correlation of two faces' 16×16 means. The same picture after JPEG of quality 50, in other light, with noise
# of 6 grey levels or cut anew by half a pixel stays above it; docs/decisions/0011-retraining.md has the figures.
SAME_FACE_CORRELATION = 0.975
BLOCK = 4096


class Images(Protocol):
    """Faces, uint8 (N, 48, 48), in an array or in a file."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __len__(self) -> int: ...
    def __getitem__(self, key: Any, /) -> Any: ...


def near_groups(images: Images) -> np.ndarray:
    """Return the group of each face, int64 (N,): the index of the group's first member; images uint8 (N, 48, 48).

    Exact and near duplicates, and near duplicates of those, share a group. ``images`` may be a
    ``PixelFile``: a block is read at a time. The same images give the same groups.
    """
    bits = _comparisons(images)
    groups = np.arange(len(images))
    rng = np.random.default_rng(0)
    for _ in range(TABLES):
        keys = np.zeros(len(images), np.int64)
        for place in rng.choice(COMPARISONS, BITS_PER_TABLE, replace=False):
            keys = keys << 1 | (bits[:, place // 8] >> (7 - place % 8) & 1)
        for first, second in _candidates(keys, groups):
            near = correlations(images, first, second) >= SAME_FACE_CORRELATION
            groups = _joined(groups, first[near], second[near])
    return groups


def _comparisons(images: Images) -> np.ndarray:
    """Return whether each cell of an 8×8 grid is brighter than its right and lower neighbour, uint8 (N, 14)."""
    side = images.shape[1] // CELLS
    bits = np.empty((len(images), COMPARISONS // 8), np.uint8)
    for start in range(0, len(images), BLOCK):
        block = images[start : start + BLOCK]
        cells = block.reshape(len(block), CELLS, side, CELLS, side).mean(axis=(2, 4), dtype=np.float32)
        right = cells[:, :, 1:] > cells[:, :, :-1]
        down = cells[:, 1:] > cells[:, :-1]
        both = np.concatenate([right.reshape(len(block), -1), down.reshape(len(block), -1)], axis=1)
        bits[start : start + BLOCK] = np.packbits(both, axis=1)
    return bits


def _candidates(keys: np.ndarray, groups: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield pairs with equal keys that are not yet in one group, a block at a time."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    for offset in range(1, min(NEIGHBOURS, len(keys) - 1) + 1):
        places = np.flatnonzero(ranked[offset:] == ranked[:-offset])
        first, second = order[places], order[places + offset]
        new = groups[first] != groups[second]
        first, second = first[new], second[new]
        for start in range(0, len(first), BLOCK):
            yield first[start : start + BLOCK], second[start : start + BLOCK]


def correlations(images: Images, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return how alike pairs are, float64 (P,) from -1 to 1, whatever their brightness and contrast."""
    return (_described(images[first]) * _described(images[second])).sum(axis=1)


def _described(images: np.ndarray) -> np.ndarray:
    """Return 16×16 means of zero mean and unit length, float64 (N, 256); all zero for a flat picture."""
    count, side = len(images), images.shape[1] // 16
    means = images.reshape(count, 16, side, 16, side).mean(axis=(2, 4)).reshape(count, -1)
    means -= means.mean(axis=1, keepdims=True)
    return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)


def _joined(groups: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the groups after the pairs are joined; each still identified by its first member."""
    while True:
        lower = np.minimum(groups[first], groups[second])
        joined = groups.copy()
        for side in (first, second):
            np.minimum.at(joined, groups[side], lower)
            np.minimum.at(joined, side, lower)
        joined = joined[joined]
        if (joined == groups).all():
            return groups
        groups = joined
