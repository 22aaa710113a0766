"""Spheres about the chunks of geometries."""

# ruff: noqa: UP018 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.structs import MODULE


@wp.kernel(module=MODULE)
def enclose(
    points: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    pieces: wp.array(dtype=wp.vec2i),
    point: int,
    first: int,
    spheres: wp.array(dtype=wp.vec4),
):
    """Centre and radius about the triangles of a chunk whose points are all finite; radius -1 = there is none.

    Args: point: row of the geometry's first point. first: row of its first chunk.
    """
    chunk = first + wp.tid()
    piece = pieces[chunk]
    low = wp.vec3(1.0e38, 1.0e38, 1.0e38)
    high = wp.vec3(-1.0e38, -1.0e38, -1.0e38)
    for row in range(piece[0], piece[0] + piece[1]):
        corner = triangles[row]
        a = points[point + corner[0]]
        b = points[point + corner[1]]
        c = points[point + corner[2]]
        if wp.isfinite(a) and wp.isfinite(b) and wp.isfinite(c):
            low = wp.min(low, wp.min(a, wp.min(b, c)))
            high = wp.max(high, wp.max(a, wp.max(b, c)))
    sphere = wp.vec4(0.0, 0.0, 0.0, -1.0)
    if low[0] <= high[0]:
        centre = 0.5 * low + 0.5 * high
        radius = float(0.0)
        for row in range(piece[0], piece[0] + piece[1]):
            corner = triangles[row]
            for i in range(3):
                away = wp.length(points[point + corner[i]] - centre)
                if away > radius:  # not of NaN
                    radius = away
        # What the products of float32 may move a point by is some 1e-6 of how far it is.
        radius = radius * 1.0001 + 1.0e-6 * wp.max(wp.max(wp.abs(centre)), radius)
        sphere = wp.vec4(centre[0], centre[1], centre[2], radius)
        if not (radius < 1.0e18):
            # Its square is beyond float32: such a chunk is never out of sight.
            sphere = wp.vec4(0.0, 0.0, 0.0, 3.0e38)
    spheres[chunk] = sphere
