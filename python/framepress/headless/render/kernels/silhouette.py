"""Anti-aliasing of the picture, and of nothing else: pixels at the edges of surfaces, drawn again at several places."""

# ruff: noqa: UP018, RUF046 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.bounds import image_box
from framepress.headless.render.kernels.lens import ray
from framepress.headless.render.kernels.places import CENTRE, Fan, Places, fan_of, fill_places
from framepress.headless.render.kernels.raster import Plane, cut_out, plane_of
from framepress.headless.render.kernels.shade import facet_of, unpacked_facet
from framepress.headless.render.kernels.structs import LANES, PINHOLE, Cam, Geo, chunk_of, inverse_of, key_of
from framepress.headless.render.kernels.texture import MODULE
from framepress.headless.render.kernels.tone import packed, shown_of

CREASE = wp.constant(0.8)
"""Cosine between facets beyond which they are two surfaces."""

STEP = wp.constant(0.03)
"""How far, of itself, 1 / t may leave the straight line through its neighbours on one surface."""

NEAR_BY = wp.constant(0.2)
"""How far, of itself, 1 / t may differ between places of one pixel on one surface."""


@wp.func
def ones(word: wp.uint32) -> int:
    """How many bits are set."""
    v = word - ((word >> wp.uint32(1)) & wp.uint32(0x55555555))
    v = (v & wp.uint32(0x33333333)) + ((v >> wp.uint32(2)) & wp.uint32(0x33333333))
    return int((((v + (v >> wp.uint32(4))) & wp.uint32(0x0F0F0F0F)) * wp.uint32(0x01010101)) >> wp.uint32(24))


@wp.func
def leaf_at(geo: Geo, key: wp.uint64) -> int:
    leaf = int(-1)
    if key != wp.uint64(0):
        leaf = geo.chunk_leaf[chunk_of(key)]
    return leaf


@wp.func
def parts(geo: Geo, leaf: int, key: wp.uint64, facet: wp.vec3, other: wp.uint64, code: wp.uint32) -> bool:
    """Whether a pixel's neighbour shows another surface. Args: code: the neighbour's in `facets`."""
    apart = leaf_at(geo, other) != leaf
    if not apart and key != wp.uint64(0):
        apart = wp.dot(facet, unpacked_facet(code)) < CREASE
    return apart


@wp.kernel(module=MODULE)
def edges(
    geo: Geo,
    cam: Cam,
    keys: wp.array2d(dtype=wp.uint64),
    facets: wp.array2d(dtype=wp.uint32),
    first: int,
    words: wp.array(dtype=wp.uint32),
    counts: wp.array(dtype=wp.int32),
):
    """A word of 32 pixels of the row `first` + i: those that are not of one surface with all their neighbours."""
    i, j = wp.tid()
    y = first + i
    up = wp.max(y - 1, 0)
    below = wp.min(y + 1, cam.height - 1)
    word = wp.uint32(0)
    for x in range(j * 32, wp.min(j * 32 + 32, cam.width)):
        key = keys[y, x]
        left = wp.max(x - 1, 0)
        right = wp.min(x + 1, cam.width - 1)
        key_l = keys[y, left]
        key_r = keys[y, right]
        key_u = keys[up, x]
        key_d = keys[below, x]
        triangle = wp.uint32(key)
        same = (
            triangle == wp.uint32(key_l)
            and triangle == wp.uint32(key_r)
            and triangle == wp.uint32(key_u)
            and triangle == wp.uint32(key_d)
            and (key != wp.uint64(0)) == (key_l != wp.uint64(0))
            and (key != wp.uint64(0)) == (key_r != wp.uint64(0))
            and (key != wp.uint64(0)) == (key_u != wp.uint64(0))
            and (key != wp.uint64(0)) == (key_d != wp.uint64(0))
        )
        if not same:
            leaf = leaf_at(geo, key)
            facet = wp.vec3(0.0, 0.0, 0.0)
            if key != wp.uint64(0):
                facet = unpacked_facet(facets[y, x])
            inverse = inverse_of(key)
            if (
                parts(geo, leaf, key, facet, key_l, facets[y, left])
                or parts(geo, leaf, key, facet, key_r, facets[y, right])
                or parts(geo, leaf, key, facet, key_u, facets[up, x])
                or parts(geo, leaf, key, facet, key_d, facets[below, x])
                or wp.abs(inverse_of(key_l) + inverse_of(key_r) - 2.0 * inverse) > STEP * inverse
                or wp.abs(inverse_of(key_u) + inverse_of(key_d) - 2.0 * inverse) > STEP * inverse
            ):
                word = word | (wp.uint32(1) << wp.uint32(x & 31))
    at = y * wp.int32((cam.width + 31) // 32) + j
    words[at] = word
    counts[at] = ones(word)


@wp.func
def any_of(places: Places, box: wp.vec4i) -> bool:
    """Whether a pixel of the box is to be drawn again."""
    found = bool(False)
    left = box[0] >> 5
    right = (box[2] - 1) >> 5
    for y in range(box[1], box[3]):
        for j in range(left, right + 1):
            if places.words[y * places.row + j] != wp.uint32(0):
                found = True
    return found


@wp.func
def products(plane: Plane, d: wp.vec3) -> wp.vec4:
    """Of the three edges, and of 1 / t."""
    return wp.vec4(wp.dot(plane.a, d), wp.dot(plane.b, d), wp.dot(plane.c, d), wp.dot(plane.inverse, d))


@wp.func
def draw_places(
    geo: Geo,
    cam: Cam,
    places: Places,
    rays: wp.array2d(dtype=wp.vec3),
    leaf: int,
    row: int,
    triangle: int,
    plane: Plane,
    x: int,
    y: int,
    pixel: int,
):
    """A triangle into the keys of one pixel's places."""
    at = pixel * places.stride
    fan = Fan()
    if cam.model == PINHOLE:
        # Reckoned faster than read.
        fan = fan_of(cam, rays, x, y)
    else:
        fan = places.fans[pixel]
    value = products(plane, fan.d)
    across = products(plane, fan.across)
    down = products(plane, fan.down)
    # Can the triangle reach into the pixel, half a pixel about its centre, at all?
    if (
        value[0] + 0.5 * (wp.abs(across[0]) + wp.abs(down[0])) >= 0.0
        and value[1] + 0.5 * (wp.abs(across[1]) + wp.abs(down[1])) >= 0.0
        and value[2] + 0.5 * (wp.abs(across[2]) + wp.abs(down[2])) >= 0.0
    ):
        if geo.leaf_cut[leaf] == 0:
            fill_places(
                value, across, down, places.offsets, places.count, cam.least, cam.most, triangle, at, places.keys
            )
        else:
            for k in range(places.count):
                there = value + across * places.offsets[0, k] + down * places.offsets[1, k]
                if (
                    wp.min(there[0], wp.min(there[1], there[2])) >= 0.0
                    and there[3] >= cam.least
                    and there[3] <= cam.most
                ):
                    if not cut_out(geo, leaf, row, wp.vec3(there[0], there[1], there[2])):
                        wp.atomic_max(places.keys, at + k, key_of(there[3], triangle))


@wp.func
def within(word: wp.uint32, j: int, box: wp.vec4i) -> wp.uint32:
    """The bits of word `j` of a row that are in the columns of `box`."""
    left = wp.max(box[0] - j * 32, 0)
    right = wp.min(box[2] - j * 32, 32)
    return word & (~wp.uint32(0) << wp.uint32(left)) & (~wp.uint32(0) >> wp.uint32(32 - right))


@wp.func
def draw_box(
    geo: Geo,
    cam: Cam,
    places: Places,
    rays: wp.array2d(dtype=wp.vec3),
    leaf: int,
    row: int,
    triangle: int,
    a: wp.vec3,
    b: wp.vec3,
    c: wp.vec3,
    box: wp.vec4i,
):
    """A triangle into all places of the pixels of `box` that are to be drawn again."""
    plane = Plane()
    ready = int(0)
    for y in range(box[1], box[3]):
        for j in range(box[0] >> 5, ((box[2] - 1) >> 5) + 1):
            at = y * places.row + j
            word = places.words[at]
            rest = within(word, j, box)
            while rest != wp.uint32(0):
                below = (rest & (~rest + wp.uint32(1))) - wp.uint32(1)
                rest = rest & (rest - wp.uint32(1))
                # Few triangles touch an edge: the others are not set up.
                if ready == 0:
                    plane = plane_of(a, b, c)
                    ready = 1
                if plane.flat == 0:
                    pixel = places.first[at] + ones(word & below)
                    x = j * 32 + ones(below)
                    draw_places(geo, cam, places, rays, leaf, row, triangle, plane, x, y, pixel)


@wp.kernel(module=MODULE)
def raster_places(
    geo: Geo,
    cam: Cam,
    rays: wp.array2d(dtype=wp.vec3),
    vertices: wp.array(dtype=wp.vec3),
    screen: wp.array(dtype=wp.vec3),
    boxes: wp.array(dtype=wp.vec4i),
    lanes: wp.array(dtype=wp.uint64),
    places: Places,
    top: int,
    bottom: int,
    step: int,
):
    """A chunk's triangles into the places of the image rows [top, bottom). Args: as of `raster.raster`."""
    chunk, thread = wp.tid()
    bound = boxes[chunk]
    low = wp.max(bound[1], top)
    high = wp.min(bound[3], bottom)
    if low >= high or bound[0] >= bound[2] or not any_of(places, wp.vec4i(bound[0], low, bound[2], high)):
        return
    leaf = geo.chunk_leaf[chunk]
    piece = geo.pieces[geo.chunk_piece[chunk]]
    vertex = geo.leaf_vertex[leaf]
    covered = lanes[chunk]
    for lane in range(thread, piece[1], step):
        if ((covered >> wp.uint64(lane)) & wp.uint64(1)) != wp.uint64(0):
            row = piece[0] + lane
            corner = geo.triangles[row]
            i = vertex + corner[0]
            j = vertex + corner[1]
            k = vertex + corner[2]
            box = image_box(cam, vertices[i], vertices[j], vertices[k], screen[i], screen[j], screen[k], 0.5)
            box[1] = wp.max(box[1], top)
            box[3] = wp.min(box[3], bottom)
            triangle = chunk * LANES + lane
            draw_box(geo, cam, places, rays, leaf, row, triangle, vertices[i], vertices[j], vertices[k], box)


@wp.func
def like(leaf: int, facet: wp.vec3, near: float, other_leaf: int, other_facet: wp.vec3, other_near: float) -> bool:
    """Whether two places of a pixel show one surface. Args: facet: 0 where nothing is. near: 1 / t."""
    return (
        leaf == other_leaf
        and wp.abs(near - other_near) <= NEAR_BY * other_near
        and wp.dot(facet, other_facet) >= CREASE * wp.length_sq(other_facet)
    )


@wp.kernel(module=MODULE)
def list_pixels(cam: Cam, rays: wp.array2d(dtype=wp.vec3), places: Places, first: int):
    """The pixels of the words from `first` on, into `places.pixels` and `fans`."""
    i = first + wp.tid()
    at = places.first[i]
    y = i // places.row
    left = i % places.row * 32
    rest = places.words[i]
    while rest != wp.uint32(0):
        lowest = rest & (~rest + wp.uint32(1))
        rest = rest ^ lowest
        x = left + ones(lowest - wp.uint32(1))
        places.pixels[at] = y * cam.width + x
        places.fans[at] = fan_of(cam, rays, x, y)
        at += 1


@wp.kernel(module=MODULE)
def group(
    geo: Geo,
    cam: Cam,
    turn: wp.mat33,
    vertices: wp.array(dtype=wp.vec3),
    rays: wp.array2d(dtype=wp.vec3),
    keys: wp.array2d(dtype=wp.uint64),
    facets: wp.array2d(dtype=wp.uint32),
    places: Places,
    first: int,
):
    """Which places of a pixel, from the `first` on, show one surface, so that it is shaded once.

    Two surfaces are remembered at a time: what is at the centre, and the last other one.
    """
    i = first + wp.tid()
    y = places.pixels[i] // cam.width
    x = places.pixels[i] % cam.width
    d = ray(cam, rays, x, y)
    key = keys[y, x]
    leaf = leaf_at(geo, key)
    inverse = inverse_of(key)
    facet = wp.vec3(0.0, 0.0, 0.0)
    if leaf >= 0:
        facet = unpacked_facet(facets[y, x])
    other = int(CENTRE)
    other_leaf = int(-2)
    other_inverse = float(0.0)
    other_facet = wp.vec3(0.0, 0.0, 0.0)
    first_place = i * places.stride
    for k in range(places.stride):
        there = places.keys[first_place + k]
        owner = int(CENTRE)
        if k < places.count and (
            wp.uint32(there) != wp.uint32(key) or (there == wp.uint64(0)) != (key == wp.uint64(0))
        ):
            its_leaf = leaf_at(geo, there)
            near = inverse_of(there)
            its_facet = wp.vec3(0.0, 0.0, 0.0)
            if its_leaf >= 0:
                its_facet = facet_of(geo, turn, vertices, there, d)
            if not like(its_leaf, its_facet, near, leaf, facet, inverse):
                if not like(its_leaf, its_facet, near, other_leaf, other_facet, other_inverse):
                    other = k
                    other_leaf = its_leaf
                    other_inverse = near
                    other_facet = its_facet
                owner = other
        places.owners[first_place + k] = owner


@wp.kernel(module=MODULE)
def average(
    cam: Cam,
    places: Places,
    srgb: wp.array(dtype=wp.uint8),
    decoded: wp.array(dtype=wp.float32),
    first: int,
    picture: wp.array2d(dtype=wp.uint32),
):
    """The mean colour of each pixel, from the `first` on, over its places."""
    i = first + wp.tid()
    y = places.pixels[i] // cam.width
    x = places.pixels[i] % cam.width
    centre = shown_of(picture[y, x], decoded)
    total = wp.vec3(0.0, 0.0, 0.0)
    for k in range(places.count):
        owner = places.owners[i * places.stride + k]
        if owner == CENTRE:
            total += centre
        else:
            total += places.colors[i * places.stride + owner]
    picture[y, x] = packed(total / float(places.count), srgb)
