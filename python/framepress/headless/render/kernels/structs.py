"""What kernels share: the lens, the scene's triangles, and the key of a pixel.

Camera space has OpenCV's axes (x right, y down, z forward), its origin at the centre of projection. Matrices are for
column vectors (`wp.transform_point(matrix, point)`); the host turns USD's row vectors around.

A *leaf* is a row of `Scene.placements`. Triangles are drawn in *chunks* of up to 64, neighbours in their geometry; a
chunk lies in one leaf. The visibility buffer holds one key a pixel:

    bits 63..32   the float32 bits of 1 / t, where the surface is at t * ray: nearer is greater; 0 = nothing hit
    bits 31..0    chunk * 64 + lane, the triangle

so that an atomic maximum keeps the nearest surface, and of two at the same distance always the same one.
"""

import warp as wp

from framepress.headless.render.kernels.texture import Atlas, Surface

MODULE = "framepress.headless.render.kernels.ids"
"""All kernels but those of RGB are compiled as one: what Warp's own headers cost is paid once."""

wp.set_module_options({"enable_backward": False, "fast_math": False, "fuse_fp": False}, module=MODULE)

LANES = wp.constant(64)

PINHOLE = wp.constant(0)
BROWN = wp.constant(1)
FISHEYE = wp.constant(2)


@wp.struct
class Cam:
    """`scene.Lens`. A surface is at t * ray: t is its depth where rays have z = 1, its distance where they are unit."""

    model: int  # PINHOLE, BROWN (opencvPinhole): rays have z = 1; FISHEYE (opencvFisheye): rays are unit vectors
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    per_fx: float  # 1 / fx
    per_fy: float
    near: float  # clip distances, as t
    far: float
    least: float  # 1 / t of what is not beyond far
    most: float  # 1 / t of what is not before near
    k: wp.types.vector(length=12, dtype=wp.float32)  # Lens.coefficients, 0 where there are fewer
    limit: float  # cosine of the angle from the axis up to which the model is one to one
    angle: float  # rad, from the axis: no ray of a pixel's centre lies beyond
    border: float  # rad, beyond `angle`: so far points are projected
    domain: float  # cosine of both together
    bulge: float  # px / rad^2: how far the image of a triangle leaves its corners' box, over the square of its angle
    slack: float  # px, for the rounding of a projected corner


@wp.struct
class Geo:
    """The scene without its poses. Rows of a geometry lie one after the other."""

    points: wp.array(dtype=wp.vec3)  # local to the geometry's own origin, see `geometry.py`
    former: wp.array(dtype=wp.vec3)  # the points of the former frame; the same array where nothing deforms
    triangles: wp.array(dtype=wp.vec3i)  # points of its geometry, from 0
    subsets: wp.array(dtype=wp.int32)  # of a triangle
    normals: wp.array(dtype=wp.vec3)  # three a triangle
    uvs: wp.array(dtype=wp.vec2)  # three a triangle
    pieces: wp.array(dtype=wp.vec2i)  # of a geometry's chunk: first triangle, number of triangles
    spheres: wp.array(dtype=wp.vec4)  # of a geometry's chunk: centre and radius that hold it; radius < 0 = nothing
    # of a chunk
    chunk_leaf: wp.array(dtype=wp.int32)
    chunk_piece: wp.array(dtype=wp.int32)
    # of a leaf
    leaf_vertex: wp.array(dtype=wp.int32)  # row of its first vertex in camera space
    leaf_point: wp.array(dtype=wp.int32)  # row of its geometry's first point
    leaf_normal: wp.array(dtype=wp.int32)  # row of its first normal less 3 * its first triangle; NOTHING = facets
    leaf_uv: wp.array(dtype=wp.int32)  # likewise; NOTHING = none
    leaf_entity: wp.array(dtype=wp.int32)  # -1 = unlabelled
    leaf_material: wp.array(dtype=wp.int32)  # its first row in `materials`
    leaf_cut: wp.array(dtype=wp.int32)  # 1 = one of its materials is cut out
    materials: wp.array(dtype=wp.int32)  # rows of `surfaces`, one a subset of a leaf
    surfaces: wp.array(dtype=Surface)
    atlas: Atlas


NOTHING = wp.constant(-2147483648)


@wp.func(inline=True)
def key_of(inverse: float, triangle: int) -> wp.uint64:
    """Args: inverse: 1 / t, > 0. triangle: chunk * 64 + lane."""
    return (wp.uint64(wp.cast(inverse, wp.uint32)) << wp.uint64(32)) | wp.uint64(wp.uint32(triangle))


@wp.func(inline=True)
def inverse_of(key: wp.uint64) -> float:
    """1 / t; 0 = nothing hit."""
    return wp.cast(wp.uint32(key >> wp.uint64(32)), wp.float32)


@wp.func(inline=True)
def chunk_of(key: wp.uint64) -> int:
    return int((key & wp.uint64(0xFFFFFFFF)) >> wp.uint64(6))


@wp.func(inline=True)
def lane_of(key: wp.uint64) -> int:
    return int(key & wp.uint64(63))


@wp.func(inline=True)
def triangle_row(geo: Geo, key: wp.uint64) -> int:
    """The row in `geo.triangles`, of a key that hit something."""
    return geo.pieces[geo.chunk_piece[chunk_of(key)]][0] + lane_of(key)


@wp.func(inline=True)
def corner_uv(geo: Geo, leaf: int, row: int, weights: wp.vec3) -> wp.vec2:
    """Args: row: of the triangle. weights: barycentric coordinates. Returns: uv of the mesh; 0 where it has none."""
    uv = wp.vec2(0.0, 0.0)
    if geo.leaf_uv[leaf] != NOTHING:
        at = geo.leaf_uv[leaf] + 3 * row
        uv = geo.uvs[at] * weights[0] + geo.uvs[at + 1] * weights[1] + geo.uvs[at + 2] * weights[2]
    return uv


@wp.func(inline=True)
def material_of(geo: Geo, leaf: int, row: int) -> int:
    """The row in `geo.surfaces` of triangle `row`."""
    return geo.materials[geo.leaf_material[leaf] + geo.subsets[row]]
