"""The colour of a surface that a ray meets: UsdPreviewSurface's metal/rough model under all lights."""

# ruff: noqa: UP018 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.lamps import lamplight
from framepress.headless.render.kernels.lens import ray
from framepress.headless.render.kernels.light import (
    Lighting,
    ambient_share,
    background,
    mirrored,
    skylight,
)
from framepress.headless.render.kernels.places import Places
from framepress.headless.render.kernels.shadow import reached
from framepress.headless.render.kernels.structs import (
    NOTHING,
    Cam,
    Geo,
    chunk_of,
    corner_uv,
    material_of,
    triangle_row,
)
from framepress.headless.render.kernels.texture import MODULE, sample
from framepress.headless.render.kernels.tone import packed, toned


@wp.struct
class Hit:
    """Where a ray meets a triangle; directions have the world's axes."""

    leaf: int
    row: int  # of the triangle
    weights: wp.vec3  # barycentric
    place: wp.vec3  # relative to the camera
    facet: wp.vec3  # unit, the triangle's normal on the camera's side
    view: wp.vec3  # unit, towards the camera
    share: float  # of twice the triangle's area, that the pixel covers


@wp.func
def hit_of(geo: Geo, cam: Cam, turn: wp.mat33, vertices: wp.array(dtype=wp.vec3), key: wp.uint64, d: wp.vec3) -> Hit:
    """Args: turn: the camera's axes to the world's. vertices: of all leaves, camera space. d: the ray, camera space."""
    leaf = geo.chunk_leaf[chunk_of(key)]
    row = triangle_row(geo, key)
    corners = geo.triangles[row]
    first = geo.leaf_vertex[leaf]
    a = vertices[first + corners[0]]
    ab = vertices[first + corners[1]] - a
    ac = vertices[first + corners[2]] - a
    n = wp.cross(ab, ac)
    slope = wp.dot(n, d)
    t = wp.dot(n, a) / slope
    q = d * t - a
    square = wp.dot(n, n)
    weights = n / square
    wb = wp.dot(wp.cross(q, ac), weights)
    wc = wp.dot(wp.cross(ab, q), weights)
    area = wp.sqrt(square)
    length = wp.length(d)
    side = wp.where(slope > 0.0, -1.0 / area, 1.0 / area)
    # A pixel amid the image spans 1 / (fx fy) sr; with z = 1 rays, others span less by the cube of the ray's length.
    facing = wp.max(wp.abs(slope) / (length * area), 0.1)
    hit = Hit()
    hit.leaf = leaf
    hit.row = row
    hit.weights = wp.vec3(1.0 - wb - wc, wb, wc)
    hit.place = turn * (d * t)
    hit.facet = turn * (n * side)
    hit.view = turn * (d * (-1.0 / length))
    hit.share = t * t / (length * cam.fx * cam.fy * facing * area)
    return hit


@wp.func
def shading_normal(geo: Geo, normals: wp.array(dtype=wp.mat33), hit: Hit) -> wp.vec3:
    """Unit, on the camera's side of the facet. Args: normals: of each leaf, local to world."""
    n = hit.facet
    first = geo.leaf_normal[hit.leaf]
    if first != NOTHING:
        at = first + 3 * hit.row
        smooth = (
            geo.normals[at] * hit.weights[0]
            + geo.normals[at + 1] * hit.weights[1]
            + geo.normals[at + 2] * hit.weights[2]
        )
        smooth = wp.normalize(normals[hit.leaf] * smooth)
        if wp.length_sq(smooth) > 0.0:
            # A factor, for a choice between vectors goes through memory.
            n = smooth * wp.where(wp.dot(smooth, n) < 0.0, -1.0, 1.0)
    return n


@wp.func
def texture_scale(geo: Geo, hit: Hit) -> float:
    """Squared units of the mesh's uv that the pixel covers."""
    at = geo.leaf_uv[hit.leaf]
    area = float(0.0)
    if at != NOTHING:
        at += 3 * hit.row
        first = geo.uvs[at + 1] - geo.uvs[at]
        second = geo.uvs[at + 2] - geo.uvs[at]
        area = wp.abs(first[0] * second[1] - first[1] * second[0]) * hit.share
    return area


@wp.func
def radiance(geo: Geo, light: Lighting, normals: wp.array(dtype=wp.mat33), hit: Hit) -> wp.vec3:
    """What the surface sends to the camera, exposed, linear RGB."""
    surface = geo.surfaces[material_of(geo, hit.leaf, hit.row)]
    atlas = geo.atlas
    uv = corner_uv(geo, hit.leaf, hit.row, hit.weights)
    scale = texture_scale(geo, hit)
    base = surface.diffuse
    if surface.diffuse_use.texture >= 0:
        value = sample(atlas, surface.diffuse_use, uv, scale)
        base = wp.vec3(value[0], value[1], value[2])
    roughness = surface.roughness
    if surface.roughness_use.texture >= 0:
        value = sample(atlas, surface.roughness_use, uv, scale)
        roughness = value[surface.roughness_use.channel]
    metallic = surface.metallic
    if surface.metallic_use.texture >= 0:
        value = sample(atlas, surface.metallic_use, uv, scale)
        metallic = value[surface.metallic_use.channel]
    # What glows is not exposed: 1 is white, whatever the light, for most stages give it in that sense.
    sent = surface.emissive
    if surface.emissive_use.texture >= 0:
        value = sample(atlas, surface.emissive_use, uv, scale)
        sent = wp.vec3(value[0], value[1], value[2])

    n = shading_normal(geo, normals, hit)
    v = hit.view
    n_v = wp.max(wp.dot(n, v), 1.0e-3)
    diffuse = base * (1.0 - metallic)
    f0 = wp.vec3(0.04, 0.04, 0.04) * (1.0 - metallic) + base * metallic
    share = ambient_share(n_v, roughness)
    mirror = f0 * share[0] + wp.vec3(share[1], share[1], share[1])
    sky = skylight(light, n)
    glimpse = mirrored(light, n * (2.0 * wp.dot(n, v)) - v, roughness)
    sent += wp.cw_mul(wp.cw_mul(diffuse, wp.vec3(1.0, 1.0, 1.0) - mirror), sky) + wp.cw_mul(mirror, glimpse)
    # Below that a highlight of a point is smaller than any pixel.
    alpha = wp.max(roughness * roughness, 0.002)
    shares = wp.vec4(1.0, 1.0, 1.0, 1.0)
    for i in range(light.shadow_count):
        towards = wp.vec3(light.lamps[0, i], light.lamps[1, i], light.lamps[2, i])
        if wp.dot(n, towards) > 0.0:
            shares[i] = reached(light, i, hit.place, n, hit.facet)
    return sent + lamplight(light.lamps, shares, hit.place, n, v, n_v, diffuse, f0, alpha)


@wp.func
def facet_code(facet: wp.vec3) -> wp.uint32:
    """A unit normal in three times ten bits."""
    n = facet * 511.0
    x = wp.uint32(int(n[0] + 512.5))
    y = wp.uint32(int(n[1] + 512.5))
    z = wp.uint32(int(n[2] + 512.5))
    return x | (y << wp.uint32(10)) | (z << wp.uint32(20))


@wp.func
def unpacked_facet(code: wp.uint32) -> wp.vec3:
    """Inverse of `facet_code`, to a thousandth."""
    x = float(int(code & wp.uint32(1023)) - 512)
    y = float(int((code >> wp.uint32(10)) & wp.uint32(1023)) - 512)
    z = float(int((code >> wp.uint32(20)) & wp.uint32(1023)) - 512)
    return wp.vec3(x, y, z) / 511.0


@wp.func
def facet_of(geo: Geo, turn: wp.mat33, vertices: wp.array(dtype=wp.vec3), key: wp.uint64, d: wp.vec3) -> wp.vec3:
    """Unit normal of the triangle on the camera's side, the world's axes."""
    corners = geo.triangles[triangle_row(geo, key)]
    first = geo.leaf_vertex[geo.chunk_leaf[chunk_of(key)]]
    a = vertices[first + corners[0]]
    n = wp.normalize(wp.cross(vertices[first + corners[1]] - a, vertices[first + corners[2]] - a))
    if wp.dot(n, d) > 0.0:
        n = -n
    return turn * n


@wp.kernel(module=MODULE)
def shade(
    geo: Geo,
    cam: Cam,
    light: Lighting,
    turn: wp.mat33,
    vertices: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.mat33),
    rays: wp.array2d(dtype=wp.vec3),
    keys: wp.array2d(dtype=wp.uint64),
    places: Places,
    beside: int,
    srgb: wp.array(dtype=wp.uint8),
    first: int,
    want_facets: int,
    picture: wp.array2d(dtype=wp.uint32),
    facets: wp.array2d(dtype=wp.uint32),
):
    """The colour at the centres of an image row's pixels, from row `first` on; or, if `beside` is 1, at the places of
    one pixel of `places`, from the `first` on. One kernel for both: the model is long, and compiled once."""
    j, i = wp.tid()
    y = first + j
    at = y * places.stride + i
    key = wp.uint64(0)
    d = wp.vec3(0.0, 0.0, 0.0)
    if beside == 1:
        if places.owners[at] != i:
            return
        key = places.keys[at]
        fan = places.fans[y]
        d = fan.d + fan.across * places.offsets[0, i] + fan.down * places.offsets[1, i]
    else:
        key = keys[y, i]
        d = ray(cam, rays, i, y)
    color = wp.vec3(0.0, 0.0, 0.0)
    code = wp.uint32(0)
    if key != wp.uint64(0):
        hit = hit_of(geo, cam, turn, vertices, key, d)
        color = radiance(geo, light, normals, hit)
        if want_facets == 1:
            code = facet_code(hit.facet)
    elif wp.length_sq(d) > 0.0:
        color = background(geo.atlas, light, wp.normalize(turn * d))
    color = toned(color)
    if beside == 1:
        places.colors[at] = color
    else:
        picture[y, i] = packed(color, srgb)
        if want_facets == 1:
            facets[y, i] = code
