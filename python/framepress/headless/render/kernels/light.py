"""Light that comes from everywhere: domes, and how a metal/rough surface mirrors them.

Directions have the world's axes; points lie relative to the camera, so that a scene far from its origin keeps its
bits. All colours here are already multiplied by the exposure.
"""

import warp as wp

from framepress.headless.render.kernels.texture import Atlas, bilinear

INVERSE_PI = wp.constant(0.3183098861837907)

OCTAHEDRON = (256, 128, 64, 32, 16, 8)
"""Texels a side of the filtered levels of a dome; roughness 0, 0.2 ... 1."""

FINEST = wp.constant(256)


@wp.struct
class Dome:
    """A dome light with a texture; one without is part of `Lighting.ambient`."""

    turn: wp.mat33  # world to the dome's own axes: y up, z towards the middle of the image
    color: wp.vec3
    texture: wp.int32
    first: wp.int32  # its first texel in `Lighting.filtered`


@wp.struct
class Lighting:
    lamps: wp.array2d(dtype=wp.float32)  # see `lamps.lamplight`; those with a shadow map come first
    domes: wp.array(dtype=Dome)
    dome_count: wp.int32
    ambient: wp.vec3  # radiance from everywhere, of the domes without texture
    indirect: wp.float32  # from everywhere too, but no background
    diffuse: wp.array(dtype=wp.vec3)  # (10,) of all this: irradiance / pi for a normal, see `skylight`
    filtered: wp.array(dtype=wp.vec3)  # octahedral maps of every dome's texture, see `environment.py`
    shadow_count: wp.int32
    shadow_from_view: wp.array(dtype=wp.mat44)  # relative to the camera -> texel column, row, height towards the light
    shadow_depths: wp.array(dtype=wp.uint32)  # square maps, one after the other
    shadow_side: wp.int32  # texels
    shadow_texel: wp.array(dtype=wp.float32)  # scene units a texel, of each map


@wp.func
def longitude_latitude(d: wp.vec3) -> wp.vec2:
    """Texture coordinates (v upwards) of a unit vector in a dome's own axes, as OpenEXR lays such images out."""
    return wp.vec2(
        0.5 - wp.atan2(d[0], d[2]) * 0.15915494309189535, wp.asin(wp.clamp(d[1], -1.0, 1.0)) * INVERSE_PI + 0.5
    )


@wp.func
def dome_texel(atlas: Atlas, texture: int, level: int, d: wp.vec3) -> wp.vec3:
    uv = longitude_latitude(d)
    # The rows at the poles have no neighbour beyond: the opposite pole must not bleed in.
    half = 0.5 / float(wp.max(atlas.images[texture * 5 + 2] >> level, 1))
    value = bilinear(atlas, texture, 0, level, wp.vec2(uv[0], wp.clamp(uv[1], half, 1.0 - half)))
    return wp.vec3(value[0], value[1], value[2])


@wp.func
def background(atlas: Atlas, light: Lighting, d: wp.vec3) -> wp.vec3:
    """Radiance from direction `d` (unit, world) where no surface is."""
    value = light.ambient
    for i in range(light.dome_count):
        dome = light.domes[i]
        value += wp.cw_mul(dome.color, dome_texel(atlas, dome.texture, 0, dome.turn * d))
    return value


@wp.func
def skylight(light: Lighting, n: wp.vec3) -> wp.vec3:
    """Irradiance over pi, of all but lamps, on a surface with normal `n`: a quadratic polynomial
    (Ramamoorthi and Hanrahan, An Efficient Representation for Irradiance Environment Maps, 2001)."""
    c = light.diffuse
    value = c[0] + c[1] * n[0] + c[2] * n[1] + c[3] * n[2]
    value += c[4] * (n[0] * n[0]) + c[5] * (n[1] * n[1]) + c[6] * (n[2] * n[2])
    value += c[7] * (n[0] * n[1]) + c[8] * (n[1] * n[2]) + c[9] * (n[0] * n[2])
    return wp.vec3(wp.max(value[0], 0.0), wp.max(value[1], 0.0), wp.max(value[2], 0.0))


@wp.func
def octahedral(d: wp.vec3) -> wp.vec2:
    """The square [-1, 1]^2 on which a direction falls."""
    s = wp.abs(d[0]) + wp.abs(d[1]) + wp.abs(d[2])
    x = d[0] / s
    y = d[1] / s
    if d[2] < 0.0:
        folded = (1.0 - wp.abs(y)) * wp.where(x >= 0.0, 1.0, -1.0)
        y = (1.0 - wp.abs(x)) * wp.where(y >= 0.0, 1.0, -1.0)
        x = folded
    return wp.vec2(x, y)


@wp.func
def direction(x: float, y: float) -> wp.vec3:
    """Inverse of `octahedral`."""
    z = 1.0 - wp.abs(x) - wp.abs(y)
    fold = wp.max(-z, 0.0)
    return wp.normalize(wp.vec3(x - wp.where(x >= 0.0, fold, -fold), y - wp.where(y >= 0.0, fold, -fold), z))


@wp.func
def mirrored(light: Lighting, d: wp.vec3, roughness: float) -> wp.vec3:
    """What comes from direction `d` (world), but for lamps, as a surface of this roughness mirrors it."""
    value = light.ambient + wp.vec3(light.indirect, light.indirect, light.indirect)
    for k in range(light.dome_count):
        dome = light.domes[k]
        level = wp.clamp(int(roughness * 5.0 + 0.5), 0, 5)
        side = FINEST
        first = dome.first
        for _i in range(level):
            first += (side + 2) * (side + 2)
            side = side >> 1
        at = octahedral(dome.turn * d)
        # A border of one texel repeats what lies across the fold.
        x = (at[0] * 0.5 + 0.5) * float(side) + 0.5
        y = (at[1] * 0.5 + 0.5) * float(side) + 0.5
        i = wp.clamp(int(x), 0, side)
        j = wp.clamp(int(y), 0, side)
        across = x - float(i)
        down = y - float(j)
        row = first + j * (side + 2) + i
        upper = light.filtered[row] * (1.0 - across) + light.filtered[row + 1] * across
        row += side + 2
        lower = light.filtered[row] * (1.0 - across) + light.filtered[row + 1] * across
        value += wp.cw_mul(dome.color, upper * (1.0 - down) + lower * down)
    return value


@wp.func
def ambient_share(n_v: float, roughness: float) -> wp.vec2:
    """Scale and offset of f0 in what a surface mirrors of an even environment: the fit of
    Karis, Physically Based Shading on Mobile, 2014."""
    x = 1.0 - roughness
    y = 0.0425 - 0.0275 * roughness
    z = 1.04 - 0.572 * roughness
    w = 0.022 * roughness - 0.04
    a = wp.min(x * x, wp.pow(2.0, -9.28 * n_v)) * x + y
    return wp.vec2(z - 1.04 * a, w + 1.04 * a)
