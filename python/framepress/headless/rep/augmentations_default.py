"""`rep.augmentations_default`: Replicator's own functions for augmentations, of which these two are here."""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array

__all__ = ["aug_hsv_to_rgb", "aug_rgb_to_hsv"]


def aug_rgb_to_hsv(data_in: Array) -> Array:
    """uint8 (H, W, 3 or 4) RGB as HSV, each of 0..255; alpha stays."""
    rgb = data_in[..., :3].astype(np.float64) / 255.0
    high, low = rgb.max(-1), rgb.min(-1)
    span = high - low
    safe = np.where(span > 0, span, 1.0)
    red, green, blue = np.moveaxis(rgb, -1, 0)
    sixth = np.select(
        [high == red, high == green], [(green - blue) / safe, 2 + (blue - red) / safe], 4 + (red - green) / safe
    )
    hue = np.where(span > 0, sixth / 6 % 1, 0.0)
    saturation = span / np.where(high > 0, high, 1.0)
    return _with_alpha(np.stack([hue, saturation, high], -1), data_in)


def aug_hsv_to_rgb(data_in: Array) -> Array:
    """uint8 (H, W, 3 or 4) HSV, each of 0..255, as RGB; alpha stays."""
    hue, saturation, value = np.moveaxis(data_in[..., :3].astype(np.float64) / 255.0, -1, 0)
    # A channel is at full value for a third of the circle around its hue, and falls linearly for a sixth on each side.
    away = (hue[..., None] * 6 + np.array([5.0, 3.0, 1.0])) % 6
    ramp = np.clip(np.minimum(away, 4 - away), 0, 1)
    return _with_alpha(value[..., None] * (1 - saturation[..., None] * ramp), data_in)


def _with_alpha(colour: Array, like: Array) -> Array:
    out: Array = like.copy()
    out[..., :3] = np.rint(colour * 255)
    return out
