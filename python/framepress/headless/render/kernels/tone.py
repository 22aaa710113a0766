"""From light to bytes: the tone curve and sRGB."""

# ruff: noqa: UP018 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

SHOULDER = wp.constant(0.8)
"""Up to here a picture's light is shown as it is."""


@wp.func
def toned(light: wp.vec3) -> wp.vec3:
    """Linear RGB in [0, 1]. The identity up to `SHOULDER`; above, the strongest channel m becomes
    1 - d^2 / (m - SHOULDER + d) with d = 1 - SHOULDER, the others keep their ratio to it and fade towards white."""
    m = wp.max(light[0], wp.max(light[1], light[2]))
    shown = light
    if m > SHOULDER:
        d = 1.0 - SHOULDER
        peak = 1.0 - d * d / (m - SHOULDER + d)
        fade = 1.0 - 1.0 / (0.15 * (m - peak) + 1.0)
        shown = light * (peak / m * (1.0 - fade)) + wp.vec3(peak, peak, peak) * fade
    return shown


@wp.func
def code(value: float, srgb: wp.array(dtype=wp.uint8)) -> wp.uint32:
    root = float(0.0)
    # Not of NaN either, which no comparison holds for.
    if value > 0.0:
        root = wp.sqrt(wp.min(value, 1.0))
    return wp.uint32(srgb[int(root * float(srgb.shape[0] - 1) + 0.5)])


@wp.func
def packed(shown: wp.vec3, srgb: wp.array(dtype=wp.uint8)) -> wp.uint32:
    """RGBA, red in the lowest byte, alpha 255; `srgb` is the code of a value, by the value's square root."""
    red = code(shown[0], srgb)
    green = code(shown[1], srgb)
    blue = code(shown[2], srgb)
    return red | (green << wp.uint32(8)) | (blue << wp.uint32(16)) | (wp.uint32(255) << wp.uint32(24))


@wp.func
def shown_of(rgba: wp.uint32, decoded: wp.array(dtype=wp.float32)) -> wp.vec3:
    """Linear RGB of packed sRGB. Args: decoded: as of `texture.Atlas`."""
    return wp.vec3(
        decoded[256 + int(rgba & wp.uint32(255))],
        decoded[256 + int((rgba >> wp.uint32(8)) & wp.uint32(255))],
        decoded[256 + int((rgba >> wp.uint32(16)) & wp.uint32(255))],
    )
