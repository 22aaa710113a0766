"""Shadow maps of distant lights: for each texel of a square seen along the light, how high the highest surface is.

Map space: x and y in texels (the centre of texel i at i + 0.5), z in scene units towards the light, from 0 at the
lowest point of what the map holds. A height's float32 bits order as integers do, so that an atomic maximum keeps the
highest; 0 = nothing.
"""

# ruff: noqa: UP018 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.light import Lighting
from framepress.headless.render.kernels.structs import Geo, corner_uv, material_of
from framepress.headless.render.kernels.texture import MODULE, opacity_at

LOWEST = wp.constant(1.0e-30)
"""A height of 0 or below is raised to this, of what casts and of what is shaded: 0 is nothing."""


@wp.kernel(module=MODULE)
def move(
    geo: Geo,
    blocks: wp.array(dtype=wp.vec3i),
    map_from_leaf: wp.array(dtype=wp.mat44),
    first: int,
    moved: wp.array(dtype=wp.vec3),
):
    """Vertices in map space. Args: blocks: leaf, first vertex of it, end."""
    block = blocks[first + wp.tid()]
    leaf = block[0]
    matrix = map_from_leaf[leaf]
    source = geo.leaf_point[leaf]
    target = geo.leaf_vertex[leaf]
    for i in range(block[1], block[2]):
        moved[target + i] = wp.transform_point(matrix, geo.points[source + i])


@wp.func
def row_extent(m: wp.mat44, i: int) -> float:
    """How far the image of a unit sphere reaches along axis `i`."""
    return wp.sqrt(m[i, 0] * m[i, 0] + m[i, 1] * m[i, 1] + m[i, 2] * m[i, 2])


@wp.func
def solid(geo: Geo, leaf: int, row: int, weights: wp.vec3) -> bool:
    """Whether a triangle has no hole there."""
    material = material_of(geo, leaf, row)
    threshold = geo.surfaces[material].threshold
    held = bool(True)
    if threshold > 0.0:
        held = opacity_at(geo.atlas, geo.surfaces, material, corner_uv(geo, leaf, row, weights)) >= threshold
    return held


@wp.func_native("""
#if defined(__CUDA_ARCH__)
    for (int x = first; x < end; ++x) {
        const float column = (float)x + 0.5f;
        const float wb = slope[0] * column + value[0];
        const float wc = slope[1] * column + value[1];
        const float height = slope[2] * column + value[2];
        if (min(min(wb, wc), 1.0f - wb - wc) >= 0.0f)
            atomicMax(&index(depths, line + x), __float_as_uint(max(height, 1.0e-30f)));
    }
#else
    typedef float floats __attribute__((ext_vector_type(8)));
    typedef int ints __attribute__((ext_vector_type(8)));
    typedef unsigned int codes __attribute__((ext_vector_type(8)));
    typedef unsigned int loose __attribute__((ext_vector_type(8), aligned(4)));
    const floats lanes = {0.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f};
    for (int x = first & ~7; x < end; x += 8) {
        const floats column = lanes + (float)x;
        const floats wb = slope[0] * column + value[0];
        const floats wc = slope[1] * column + value[1];
        const floats height = slope[2] * column + value[2];
        const ints hit = (wb >= 0.0f) & (wc >= 0.0f) & (1.0f - wb - wc >= 0.0f);
        loose* at = (loose*)(depths.data + line + x);
        const codes old = *at;
        codes found = __builtin_bit_cast(codes, height > 1.0e-30f ? height : (floats)(1.0e-30f));
        found &= __builtin_bit_cast(codes, hit);
        *at = found > old ? found : old;
    }
#endif
""")
def raise_line(slope: wp.vec3, value: wp.vec3, first: int, end: int, line: int, depths: wp.array(dtype=wp.uint32)):
    """A triangle into a map's row that begins at `line`: `LOWEST` or its height where that is above what is there.

    In C++, for on the CPU eight texels are taken at a time; on CUDA a thread goes from texel to texel. Rows are a
    multiple of eight long.

    Args:
        slope, value: two corners' weights and the height are slope * (column + 0.5) + value.
        first, end: columns, all that the triangle can cover; others need not be left out.
    """
    ...


@wp.kernel(module=MODULE)
def cast(
    geo: Geo,
    map_from_leaf: wp.array(dtype=wp.mat44),
    casts: wp.array(dtype=wp.int32),
    moved: wp.array(dtype=wp.vec3),
    side: int,
    low: int,
    high: int,
    start: int,
    depths: wp.array(dtype=wp.uint32),
):
    """One chunk of triangles into the rows [low, high) of the map that begins at `start`."""
    chunk = wp.tid()
    leaf = geo.chunk_leaf[chunk]
    if casts[leaf] == 0:
        return
    piece = geo.chunk_piece[chunk]
    sphere = geo.spheres[piece]
    if sphere[3] < 0.0:
        return
    matrix = map_from_leaf[leaf]
    centre = wp.transform_point(matrix, wp.vec3(sphere[0], sphere[1], sphere[2]))
    reach = sphere[3] * row_extent(matrix, 0)
    if centre[0] + reach < 0.0 or centre[0] - reach > float(side):
        return
    reach = sphere[3] * row_extent(matrix, 1)
    if centre[1] + reach < float(low) or centre[1] - reach > float(high):
        return
    vertex = geo.leaf_vertex[leaf]
    cut = geo.leaf_cut[leaf]
    rows = geo.pieces[piece]
    for row in range(rows[0], rows[0] + rows[1]):
        corners = geo.triangles[row]
        a = moved[vertex + corners[0]]
        b = moved[vertex + corners[1]]
        c = moved[vertex + corners[2]]
        x0 = wp.max(int(wp.ceil(wp.max(wp.min(a[0], wp.min(b[0], c[0])), 0.0) - 0.5)), 0)
        x1 = wp.min(int(wp.ceil(wp.min(wp.max(a[0], wp.max(b[0], c[0])), float(side)) - 0.5)), side)
        y0 = wp.max(int(wp.ceil(wp.max(wp.min(a[1], wp.min(b[1], c[1])), float(low)) - 0.5)), low)
        y1 = wp.min(int(wp.ceil(wp.min(wp.max(a[1], wp.max(b[1], c[1])), float(high)) - 0.5)), high)
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if x0 < x1 and y0 < y1 and area != 0.0:
            share = 1.0 / area
            b_x = (c[1] - a[1]) * share
            b_y = (a[0] - c[0]) * share
            c_x = (a[1] - b[1]) * share
            c_y = (b[0] - a[0]) * share
            z_b = b[2] - a[2]
            z_c = c[2] - a[2]
            for y in range(y0, y1):
                down = float(y) + 0.5 - a[1]
                value = wp.vec3(b_y * down - b_x * a[0], c_y * down - c_x * a[0], 0.0)
                value[2] = a[2] + z_b * value[0] + z_c * value[1]
                slope = wp.vec3(b_x, c_x, z_b * b_x + z_c * c_x)
                line = start + y * side
                if cut == 0:
                    raise_line(slope, value, x0, x1, line, depths)
                else:
                    for x in range(x0, x1):
                        column = float(x) + 0.5
                        wb = slope[0] * column + value[0]
                        wc = slope[1] * column + value[1]
                        if wp.min(wp.min(wb, wc), 1.0 - wb - wc) >= 0.0:
                            if solid(geo, leaf, row, wp.vec3(1.0 - wb - wc, wb, wc)):
                                height = wp.max(slope[2] * column + value[2], LOWEST)
                                wp.atomic_max(depths, line + x, wp.cast(height, wp.uint32))


@wp.func_native("""
#if defined(__CUDA_ARCH__)
    float total = 0.0f;
    for (int v = -1; v < 3; ++v) {
        const float weight_y = v == -1 ? 1.0f - down : v == 2 ? down : 1.0f;
        for (int u = -1; u < 3; ++u) {
            const float weight_x = u == -1 ? 1.0f - across : u == 2 ? across : 1.0f;
            const float height = __uint_as_float(index(depths, base + v * side + u));
            const float plane = max(low + slope_y * (float)v + slope_x * (float)u, 1.0e-30f);
            total += height <= plane ? weight_y * weight_x : 0.0f;
        }
    }
    return total / 9.0f;
#else
    typedef float quad __attribute__((ext_vector_type(4)));
    typedef float loose __attribute__((ext_vector_type(4), aligned(4)));
    const quad columns = {-1.0f, 0.0f, 1.0f, 2.0f};
    const quad weight_x = {1.0f - across, 1.0f, 1.0f, across};
    quad total = 0.0f;
    for (int v = -1; v < 3; ++v) {
        const float weight_y = v == -1 ? 1.0f - down : v == 2 ? down : 1.0f;
        const quad height = *(const loose*)(depths.data + base + v * side - 1);
        const quad plane = low + slope_y * (float)v + slope_x * columns;
        total += height <= (plane > 1.0e-30f ? plane : (quad)(1.0e-30f)) ? weight_y * weight_x : 0.0f;
    }
    return (total[0] + total[1] + total[2] + total[3]) / 9.0f;
#endif
""")
def tent(
    depths: wp.array(dtype=wp.uint32),
    base: int,
    side: int,
    low: float,
    slope_x: float,
    slope_y: float,
    across: float,
    down: float,
) -> float:
    """The weight, of 1, of the texels about a point in which nothing is higher than a plane: 3 x 3 texels with the
    point in their middle, each a mean of four by the point's place between them. In C++, a row at a time.

    Args:
        base: index of the texel whose centre is left of and above the point, or at it.
        low, slope_x, slope_y: the plane's height at that centre, and how it grows by column and row.
        across, down: from that centre to the point, in [0, 1).
    """
    ...


@wp.func
def reached(light: Lighting, map: int, place: wp.vec3, n: wp.vec3, facet: wp.vec3) -> float:
    """Share of a distant light that reaches a point, over 3 x 3 texels about it with a tent's weights.

    Each texel is compared with the height of the surface's own plane at that texel, so that a slope does not shade
    itself; outside of the map all is lit.

    Args:
        place: relative to the camera. n, facet: normals of shading and of the triangle, towards the camera's side.
    """
    matrix = light.shadow_from_view[map]
    texel = light.shadow_texel[map]
    at = wp.transform_point(matrix, place + n * (1.25 * texel))
    plane = wp.transform_vector(matrix, facet)
    # A normal goes by the inverse transpose, for the map's columns are texels, and its heights units.
    slope_x = float(0.0)
    slope_y = float(0.0)
    along = plane[2]
    limit = 4.0 * texel
    if wp.abs(along) > 1.0e-12:
        slope_x = wp.clamp(-plane[0] * texel * texel / along, -limit, limit)
        slope_y = wp.clamp(-plane[1] * texel * texel / along, -limit, limit)
    side = light.shadow_side
    x = at[0] - 0.5
    y = at[1] - 0.5
    i = int(wp.floor(x))
    j = int(wp.floor(y))
    share = float(1.0)
    if i >= 1 and j >= 1 and i < side - 2 and j < side - 2:
        across = x - float(i)
        down = y - float(j)
        base = map * side * side + j * side + i
        low = at[2] + 0.5 * texel - slope_x * across - slope_y * down
        share = tent(light.shadow_depths, base, side, low, slope_x, slope_y, across, down)
    return share
