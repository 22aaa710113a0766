"""From light to bytes: the tone curve and sRGB."""

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
def packed(shown: wp.vec3, srgb: wp.array(dtype=wp.uint8)) -> wp.uint32:
    """RGBA, red in the lowest byte, alpha 255; `srgb` is the code of a value, by the value's square root."""
    last = float(srgb.shape[0] - 1)
    r = srgb[int(wp.sqrt(wp.clamp(shown[0], 0.0, 1.0)) * last + 0.5)]
    g = srgb[int(wp.sqrt(wp.clamp(shown[1], 0.0, 1.0)) * last + 0.5)]
    b = srgb[int(wp.sqrt(wp.clamp(shown[2], 0.0, 1.0)) * last + 0.5)]
    opaque = wp.uint32(255) << wp.uint32(24)
    return opaque | wp.uint32(r) | (wp.uint32(g) << wp.uint32(8)) | (wp.uint32(b) << wp.uint32(16))


@wp.func
def shown_of(rgba: wp.uint32, decoded: wp.array(dtype=wp.float32)) -> wp.vec3:
    """Linear RGB of packed sRGB. Args: decoded: as of `texture.Atlas`."""
    return wp.vec3(
        decoded[256 + int(rgba & wp.uint32(255))],
        decoded[256 + int((rgba >> wp.uint32(8)) & wp.uint32(255))],
        decoded[256 + int((rgba >> wp.uint32(16)) & wp.uint32(255))],
    )
