"""From the visibility buffer to the surface at a pixel: its normal, and where it was in the former frame.

Along the rays that meet a triangle, whatever is interpolated between its corners is, but for a factor, a matrix times
the ray: the sum of each corner's value times the plane of the edge opposite it.
"""

import warp as wp

from framepress.headless.render.kernels.lens import pixel_of, ray
from framepress.headless.render.kernels.lines import fill_normals
from framepress.headless.render.kernels.structs import MODULE, NOTHING, PINHOLE, Cam, Geo, chunk_of, triangle_row


@wp.func
def run_end(keys: wp.array2d(dtype=wp.uint64), y: int, x: int, end: int) -> int:
    """The column, at most `end`, up to which the row shows the triangle of column x: neighbours mostly share it."""
    code = wp.uint32(keys[y, x])
    stop = x + 1
    while stop < end and wp.uint32(keys[y, stop]) == code and keys[y, stop] != wp.uint64(0):
        stop += 1
    return stop


@wp.struct
class Corners:
    """Of a triangle in camera space."""

    a: wp.vec3
    b: wp.vec3
    c: wp.vec3
    normal: wp.vec3  # towards the eye, not of unit length
    sign: float  # of the edges' planes along rays that hit


@wp.func(inline=True)
def corners_of(vertices: wp.array(dtype=wp.vec3), first: int, triangle: wp.vec3i) -> Corners:
    corners = Corners()
    corners.a = vertices[first + triangle[0]]
    corners.b = vertices[first + triangle[1]]
    corners.c = vertices[first + triangle[2]]
    corners.normal = wp.cross(corners.b - corners.a, corners.c - corners.a)
    corners.sign = 1.0
    if wp.dot(corners.a, corners.normal) > 0.0:
        corners.normal = -corners.normal
    else:
        corners.sign = -1.0
    return corners


@wp.func(inline=True)
def blended(corners: Corners, at_a: wp.vec3, at_b: wp.vec3, at_c: wp.vec3) -> wp.mat33:
    """A ray to a positive multiple of what is interpolated where it meets the triangle."""
    a = corners.a
    b = corners.b
    c = corners.c
    return corners.sign * (
        wp.outer(at_a, wp.cross(b, c - b)) + wp.outer(at_b, wp.cross(c, a - c)) + wp.outer(at_c, wp.cross(a, b - a))
    )


@wp.func(inline=True)
def normals_of_run(
    geo: Geo,
    cam: Cam,
    ray_rows: wp.array2d(dtype=wp.float32),
    vertices: wp.array(dtype=wp.vec3),
    turn: wp.mat33,
    normal_from_leaf: wp.array(dtype=wp.mat33),
    key: wp.uint64,
    y: int,
    first: int,
    end: int,
    normals: wp.array2d(dtype=wp.vec4),
):
    leaf = geo.chunk_leaf[chunk_of(key)]
    row = triangle_row(geo, key)
    corners = corners_of(vertices, geo.leaf_vertex[leaf], geo.triangles[row])
    facet = turn * corners.normal
    at = geo.leaf_normal[leaf]
    blend = wp.mat33(0.0)
    if at != NOTHING:
        at += 3 * row
        matrix = normal_from_leaf[leaf]
        blend = blended(corners, matrix * geo.normals[at], matrix * geo.normals[at + 1], matrix * geo.normals[at + 2])
    height = (float(y) + 0.5 - cam.cy) * cam.per_fy
    fill_normals(blend, facet, cam.model == PINHOLE, cam.cx, cam.per_fx, height, ray_rows, y, first, end, normals)


@wp.kernel(module=MODULE)
def resolve_normals(
    geo: Geo,
    cam: Cam,
    ray_rows: wp.array2d(dtype=wp.float32),
    vertices: wp.array(dtype=wp.vec3),
    turn: wp.mat33,
    normal_from_leaf: wp.array(dtype=wp.mat33),
    keys: wp.array2d(dtype=wp.uint64),
    top: int,
    span: int,
    normals: wp.array2d(dtype=wp.vec4),
):
    """Shading normals, on the side of the facet that the camera sees; `span` pixels of a row at a time.

    Args: turn: camera space to the world. normal_from_leaf: a local normal to a direction in the world, not unit.
    """
    i, j = wp.tid()
    y = top + i
    x = j * span
    end = wp.min(x + span, cam.width)
    while x < end:
        key = keys[y, x]
        stop = x + 1
        if key == wp.uint64(0):
            normals[y, x] = wp.vec4(0.0, 0.0, 0.0, 0.0)
        else:
            stop = run_end(keys, y, x, end)
            normals_of_run(geo, cam, ray_rows, vertices, turn, normal_from_leaf, key, y, x, stop, normals)
        x = stop


@wp.func(inline=True)
def motion_of_run(
    geo: Geo,
    cam: Cam,
    rays: wp.array2d(dtype=wp.vec3),
    vertices: wp.array(dtype=wp.vec3),
    camera_from_leaf: wp.array(dtype=wp.mat44),
    former_cam: Cam,
    former_from_leaf: wp.array(dtype=wp.mat44),
    key: wp.uint64,
    y: int,
    first: int,
    end: int,
    motion: wp.array2d(dtype=wp.vec4),
):
    leaf = geo.chunk_leaf[chunk_of(key)]
    triangle = geo.triangles[triangle_row(geo, key)]
    corners = corners_of(vertices, geo.leaf_vertex[leaf], triangle)
    point = geo.leaf_point[leaf]
    now_from_leaf = camera_from_leaf[leaf]
    then_from_leaf = former_from_leaf[leaf]
    now = blended(
        corners,
        wp.transform_point(now_from_leaf, geo.points[point + triangle[0]]),
        wp.transform_point(now_from_leaf, geo.points[point + triangle[1]]),
        wp.transform_point(now_from_leaf, geo.points[point + triangle[2]]),
    )
    then = blended(
        corners,
        wp.transform_point(then_from_leaf, geo.former[point + triangle[0]]),
        wp.transform_point(then_from_leaf, geo.former[point + triangle[1]]),
        wp.transform_point(then_from_leaf, geo.former[point + triangle[2]]),
    )
    for x in range(first, end):
        d = ray(cam, rays, x, y)
        at = pixel_of(cam, now * d)
        was = pixel_of(former_cam, then * d)
        moved = wp.vec4(was[0] - at[0], was[1] - at[1], 0.0, 0.0)
        if at[2] < 0.5 or was[2] < 0.5:
            moved = wp.vec4(0.0, 0.0, 0.0, 0.0)
        motion[y, x] = moved


@wp.kernel(module=MODULE)
def resolve_motion(
    geo: Geo,
    cam: Cam,
    rays: wp.array2d(dtype=wp.vec3),
    vertices: wp.array(dtype=wp.vec3),
    camera_from_leaf: wp.array(dtype=wp.mat44),
    former_cam: Cam,
    former_from_leaf: wp.array(dtype=wp.mat44),
    keys: wp.array2d(dtype=wp.uint64),
    top: int,
    span: int,
    motion: wp.array2d(dtype=wp.vec4),
):
    """The former pixel of a surface point less its pixel now; 0 where nothing is hit or the former lens saw it nowhere.

    Both come by the same way from the corners, so that what has not moved has exactly 0.
    """
    i, j = wp.tid()
    y = top + i
    x = j * span
    end = wp.min(x + span, cam.width)
    while x < end:
        key = keys[y, x]
        stop = x + 1
        if key == wp.uint64(0):
            motion[y, x] = wp.vec4(0.0, 0.0, 0.0, 0.0)
        else:
            stop = run_end(keys, y, x, end)
            motion_of_run(
                geo, cam, rays, vertices, camera_from_leaf, former_cam, former_from_leaf, key, y, x, stop, motion
            )
        x = stop
