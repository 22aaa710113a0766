"""Which pixels a triangle can cover: boxes that are never too small."""

# ruff: noqa: UP018, RUF046 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.structs import LANES, MODULE, PINHOLE, Cam, Geo

TILE_WIDTH = wp.constant(16)
TILE_HEIGHT = wp.constant(8)

SMALL = wp.constant(0.04)
"""rad^2: triangles of a curved lens up to this are bounded by their corners, larger ones tile by tile."""


@wp.func
def edge(p: wp.vec3, q: wp.vec3) -> wp.vec3:
    """p x q, the plane through the eye and an edge.

    From the edge's vector, for the plain product loses all digits of a small, far edge; and always from the same end,
    so that the two triangles of an edge get exactly opposite planes: no pixel falls between them.
    """
    plane = wp.vec3(0.0, 0.0, 0.0)
    if p[0] < q[0] or (p[0] == q[0] and (p[1] < q[1] or (p[1] == q[1] and p[2] < q[2]))):
        plane = wp.cross(p, q - p)
    else:
        plane = -wp.cross(q, p - q)
    return plane


@wp.func
def pixels(low: float, high: float, slack: float, end: int) -> wp.vec2i:
    """The pixels of [0, end) whose centres lie in [low, high], half open."""
    size = float(end)
    first = wp.clamp(wp.ceil(low - 0.5 - slack), 0.0, size)
    last = wp.clamp(wp.floor(high - 0.5 + slack) + 1.0, 0.0, size)
    return wp.vec2i(int(first), int(last))


@wp.func
def near_cut(cam: Cam, p: wp.vec3, q: wp.vec3) -> wp.vec2:
    """The pixel where the edge from p (in front) to q (behind) meets the near plane."""
    at = p + (q - p) * ((cam.near - p[2]) / (q[2] - p[2]))
    return wp.vec2(cam.fx * at[0] / cam.near + cam.cx, cam.fy * at[1] / cam.near + cam.cy)


@wp.func
def clipped_box(cam: Cam, a: wp.vec3, b: wp.vec3, c: wp.vec3, sa: wp.vec3, sb: wp.vec3, sc: wp.vec3) -> wp.vec4:
    """Of a pinhole's triangle that the near plane cuts: low and high u and v of the part in front."""
    low = wp.vec2(1.0e30, 1.0e30)
    high = wp.vec2(-1.0e30, -1.0e30)
    p = a
    q = b
    sp = sa
    sq = sb
    for _i in range(3):
        if sp[2] > 0.5:
            low = wp.min(low, wp.vec2(sp[0], sp[1]))
            high = wp.max(high, wp.vec2(sp[0], sp[1]))
        if (sp[2] > 0.5) != (sq[2] > 0.5):
            cut = wp.vec2(0.0, 0.0)
            if sp[2] > 0.5:
                cut = near_cut(cam, p, q)
            else:
                cut = near_cut(cam, q, p)
            low = wp.min(low, cut)
            high = wp.max(high, cut)
        # The next edge: b to c, then c to a.
        p = q
        sp = sq
        if _i == 0:
            q = c
            sq = sc
        else:
            q = a
            sq = sa
    # What the cut may be off, by cancellation in coordinates far larger than the near plane's.
    reach = wp.max(wp.length(a), wp.max(wp.length(b), wp.length(c)))
    off = 1.0 + 1.0e-6 * reach / cam.near * wp.max(cam.fx, cam.fy)
    return wp.vec4(low[0] - off, low[1] - off, high[0] + off, high[1] + off)


@wp.func
def arc(a: wp.vec3, b: wp.vec3, c: wp.vec3) -> float:
    """rad^2, at least the square of a triangle's largest angle as the eye sees it, where it is less than 1."""
    sides = wp.max(wp.length_sq(b - a), wp.max(wp.length_sq(c - b), wp.length_sq(a - c)))
    return 1.1 * sides / wp.min(wp.length_sq(a), wp.min(wp.length_sq(b), wp.length_sq(c)))


@wp.func
def unseen(cam: Cam, a: wp.vec3, b: wp.vec3, c: wp.vec3) -> bool:
    """Whether a curved lens sees nothing of a triangle with a corner beyond its border: it is too small to reach in."""
    return arc(a, b, c) < cam.border * cam.border


@wp.func
def large(cam: Cam, a: wp.vec3, b: wp.vec3, c: wp.vec3, sa: wp.vec3, sb: wp.vec3, sc: wp.vec3) -> bool:
    """Whether corners say nothing of a triangle's image in a curved lens, so that it is drawn tile by tile."""
    return cam.model != PINHOLE and (sa[2] + sb[2] + sc[2] < 2.5 or not (arc(a, b, c) < SMALL))


@wp.func
def image_box(
    cam: Cam, a: wp.vec3, b: wp.vec3, c: wp.vec3, sa: wp.vec3, sb: wp.vec3, sc: wp.vec3, grow: float
) -> wp.vec4i:
    """Pixels x0, y0, x1, y1 (half open) that hold every centre that a triangle covers; empty: x1 <= x0 or y1 <= y0.

    Args:
        a, b, c: corners in camera space; sa, sb, sc: `on_screen` of them.
        grow: px, for samples beside the centre.
    """
    box = wp.vec4i(0, 0, 0, 0)
    if wp.min(sa[2], wp.min(sb[2], sc[2])) < -0.5:
        return box
    slack = cam.slack + grow
    fronts = sa[2] + sb[2] + sc[2]
    low = wp.vec2(wp.min(sa[0], wp.min(sb[0], sc[0])), wp.min(sa[1], wp.min(sb[1], sc[1])))
    high = wp.vec2(wp.max(sa[0], wp.max(sb[0], sc[0])), wp.max(sa[1], wp.max(sb[1], sc[1])))
    if fronts < 2.5:
        if cam.model != PINHOLE:
            if unseen(cam, a, b, c):
                return box
            return wp.vec4i(0, 0, cam.width, cam.height)
        if fronts < 0.5:
            return box
        cut = clipped_box(cam, a, b, c, sa, sb, sc)
        low = wp.vec2(cut[0], cut[1])
        high = wp.vec2(cut[2], cut[3])
    elif cam.model != PINHOLE:
        turn = arc(a, b, c)
        if not (turn < SMALL):
            return wp.vec4i(0, 0, cam.width, cam.height)
        slack += cam.bulge * turn
    across = pixels(low[0], high[0], slack, cam.width)
    down = pixels(low[1], high[1], slack, cam.height)
    return wp.vec4i(across[0], down[0], across[1], down[1])


@wp.func
def crosses(tile: wp.vec4, na: wp.vec3, nb: wp.vec3, nc: wp.vec3) -> bool:
    """Whether rays of a tile can lie within three edge planes.

    Args: tile: the middle of its rays, of unit length, and the sine of the largest angle from it; >= 1: any; < 0: none.
    """
    if tile[3] < 0.0:
        return False
    axis = wp.vec3(tile[0], tile[1], tile[2])
    return (
        wp.dot(na, axis) >= -tile[3] * wp.length(na)
        and wp.dot(nb, axis) >= -tile[3] * wp.length(nb)
        and wp.dot(nc, axis) >= -tile[3] * wp.length(nc)
    )


@wp.func
def tiled_box(cam: Cam, tiles: wp.array2d(dtype=wp.vec4), a: wp.vec3, b: wp.vec3, c: wp.vec3) -> wp.vec4i:
    """`image_box` of a large triangle of a curved lens."""
    na = edge(b, c)
    nb = edge(c, a)
    nc = edge(a, b)
    if wp.dot(a, na) < 0.0:
        na = -na
        nb = -nb
        nc = -nc
    x0 = cam.width
    y0 = cam.height
    x1 = int(0)
    y1 = int(0)
    for row in range(tiles.shape[0]):
        for column in range(tiles.shape[1]):
            if crosses(tiles[row, column], na, nb, nc):
                x0 = wp.min(x0, column * TILE_WIDTH)
                x1 = wp.max(x1, wp.min(column * TILE_WIDTH + TILE_WIDTH, cam.width))
                y0 = wp.min(y0, row * TILE_HEIGHT)
                y1 = wp.max(y1, wp.min(row * TILE_HEIGHT + TILE_HEIGHT, cam.height))
    return wp.vec4i(x0, y0, x1, y1)


@wp.func
def out_of_sight(cam: Cam, centre: wp.vec3, radius: float) -> bool:
    """Whether a sphere in camera space surely is out of the frame, before near or beyond far."""
    out = False
    if cam.model == PINHOLE:
        left = (0.0 - cam.cx) / cam.fx
        right = (float(cam.width) - cam.cx) / cam.fx
        top = (0.0 - cam.cy) / cam.fy
        bottom = (float(cam.height) - cam.cy) / cam.fy
        z = centre[2]
        out = (
            z + radius < cam.near
            or z - radius > cam.far
            or centre[0] - left * z < -radius * wp.sqrt(1.0 + left * left)
            or centre[0] - right * z > radius * wp.sqrt(1.0 + right * right)
            or centre[1] - top * z < -radius * wp.sqrt(1.0 + top * top)
            or centre[1] - bottom * z > radius * wp.sqrt(1.0 + bottom * bottom)
        )
    else:
        distance = wp.length(centre)
        if distance > radius:
            spread = wp.asin(radius / distance) + 1.0e-4
            out = wp.acos(wp.clamp(centre[2] / distance, -1.0, 1.0)) - spread > cam.angle
    return out


@wp.kernel(module=MODULE)
def bounds(
    geo: Geo,
    cam: Cam,
    tiles: wp.array2d(dtype=wp.vec4),
    shown: wp.array(dtype=wp.int32),
    stretch: wp.array(dtype=wp.float32),
    camera_from_leaf: wp.array(dtype=wp.mat44),
    vertices: wp.array(dtype=wp.vec3),
    screen: wp.array(dtype=wp.vec3),
    grow: float,
    first: int,
    boxes: wp.array(dtype=wp.vec4i),
    lanes: wp.array(dtype=wp.uint64),
):
    """Of each chunk: the box of its triangles' `image_box`, and a bit for each of them whose own is not empty.

    Args:
        stretch: the largest factor by which a leaf's matrix makes a length longer.
        grow: as of `image_box`.
    """
    chunk = first + wp.tid()
    leaf = geo.chunk_leaf[chunk]
    boxes[chunk] = wp.vec4i(0, 0, 0, 0)
    lanes[chunk] = wp.uint64(0)
    if shown[leaf] == 0:
        return
    piece = geo.chunk_piece[chunk]
    sphere = geo.spheres[piece]
    centre = wp.transform_point(camera_from_leaf[leaf], wp.vec3(sphere[0], sphere[1], sphere[2]))
    if sphere[3] < 0.0 or out_of_sight(cam, centre, sphere[3] * stretch[leaf]):
        return
    row = geo.pieces[piece]
    vertex = geo.leaf_vertex[leaf]
    x0 = cam.width
    y0 = cam.height
    x1 = int(0)
    y1 = int(0)
    covered = wp.uint64(0)
    for lane in range(row[1]):
        corner = geo.triangles[row[0] + lane]
        i = vertex + corner[0]
        j = vertex + corner[1]
        k = vertex + corner[2]
        a = vertices[i]
        b = vertices[j]
        c = vertices[k]
        box = image_box(cam, a, b, c, screen[i], screen[j], screen[k], grow)
        if box[0] < box[2] and box[1] < box[3]:
            if large(cam, a, b, c, screen[i], screen[j], screen[k]):
                box = tiled_box(cam, tiles, a, b, c)
            if box[0] < box[2]:
                covered = covered | (wp.uint64(1) << wp.uint64(lane))
                x0 = wp.min(x0, box[0])
                y0 = wp.min(y0, box[1])
                x1 = wp.max(x1, box[2])
                y1 = wp.max(y1, box[3])
    if covered != wp.uint64(0):
        boxes[chunk] = wp.vec4i(x0, y0, x1, y1)
        lanes[chunk] = covered


assert int(LANES) == 64, "a chunk's lanes are the bits of a 64-bit word"
