"""Augmentation that imitates serving: crop jitter, roll, light, blur, low resolution, occlusion."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """Strengths; lengths in pixels of the 48×48 chip, angles in degrees, probabilities per image."""

    shift_px: float = 4.0
    roll_deg: float = 18.0
    scale: float = 0.15
    aspect: float = 0.06
    shear: float = 0.06
    gamma: float = 0.35
    blur_probability: float = 0.1
    low_resolution_probability: float = 0.12
    noise_probability: float = 0.25
    occlusion_probability: float = 0.3
    mixup_probability: float = 0.35
    mixup_alpha: float = 0.3
    cutmix_probability: float = 0.15


def _warps(count: int, side: int, strength: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Return affine maps from output to input pixels, float32 (count, 2, 3)."""
    angle = np.deg2rad(rng.uniform(-strength.roll_deg, strength.roll_deg, count))
    size = np.exp(rng.uniform(-strength.scale, strength.scale, count))
    aspect = np.exp(rng.uniform(-strength.aspect, strength.aspect, count))
    shear = rng.uniform(-strength.shear, strength.shear, count)
    flip = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    cos, sin = np.cos(angle) * size, np.sin(angle) * size
    linear = np.stack([cos * aspect * flip, shear * cos - sin, sin * aspect * flip, cos + shear * sin], axis=1)
    linear = linear.reshape(count, 2, 2)
    centre = np.full(2, (side - 1) / 2)
    offset = centre - linear @ centre + rng.uniform(-strength.shift_px, strength.shift_px, (count, 2))
    return np.concatenate([linear, offset[:, :, None]], axis=2).astype(np.float32)


def _occlude(image: np.ndarray, rng: np.random.Generator) -> None:
    side = image.shape[0]
    height, width = rng.integers(6, 20, 2)
    top, left = rng.integers(0, side - 5, 2)
    patch = image[top : top + height, left : left + width]
    patch[...] = rng.uniform(0, 255, patch.shape) if rng.random() < 0.5 else rng.uniform(0, 255)


def _degrade(image: np.ndarray, strength: Augmentation, rng: np.random.Generator) -> np.ndarray:
    side = image.shape[0]
    if rng.random() < strength.blur_probability:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < strength.low_resolution_probability:
        small = int(rng.integers(18, 40))
        image = cv2.resize(cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA), (side, side))
    if rng.random() < strength.occlusion_probability:
        _occlude(image, rng)
    return image


def augment(images: np.ndarray, strength: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Vary each image independently: uint8 (N, S, S) in, float32 (N, S, S) 0–255 out."""
    count, side = images.shape[:2]
    warps = _warps(count, side, strength, rng)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    result = np.empty((count, side, side), np.float32)
    for row in range(count):
        moved = cv2.warpAffine(images[row], warps[row], (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        result[row] = _degrade(moved, strength, rng)
    gamma = np.exp(rng.uniform(-strength.gamma, strength.gamma, (count, 1, 1))).astype(np.float32)
    result = 255 * (result / 255) ** gamma
    contrast = rng.uniform(0.7, 1.3, (count, 1, 1)).astype(np.float32)
    brightness = rng.uniform(-30, 30, (count, 1, 1)).astype(np.float32)
    result = (result - 127) * contrast + 127 + brightness
    noise = rng.uniform(0, 12, (count, 1, 1)) * (rng.random((count, 1, 1)) < strength.noise_probability)
    result += noise.astype(np.float32) * rng.standard_normal(result.shape, dtype=np.float32)
    return np.clip(result, 0, 255, out=result)


def mix(
    images: np.ndarray, targets: np.ndarray, strength: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Apply mixup (Zhang et al. 2018) or CutMix (Yun et al. 2019) to a whole batch, or neither; shapes stay."""
    draw = rng.random()
    if draw >= strength.mixup_probability + strength.cutmix_probability:
        return images, targets
    partner = rng.permutation(len(images))
    if draw < strength.mixup_probability:
        share = np.float32(rng.beta(strength.mixup_alpha, strength.mixup_alpha))
        return share * images + (1 - share) * images[partner], share * targets + (1 - share) * targets[partner]
    side = images.shape[1]
    height, width = rng.integers(side // 4, side * 2 // 3, 2)
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    mixed = images.copy()
    mixed[:, top : top + height, left : left + width] = images[partner, top : top + height, left : left + width]
    share = np.float32(1 - height * width / side**2)
    return mixed, share * targets + (1 - share) * targets[partner]
