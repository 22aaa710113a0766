"""Triangles into the visibility buffer, and into each entity's own coverage."""

import warp as wp

from framepress.headless.render.kernels.bounds import TILE_HEIGHT, TILE_WIDTH, crosses, edge, image_box, large
from framepress.headless.render.kernels.lens import ray
from framepress.headless.render.kernels.lines import NO_WORD, fill_line, fill_rays
from framepress.headless.render.kernels.structs import (
    LANES,
    MODULE,
    PINHOLE,
    Cam,
    Geo,
    corner_uv,
    key_of,
    material_of,
)
from framepress.headless.render.kernels.texture import opacity_at

WIDE = wp.constant(24)
"""Columns above which it pays to solve for a row's first and last pixel."""


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
def cut_out(geo: Geo, leaf: int, row: int, weights: wp.vec3) -> bool:
    """Whether the surface has a hole there. Args: weights: of corners, not yet of sum 1."""
    material = material_of(geo, leaf, row)
    threshold = geo.surfaces[material].threshold
    hole = False
    if threshold > 0.0:
        uv = corner_uv(geo, leaf, row, weights / (weights[0] + weights[1] + weights[2]))
        hole = opacity_at(geo.atlas, geo.surfaces, material, uv) < threshold
    return hole


@wp.func
def word_of(place: wp.vec4i, y: int) -> int:
    """What `x >> 5` is added to for an entity's word of row y. Args: place: as of `Cover.places`."""
    word = NO_WORD
    if place[2] > 0:
        word = place[3] + (y - place[1]) * place[2] - place[0]
    return word


@wp.func
def inside(span: wp.vec2i, slope: float, value: float, shift: float) -> wp.vec2i:
    """A span of columns less those at which slope * (column + shift) + value surely is negative."""
    low = span[0]
    high = span[1]
    if slope != 0.0:
        at = int(wp.clamp(-value / slope - shift, -1.0e6, 1.0e6))
        if slope > 0.0:
            low = wp.max(low, at - 1)
        else:
            high = wp.min(high, at + 2)
    return wp.vec2i(low, high)


@wp.func
def fill_flat(
    cam: Cam,
    plane: Plane,
    triangle: int,
    box: wp.vec4i,
    place: wp.vec4i,
    keys: wp.array2d(dtype=wp.uint64),
    bits: wp.array(dtype=wp.uint32),
):
    """A triangle of a pinhole: along a row, edges and 1 / t are linear."""
    slope = wp.vec4(plane.a[0], plane.b[0], plane.c[0], plane.inverse[0]) * cam.per_fx
    rise = wp.vec4(plane.a[1], plane.b[1], plane.c[1], plane.inverse[1])
    start = wp.vec4(plane.a[2], plane.b[2], plane.c[2], plane.inverse[2])
    shift = 0.5 - cam.cx
    for y in range(box[1], box[3]):
        value = start + rise * ((float(y) + 0.5 - cam.cy) * cam.per_fy)
        span = wp.vec2i(box[0], box[2])
        if box[2] - box[0] > WIDE:
            for i in range(3):
                span = inside(span, slope[i], value[i], shift)
        fill_line(
            slope,
            value,
            shift,
            cam.least,
            cam.most,
            triangle,
            y,
            span[0],
            span[1],
            word_of(place, y),
            keys,
            bits,
        )


@wp.func
def fill_curved(
    cam: Cam,
    plane: Plane,
    rays: wp.array2d(dtype=wp.float32),
    triangle: int,
    box: wp.vec4i,
    place: wp.vec4i,
    keys: wp.array2d(dtype=wp.uint64),
    bits: wp.array(dtype=wp.uint32),
):
    """A triangle of any other lens."""
    for y in range(box[1], box[3]):
        fill_rays(
            plane.a,
            plane.b,
            plane.c,
            plane.inverse,
            rays,
            cam.least,
            cam.most,
            triangle,
            y,
            box[0],
            box[2],
            word_of(place, y),
            keys,
            bits,
        )


@wp.func
def fill_cut(
    geo: Geo,
    cam: Cam,
    plane: Plane,
    rays: wp.array2d(dtype=wp.vec3),
    leaf: int,
    row: int,
    triangle: int,
    box: wp.vec4i,
    place: wp.vec4i,
    keys: wp.array2d(dtype=wp.uint64),
    bits: wp.array(dtype=wp.uint32),
):
    """A triangle that may have holes."""
    for y in range(box[1], box[3]):
        word = word_of(place, y)
        for x in range(box[0], box[2]):
            d = ray(cam, rays, x, y)
            weights = wp.vec3(wp.dot(plane.a, d), wp.dot(plane.b, d), wp.dot(plane.c, d))
            inverse = wp.dot(plane.inverse, d)
            if wp.min(weights) >= 0.0 and inverse >= cam.least and inverse <= cam.most:
                if not cut_out(geo, leaf, row, weights):
                    wp.atomic_max(keys, y, x, key_of(inverse, triangle))
                    if word != NO_WORD:
                        wp.atomic_or(bits, word + (x >> 5), wp.uint32(1) << wp.uint32(x & 31))


@wp.func
def fill_tiles(
    geo: Geo,
    cam: Cam,
    plane: Plane,
    rays: wp.array2d(dtype=wp.vec3),
    ray_rows: wp.array2d(dtype=wp.float32),
    tiles: wp.array2d(dtype=wp.vec4),
    leaf: int,
    row: int,
    cut: int,
    triangle: int,
    box: wp.vec4i,
    place: wp.vec4i,
    keys: wp.array2d(dtype=wp.uint64),
    bits: wp.array(dtype=wp.uint32),
):
    """A large triangle of a curved lens: the tiles that it may touch."""
    for down in range(box[1] // TILE_HEIGHT, (box[3] - 1) // TILE_HEIGHT + 1):
        for across in range(tiles.shape[1]):
            if crosses(tiles[down, across], plane.a, plane.b, plane.c):
                tile = wp.vec4i(
                    across * TILE_WIDTH,
                    wp.max(down * TILE_HEIGHT, box[1]),
                    wp.min(across * TILE_WIDTH + TILE_WIDTH, cam.width),
                    wp.min(down * TILE_HEIGHT + TILE_HEIGHT, box[3]),
                )
                if cut == 1:
                    fill_cut(geo, cam, plane, rays, leaf, row, triangle, tile, place, keys, bits)
                else:
                    fill_curved(cam, plane, ray_rows, triangle, tile, place, keys, bits)


@wp.func
def draw_chunk(
    geo: Geo,
    cam: Cam,
    rays: wp.array2d(dtype=wp.vec3),
    ray_rows: wp.array2d(dtype=wp.float32),
    tiles: wp.array2d(dtype=wp.vec4),
    vertices: wp.array(dtype=wp.vec3),
    screen: wp.array(dtype=wp.vec3),
    cover: Cover,
    chunk: int,
    covered: wp.uint64,
    first: int,
    step: int,
    top: int,
    bottom: int,
    keys: wp.array2d(dtype=wp.uint64),
):
    """Every `step`th triangle of a chunk from `first` on, if its bit of `covered` is set."""
    leaf = geo.chunk_leaf[chunk]
    piece = geo.pieces[geo.chunk_piece[chunk]]
    vertex = geo.leaf_vertex[leaf]
    cut = geo.leaf_cut[leaf]
    place = wp.vec4i(0, 0, 0, 0)
    if geo.leaf_entity[leaf] >= 0:
        place = cover.places[geo.leaf_entity[leaf]]
    for lane in range(first, piece[1], step):
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
            box = wp.vec4i(box[0], wp.max(box[1], top), box[2], wp.min(box[3], bottom))
            if box[0] < box[2] and box[1] < box[3]:
                plane = plane_of(a, b, c)
                triangle = chunk * LANES + lane
                if plane.flat == 0:
                    if cam.model == PINHOLE and cut == 0:
                        fill_flat(cam, plane, triangle, box, place, keys, cover.bits)
                    elif large(cam, a, b, c, screen[i], screen[j], screen[k]):
                        fill_tiles(
                            geo,
                            cam,
                            plane,
                            rays,
                            ray_rows,
                            tiles,
                            leaf,
                            row,
                            cut,
                            triangle,
                            box,
                            place,
                            keys,
                            cover.bits,
                        )
                    elif cut == 1:
                        fill_cut(geo, cam, plane, rays, leaf, row, triangle, box, place, keys, cover.bits)
                    else:
                        fill_curved(cam, plane, ray_rows, triangle, box, place, keys, cover.bits)


@wp.kernel(module=MODULE)
def raster(
    geo: Geo,
    cam: Cam,
    rays: wp.array2d(dtype=wp.vec3),
    ray_rows: wp.array2d(dtype=wp.float32),
    tiles: wp.array2d(dtype=wp.vec4),
    vertices: wp.array(dtype=wp.vec3),
    screen: wp.array(dtype=wp.vec3),
    boxes: wp.array(dtype=wp.vec4i),
    lanes: wp.array(dtype=wp.uint64),
    cover: Cover,
    chunks: int,
    top: int,
    bottom: int,
    each: int,
    step: int,
    keys: wp.array2d(dtype=wp.uint64),
):
    """Chunks' triangles in the image rows [top, bottom).

    Args:
        ray_rows: see `lines.fill_rays`. boxes, lanes: as `bounds` leaves them.
        each: chunks a thread. step: threads a chunk.
    """
    i, thread = wp.tid()
    for chunk in range(i * each, wp.min(i * each + each, chunks)):
        bound = boxes[chunk]
        if bound[0] < bound[2] and bound[1] < bottom and bound[3] > top:
            draw_chunk(
                geo,
                cam,
                rays,
                ray_rows,
                tiles,
                vertices,
                screen,
                cover,
                chunk,
                lanes[chunk],
                thread,
                step,
                top,
                bottom,
                keys,
            )
