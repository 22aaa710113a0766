"""Triangles into the visibility buffer, and into each entity's own coverage."""

# ruff: noqa: UP018 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.bounds import TILE_HEIGHT, TILE_WIDTH, crosses, edge, image_box, large
from framepress.headless.render.kernels.structs import LANES, MODULE, PINHOLE, Cam, Geo, corner_uv, key_of, material_of
from framepress.headless.render.kernels.texture import opacity_at


@wp.struct
class Cover:
    """Which pixels each entity would cover alone: a bit a pixel within the entity's box, set without a depth test."""

    places: wp.array(dtype=wp.vec4i)  # of an entity: first word of 32 columns, first row, words a row, first in `bits`
    bits: wp.array(dtype=wp.uint32)


@wp.struct
class Plane:
    """A triangle as rays see it: it is hit where all three edges are >= 0, at 1 / t = dot(inverse, ray)."""

    a: wp.vec3  # of the edge opposite the first corner: its share is the corner's weight
    b: wp.vec3
    c: wp.vec3
    inverse: wp.vec3
    flat: int  # 1 = seen edge on, or without area: nothing to draw


@wp.func
def plane_of(a: wp.vec3, b: wp.vec3, c: wp.vec3) -> Plane:
    plane = Plane()
    plane.a = edge(b, c)
    plane.b = edge(c, a)
    plane.c = edge(a, b)
    normal = wp.cross(b - a, c - a)
    volume = wp.dot(a, normal)
    plane.flat = 1
    if volume != 0.0:
        plane.flat = 0
        plane.inverse = normal / volume
        if volume < 0.0:
            plane.a = -plane.a
            plane.b = -plane.b
            plane.c = -plane.c
    return plane


@wp.func
def cut_out(geo: Geo, leaf: int, row: int, ea: float, eb: float, ec: float) -> bool:
    """Whether the surface has a hole there."""
    material = material_of(geo, leaf, row)
    threshold = geo.surfaces[material].threshold
    hole = False
    if threshold > 0.0:
        uv = corner_uv(geo, leaf, row, wp.vec3(ea, eb, ec) / (ea + eb + ec))
        hole = opacity_at(geo.atlas, geo.surfaces, material, uv) < threshold
    return hole


@wp.func
def inside(x: int, end: int, value: float, slope: float) -> wp.vec2i:
    """[x, end) less the columns at which value + slope * column surely is negative."""
    low = x
    high = end
    if slope != 0.0:
        at = int(wp.clamp(-value / slope, -1.0e6, 1.0e6))
        if slope > 0.0:
            low = wp.max(low, at - 1)
        else:
            high = wp.min(high, at + 2)
    return wp.vec2i(low, high)


@wp.func
def draw_row(
    geo: Geo,
    cam: Cam,
    leaf: int,
    row: int,
    plane: Plane,
    rays: wp.array2d(dtype=wp.vec3),
    triangle: int,
    place: wp.vec4i,
    y: int,
    first: int,
    end: int,
    keys: wp.array2d(dtype=wp.uint64),
    bits: wp.array(dtype=wp.uint32),
):
    """The pixels [first, end) of image row y."""
    x0 = first
    x1 = end
    # Along a row of a pinhole all four functions are linear: slope * x + value.
    slope = wp.vec4(0.0, 0.0, 0.0, 0.0)
    value = wp.vec4(0.0, 0.0, 0.0, 0.0)
    if cam.model == PINHOLE:
        d = wp.vec3((0.5 - cam.cx) / cam.fx, (float(y) + 0.5 - cam.cy) / cam.fy, 1.0)
        slope = wp.vec4(plane.a[0], plane.b[0], plane.c[0], plane.inverse[0]) / cam.fx
        value = wp.vec4(wp.dot(plane.a, d), wp.dot(plane.b, d), wp.dot(plane.c, d), wp.dot(plane.inverse, d))
        if x1 - x0 > 16:
            for i in range(3):
                span = inside(x0, x1, value[i], slope[i])
                x0 = span[0]
                x1 = span[1]
    word = wp.uint32(0)
    for x in range(x0, x1):
        ea = float(0.0)
        eb = float(0.0)
        ec = float(0.0)
        inverse = float(0.0)
        if cam.model == PINHOLE:
            column = float(x)
            ea = slope[0] * column + value[0]
            eb = slope[1] * column + value[1]
            ec = slope[2] * column + value[2]
            inverse = slope[3] * column + value[3]
        else:
            d = rays[y, x]
            ea = wp.dot(plane.a, d)
            eb = wp.dot(plane.b, d)
            ec = wp.dot(plane.c, d)
            inverse = wp.dot(plane.inverse, d)
        if wp.min(ea, wp.min(eb, ec)) >= 0.0 and inverse >= cam.least and inverse <= cam.most:
            hole = False
            if geo.leaf_cut[leaf] == 1:
                hole = cut_out(geo, leaf, row, ea, eb, ec)
            if not hole:
                wp.atomic_max(keys, y, x, key_of(inverse, triangle))
                word = word | (wp.uint32(1) << wp.uint32(x & 31))
        if (x & 31) == 31 or x == x1 - 1:
            if place[2] > 0 and word != wp.uint32(0):
                wp.atomic_or(bits, place[3] + (y - place[1]) * place[2] + (x >> 5) - place[0], word)
            word = wp.uint32(0)


@wp.kernel(module=MODULE)
def raster(
    geo: Geo,
    cam: Cam,
    rays: wp.array2d(dtype=wp.vec3),
    tiles: wp.array2d(dtype=wp.vec4),
    vertices: wp.array(dtype=wp.vec3),
    screen: wp.array(dtype=wp.vec3),
    boxes: wp.array(dtype=wp.vec4i),
    lanes: wp.array(dtype=wp.uint64),
    cover: Cover,
    top: int,
    bottom: int,
    step: int,
    keys: wp.array2d(dtype=wp.uint64),
):
    """A chunk's triangles in the image rows [top, bottom).

    Args: boxes, lanes: as `bounds` leaves them. step: threads a chunk.
    """
    chunk, thread = wp.tid()
    bound = boxes[chunk]
    if bound[1] >= bottom or bound[3] <= top or bound[0] >= bound[2]:
        return
    leaf = geo.chunk_leaf[chunk]
    piece = geo.pieces[geo.chunk_piece[chunk]]
    vertex = geo.leaf_vertex[leaf]
    covered = lanes[chunk]
    place = wp.vec4i(0, 0, 0, 0)
    if geo.leaf_entity[leaf] >= 0:
        place = cover.places[geo.leaf_entity[leaf]]
    for lane in range(thread, piece[1], step):
        if ((covered >> wp.uint64(lane)) & wp.uint64(1)) != wp.uint64(0):
            row = piece[0] + lane
            corner = geo.triangles[row]
            i = vertex + corner[0]
            j = vertex + corner[1]
            k = vertex + corner[2]
            a = vertices[i]
            b = vertices[j]
            c = vertices[k]
            box = image_box(cam, a, b, c, screen[i], screen[j], screen[k], 0.0)
            y0 = wp.max(box[1], top)
            y1 = wp.min(box[3], bottom)
            if y0 < y1:
                plane = plane_of(a, b, c)
                if plane.flat == 0:
                    triangle = chunk * LANES + lane
                    if large(cam, a, b, c, screen[i], screen[j], screen[k]):
                        for down in range(y0 // TILE_HEIGHT, (y1 - 1) // TILE_HEIGHT + 1):
                            for across in range(tiles.shape[1]):
                                if crosses(tiles[down, across], plane.a, plane.b, plane.c):
                                    left = across * TILE_WIDTH
                                    right = wp.min(left + TILE_WIDTH, cam.width)
                                    for y in range(
                                        wp.max(down * TILE_HEIGHT, y0), wp.min(down * TILE_HEIGHT + TILE_HEIGHT, y1)
                                    ):
                                        draw_row(
                                            geo,
                                            cam,
                                            leaf,
                                            row,
                                            plane,
                                            rays,
                                            triangle,
                                            place,
                                            y,
                                            left,
                                            right,
                                            keys,
                                            cover.bits,
                                        )
                    else:
                        for y in range(y0, y1):
                            draw_row(
                                geo, cam, leaf, row, plane, rays, triangle, place, y, box[0], box[2], keys, cover.bits
                            )
