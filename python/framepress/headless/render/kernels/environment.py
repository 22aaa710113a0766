"""Filtering a dome's texture for surfaces of every roughness; run once a texture."""

# ruff: noqa: UP018 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.light import direction, dome_texel
from framepress.headless.render.kernels.texture import MODULE, Atlas

SAMPLES = wp.constant(32)


@wp.func
def turned_bits(i: int) -> float:
    """Van der Corput's sequence in base 2: the bits of `i` behind the point, in [0, 1)."""
    value = float(0.0)
    share = float(0.5)
    rest = i
    for _bit in range(5):
        value += share * float(rest & 1)
        rest = rest >> 1
        share *= 0.5
    return value


@wp.func
def lobe(atlas: Atlas, texture: int, r: wp.vec3, roughness: float) -> wp.vec3:
    """Mean of the texture over the GGX lobe about `r`, seen head on; each sample from the mip level that its share
    of the sphere calls for (Colbert and Krivanek, GPU-Based Importance Sampling, GPU Gems 3)."""
    side = wp.vec3(1.0, 0.0, 0.0)
    if wp.abs(r[0]) > 0.7:
        side = wp.vec3(0.0, 1.0, 0.0)
    x_axis = wp.normalize(wp.cross(side, r))
    y_axis = wp.cross(r, x_axis)
    alpha = roughness * roughness
    a2 = alpha * alpha
    texels = float(atlas.images[texture * 5 + 1]) * float(atlas.images[texture * 5 + 2])
    total = wp.vec3(0.0, 0.0, 0.0)
    weight = float(0.0)
    for i in range(SAMPLES):
        u = (float(i) + 0.5) / float(SAMPLES)
        turn = 6.283185307179586 * turned_bits(i)
        cos = wp.sqrt((1.0 - u) / (1.0 + (a2 - 1.0) * u))
        sin = wp.sqrt(1.0 - cos * cos)
        h = x_axis * (sin * wp.cos(turn)) + y_axis * (sin * wp.sin(turn)) + r * cos
        way = h * (2.0 * cos) - r
        towards = wp.dot(way, r)
        if towards > 0.0:
            d = cos * cos * (a2 - 1.0) + 1.0
            density = a2 / (12.566370614359172 * d * d)
            covered = texels / (12.566370614359172 * density * float(SAMPLES))
            level = wp.clamp(int(0.5 * wp.log2(wp.max(covered, 1.0)) + 1.0), 0, atlas.images[texture * 5 + 3] - 1)
            total += dome_texel(atlas, texture, level, wp.normalize(way)) * towards
            weight += towards
    return total / weight


@wp.kernel(module=MODULE)
def filter_dome(atlas: Atlas, texture: int, side: int, roughness: float, first: int, filtered: wp.array(dtype=wp.vec3)):
    """One texel of an octahedral map with a border of one texel, side + 2 a row."""
    i = wp.tid()
    x = i % (side + 2) - 1
    y = i // (side + 2) - 1
    # Across an edge of the square the octahedron goes on where the edge is turned around its middle.
    if x < 0 or x >= side:
        x = wp.clamp(x, 0, side - 1)
        y = side - 1 - y
    if y < 0 or y >= side:
        y = wp.clamp(y, 0, side - 1)
        x = side - 1 - x
    d = direction((float(x) + 0.5) / float(side) * 2.0 - 1.0, (float(y) + 0.5) / float(side) * 2.0 - 1.0)
    value = wp.vec3(0.0, 0.0, 0.0)
    if roughness == 0.0:
        covered = float(atlas.images[texture * 5 + 1]) * float(atlas.images[texture * 5 + 2]) / float(side * side)
        level = wp.clamp(int(0.5 * wp.log2(wp.max(covered, 1.0)) + 0.5), 0, atlas.images[texture * 5 + 3] - 1)
        value = dome_texel(atlas, texture, level, d)
    else:
        value = lobe(atlas, texture, d, roughness)
    filtered[first + i] = value
