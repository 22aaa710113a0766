"""From the visibility buffer to the surface at a pixel: its normal, and where it was in the former frame."""

# ruff: noqa: UP018, RUF046 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.lens import on_screen, ray
from framepress.headless.render.kernels.raster import Plane, plane_of
from framepress.headless.render.kernels.structs import MODULE, NOTHING, Cam, Geo, chunk_of, triangle_row


@wp.func
def seen_plane(geo: Geo, vertices: wp.array(dtype=wp.vec3), leaf: int, row: int) -> Plane:
    corner = geo.triangles[row]
    first = geo.leaf_vertex[leaf]
    return plane_of(vertices[first + corner[0]], vertices[first + corner[1]], vertices[first + corner[2]])


@wp.func
def weights_of(plane: Plane, d: wp.vec3) -> wp.vec3:
    """Barycentric coordinates of where a ray meets the plane."""
    weights = wp.vec3(wp.dot(plane.a, d), wp.dot(plane.b, d), wp.dot(plane.c, d))
    return weights / (weights[0] + weights[1] + weights[2])


@wp.kernel(module=MODULE)
def resolve_normals(
    geo: Geo,
    cam: Cam,
    rays: wp.array2d(dtype=wp.vec3),
    vertices: wp.array(dtype=wp.vec3),
    turn: wp.mat33,
    normal_from_leaf: wp.array(dtype=wp.mat33),
    keys: wp.array2d(dtype=wp.uint64),
    top: int,
    span: int,
    normals: wp.array2d(dtype=wp.vec4),
):
    """Shading normals, on the side of the facet that the camera sees.

    Args: turn: camera space to the world. normal_from_leaf: a local normal to a direction in the world, not unit.
    """
    i, j = wp.tid()
    y = top + i
    last = wp.uint64(0)
    plane = Plane()
    facet = wp.vec3(0.0, 0.0, 0.0)
    na = wp.vec3(0.0, 0.0, 0.0)
    nb = wp.vec3(0.0, 0.0, 0.0)
    nc = wp.vec3(0.0, 0.0, 0.0)
    smooth = int(0)
    for x in range(j * span, wp.min(j * span + span, cam.width)):
        key = keys[y, x]
        n = wp.vec3(0.0, 0.0, 0.0)
        if key != wp.uint64(0):
            triangle = key & wp.uint64(0xFFFFFFFF)
            if triangle != last or x == j * span:
                # Neighbours mostly lie on one triangle: what is the same for all of it is kept.
                last = triangle
                leaf = geo.chunk_leaf[chunk_of(key)]
                row = triangle_row(geo, key)
                plane = seen_plane(geo, vertices, leaf, row)
                # `inverse` points away from the eye, for it is positive along rays that hit.
                facet = turn * wp.normalize(-plane.inverse)
                smooth = 0
                if geo.leaf_normal[leaf] != NOTHING:
                    smooth = 1
                    at = geo.leaf_normal[leaf] + 3 * row
                    matrix = normal_from_leaf[leaf]
                    na = matrix * geo.normals[at]
                    nb = matrix * geo.normals[at + 1]
                    nc = matrix * geo.normals[at + 2]
            n = facet
            if smooth == 1:
                share = weights_of(plane, ray(cam, rays, x, y))
                blend = wp.normalize(na * share[0] + nb * share[1] + nc * share[2])
                # Normals that cancel each other, or that are not finite, say nothing.
                if wp.length_sq(blend) > 0.5:
                    n = blend
                    if wp.dot(blend, facet) < 0.0:
                        n = -blend
        normals[y, x] = wp.vec4(n[0], n[1], n[2], 0.0)


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

    Both pixels are of the same share of corners, so that what has not moved has exactly 0.
    """
    i, j = wp.tid()
    y = top + i
    last = wp.uint64(0)
    leaf = int(0)
    plane = Plane()
    pa = wp.vec3(0.0, 0.0, 0.0)
    pb = wp.vec3(0.0, 0.0, 0.0)
    pc = wp.vec3(0.0, 0.0, 0.0)
    qa = wp.vec3(0.0, 0.0, 0.0)
    qb = wp.vec3(0.0, 0.0, 0.0)
    qc = wp.vec3(0.0, 0.0, 0.0)
    for x in range(j * span, wp.min(j * span + span, cam.width)):
        key = keys[y, x]
        moved = wp.vec4(0.0, 0.0, 0.0, 0.0)
        if key != wp.uint64(0):
            triangle = key & wp.uint64(0xFFFFFFFF)
            if triangle != last or x == j * span:
                last = triangle
                leaf = geo.chunk_leaf[chunk_of(key)]
                row = triangle_row(geo, key)
                plane = seen_plane(geo, vertices, leaf, row)
                corner = geo.triangles[row]
                first = geo.leaf_point[leaf]
                pa = geo.points[first + corner[0]]
                pb = geo.points[first + corner[1]]
                pc = geo.points[first + corner[2]]
                qa = geo.former[first + corner[0]]
                qb = geo.former[first + corner[1]]
                qc = geo.former[first + corner[2]]
            share = weights_of(plane, ray(cam, rays, x, y))
            now = wp.transform_point(camera_from_leaf[leaf], pa * share[0] + pb * share[1] + pc * share[2])
            then = wp.transform_point(former_from_leaf[leaf], qa * share[0] + qb * share[1] + qc * share[2])
            at = on_screen(cam, now)
            was = on_screen(former_cam, then)
            if at[2] > 0.5 and was[2] > 0.5:
                moved = wp.vec4(was[0] - at[0], was[1] - at[1], 0.0, 0.0)
        motion[y, x] = moved
