"""Points of geometries into camera space and onto the image."""

import warp as wp

from framepress.headless.render.kernels.lens import on_screen
from framepress.headless.render.kernels.structs import MODULE, Cam, Geo


@wp.kernel(module=MODULE)
def transform(
    geo: Geo,
    cam: Cam,
    blocks: wp.array(dtype=wp.vec3i),
    shown: wp.array(dtype=wp.int32),
    camera_from_leaf: wp.array(dtype=wp.mat44),
    first: int,
    lanes: int,
    vertices: wp.array(dtype=wp.vec3),
    screen: wp.array(dtype=wp.vec3),
):
    """Leaves that are not shown are left out.

    Args: blocks: leaf, first point, end. screen: `on_screen` of each vertex.
    """
    i, lane = wp.tid()
    block = blocks[first + i]
    leaf = block[0]
    if shown[leaf] == 0:
        return
    matrix = camera_from_leaf[leaf]
    point = geo.leaf_point[leaf]
    vertex = geo.leaf_vertex[leaf]
    for row in range(block[1] + lane, block[2], lanes):
        p = wp.transform_point(matrix, geo.points[point + row])
        vertices[vertex + row] = p
        screen[vertex + row] = on_screen(cam, p)
