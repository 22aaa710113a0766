"""Reading textures: wrap modes, mip levels, bilinear filtering in linear light, the alpha test."""

import warp as wp

MODULE = "framepress.headless.render.kernels.picture"
"""Warp's module of all kernels that pictures need: one to compile, and only where a picture is asked for."""

wp.set_module_options({"enable_backward": False, "fast_math": False, "fuse_fp": False}, module=MODULE)

WRAPS = ("repeat", "mirror", "clamp", "black")
"""`TextureUse.wrap`, at the place of its code."""

REPEAT = wp.constant(0)
MIRROR = wp.constant(1)
BLACK = wp.constant(3)

SPAN = wp.constant(32)
"""Texels that a thread of `halve_even` makes."""

DARKEST = wp.constant(2.0**-13)
"""Linear light of sRGB's code 0, as what is darker."""


@wp.struct
class Atlas:
    """All textures of a scene, every one with its mip levels."""

    texels: wp.array(dtype=wp.uint32)  # RGBA, red in the lowest byte; row 0 at the top; level 0 first, then its halves
    images: wp.array(dtype=wp.int32)  # five a texture: first texel, width, height, levels, 1 = sRGB
    decoded: wp.array(dtype=wp.float32)  # (512,) value of a byte: linear, then sRGB


@wp.struct
class Use:
    """`scene.TextureUse`: texture -1 = none; uv' = (a u + b v + c, d u + e v + f)."""

    texture: wp.int32
    wrap: wp.int32
    channel: wp.int32  # 0 r, 1 g, 2 b, 3 a
    a: wp.float32
    b: wp.float32
    c: wp.float32
    d: wp.float32
    e: wp.float32
    f: wp.float32


@wp.struct
class Surface:
    """`scene.Material`."""

    diffuse: wp.vec3
    emissive: wp.vec3
    roughness: wp.float32
    metallic: wp.float32
    opacity: wp.float32
    threshold: wp.float32  # cut out where opacity is below; 0 = never
    diffuse_use: Use
    emissive_use: Use
    roughness_use: Use
    metallic_use: Use
    opacity_use: Use


@wp.func
def placed(use: Use, uv: wp.vec2) -> wp.vec2:
    return wp.vec2(use.a * uv[0] + use.b * uv[1] + use.c, use.d * uv[0] + use.e * uv[1] + use.f)


@wp.func
def wrapped(i: int, n: int, wrap: int) -> int:
    """Texel column or row, of n. Args: i: at most one off the first period: [-1, n], of a mirror [-1, 2 n]."""
    j = i
    if wrap == REPEAT:
        if j < 0:
            j += n
        if j >= n:
            j -= n
    elif wrap == MIRROR:
        if j < 0:
            j = -1 - j
        if j >= n:
            j = wp.max(2 * n - 1 - j, 0)
    else:
        j = wp.clamp(i, 0, n - 1)
    return j


@wp.func
def texel(atlas: Atlas, at: int, table: int) -> wp.vec4:
    rgba = atlas.texels[at]
    return wp.vec4(
        atlas.decoded[table + int(rgba & wp.uint32(255))],
        atlas.decoded[table + int((rgba >> wp.uint32(8)) & wp.uint32(255))],
        atlas.decoded[table + int((rgba >> wp.uint32(16)) & wp.uint32(255))],
        atlas.decoded[int(rgba >> wp.uint32(24))],
    )


@wp.func
def bilinear(atlas: Atlas, texture: int, wrap: int, level: int, uv: wp.vec2) -> wp.vec4:
    """Linear RGB and alpha at `uv` (v upwards); outside of [0, 1] as the wrap mode says."""
    row = texture * 5
    first = atlas.images[row]
    width = atlas.images[row + 1]
    height = atlas.images[row + 2]
    table = atlas.images[row + 4] * 256
    for _i in range(level):
        first += width * height
        width = wp.max(width >> 1, 1)
        height = wp.max(height >> 1, 1)
    u = uv[0]
    v = uv[1]
    if not wp.isfinite(u + v):
        u = 0.0
        v = 0.0
    # Whole turns go first: a coordinate of thousands has no bits left for texels.
    if wrap == REPEAT:
        u = u - wp.floor(u)
        v = v - wp.floor(v)
    elif wrap == MIRROR:
        u = u - 2.0 * wp.floor(0.5 * u)
        v = v - 2.0 * wp.floor(0.5 * v)
    else:
        u = wp.clamp(u, -1.0, 2.0)
        v = wp.clamp(v, -1.0, 2.0)
    x = u * float(width) - 0.5
    y = (1.0 - v) * float(height) - 0.5
    left = wp.floor(x)
    top = wp.floor(y)
    across = x - left
    down = y - top
    x0 = wrapped(int(left), width, wrap)
    x1 = wrapped(int(left) + 1, width, wrap)
    y0 = first + wrapped(int(top), height, wrap) * width
    y1 = first + wrapped(int(top) + 1, height, wrap) * width
    upper = texel(atlas, y0 + x0, table) * (1.0 - across) + texel(atlas, y0 + x1, table) * across
    lower = texel(atlas, y1 + x0, table) * (1.0 - across) + texel(atlas, y1 + x1, table) * across
    value = upper * (1.0 - down) + lower * down
    if wrap == BLACK:
        if uv[0] < 0.0 or uv[0] > 1.0 or uv[1] < 0.0 or uv[1] > 1.0:
            value = wp.vec4(0.0, 0.0, 0.0, 0.0)
    return value


@wp.func
def sample(atlas: Atlas, use: Use, uv: wp.vec2, footprint: float) -> wp.vec4:
    """The value at a corner-interpolated `uv` of the mesh, from the nearest mip level.

    Args:
        footprint: pixel's area in squared units of the mesh's uv.
    """
    row = use.texture * 5
    texels = footprint * wp.abs(use.a * use.e - use.b * use.d)
    texels *= float(atlas.images[row + 1]) * float(atlas.images[row + 2])
    # The level is half of log2 of the area, rounded; the whole part of log2 is a float's exponent.
    log = int(wp.cast(wp.max(texels, 1.0), wp.uint32) >> wp.uint32(23)) - 127
    level = wp.min((log + 1) >> 1, atlas.images[row + 3] - 1)
    return bilinear(atlas, use.texture, use.wrap, level, placed(use, uv))


@wp.func
def opacity_at(atlas: Atlas, surfaces: wp.array(dtype=Surface), material: int, uv: wp.vec2) -> float:
    """Opacity at `uv`, of the finest level: a cut-out's outline must not depend on the distance."""
    opacity = surfaces[material].opacity
    use = surfaces[material].opacity_use
    if use.texture >= 0:
        value = bilinear(atlas, use.texture, use.wrap, 0, placed(use, uv))
        opacity = value[use.channel]
    return opacity


@wp.struct
class Encoding:
    """From linear light to sRGB, to the nearest byte and without a power."""

    codes: wp.array(dtype=wp.uint8)  # of the least value of each step of floats, from `DARKEST` on, 128 steps an octave
    limits: wp.array(dtype=wp.float32)  # (256,) the least value beyond each code; no step holds two


@wp.func
def encoded(value: float, srgb: int, encoding: Encoding) -> wp.uint32:
    """The nearest byte."""
    code = wp.uint32(int(wp.clamp(value, 0.0, 1.0) * 255.0 + 0.5))
    if srgb == 1:
        light = wp.clamp(value, DARKEST, 1.0)
        step = wp.int32(wp.cast(light, wp.uint32) >> wp.uint32(16)) - wp.int32(
            wp.cast(DARKEST, wp.uint32) >> wp.uint32(16)
        )
        code = wp.uint32(encoding.codes[step])
        if light >= encoding.limits[int(code)]:
            code += wp.uint32(1)
    return code


@wp.func
def texel_of(plain: wp.vec4, weighted: wp.vec4, srgb: int, encoding: Encoding) -> wp.uint32:
    """Of means of linear RGB and alpha, and of RGB times alpha, and alpha."""
    colour = wp.vec3(plain[0], plain[1], plain[2])
    if weighted[3] > 0.0:
        # Otherwise the colour under a cut-out's holes would bleed into its leaves.
        colour = wp.vec3(weighted[0], weighted[1], weighted[2]) / weighted[3]
    return (
        encoded(colour[0], srgb, encoding)
        | (encoded(colour[1], srgb, encoding) << wp.uint32(8))
        | (encoded(colour[2], srgb, encoding) << wp.uint32(16))
        | (encoded(plain[3], 0, encoding) << wp.uint32(24))
    )


@wp.kernel(module=MODULE)
def halve(atlas: Atlas, encoding: Encoding, source: int, width: int, height: int, srgb: int, first: int):
    """A texel of the next mip level: the exact area mean of what it covers, in linear light, colours by their alpha."""
    i = wp.tid()
    w = wp.max(width >> 1, 1)
    h = wp.max(height >> 1, 1)
    wide = float(width) / float(w)
    high = float(height) / float(h)
    x0 = float(i % w) * wide
    y0 = float(i // w) * high
    total = wp.vec4(0.0, 0.0, 0.0, 0.0)
    plain = wp.vec4(0.0, 0.0, 0.0, 0.0)
    for y in range(int(y0), wp.min(int(wp.ceil(y0 + high)), height)):
        rows = wp.min(float(y + 1), y0 + high) - wp.max(float(y), y0)
        for x in range(int(x0), wp.min(int(wp.ceil(x0 + wide)), width)):
            share = rows * (wp.min(float(x + 1), x0 + wide) - wp.max(float(x), x0)) / (wide * high)
            value = texel(atlas, source + y * width + x, srgb * 256)
            plain += value * share
            weight = share * value[3]
            total += wp.vec4(value[0] * weight, value[1] * weight, value[2] * weight, weight)
    atlas.texels[first + i] = texel_of(plain, total, srgb, encoding)


@wp.func
def weight_of(value: wp.vec4) -> wp.vec4:
    """RGB times alpha, and alpha."""
    return wp.vec4(value[0] * value[3], value[1] * value[3], value[2] * value[3], value[3])


@wp.kernel(module=MODULE)
def halve_even(atlas: Atlas, encoding: Encoding, source: int, width: int, srgb: int, first: int):
    """As `halve`, of an image of even sides: `SPAN` texels of a row, each the mean of two by two."""
    y, j = wp.tid()
    w = width >> 1
    table = srgb * 256
    for x in range(j * SPAN, wp.min(j * SPAN + SPAN, w)):
        at = source + (2 * y * width + 2 * x)
        a = texel(atlas, at, table)
        b = texel(atlas, at + 1, table)
        c = texel(atlas, at + width, table)
        d = texel(atlas, at + width + 1, table)
        plain = (a + b + c + d) * 0.25
        weighted = plain
        if plain[3] < 1.0:
            weighted = (weight_of(a) + weight_of(b) + weight_of(c) + weight_of(d)) * 0.25
        atlas.texels[first + y * w + x] = texel_of(plain, weighted, srgb, encoding)
