"""From the visibility buffer to what a pixel is and how far: ids, both distances, and what is seen of each entity."""

# ruff: noqa: UP018, RUF046 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.lens import ray
from framepress.headless.render.kernels.structs import FISHEYE, MODULE, Cam, Geo, chunk_of, inverse_of


@wp.func
def count_run(cam: Cam, entity: int, first: int, end: int, y: int, tally: wp.array2d(dtype=wp.int32)):
    """The pixels [first, end) of row y show `entity`."""
    if entity >= 0:
        wp.atomic_add(tally, entity, 0, end - first)
        wp.atomic_max(tally, entity, 1, cam.width - first)
        wp.atomic_max(tally, entity, 2, cam.height - y)
        wp.atomic_max(tally, entity, 3, end)
        wp.atomic_max(tally, entity, 4, y + 1)


@wp.kernel(module=MODULE)
def resolve_ids(
    geo: Geo,
    cam: Cam,
    rays: wp.array2d(dtype=wp.vec3),
    keys: wp.array2d(dtype=wp.uint64),
    top: int,
    span: int,
    leaves: wp.array2d(dtype=wp.int32),
    entities: wp.array2d(dtype=wp.int32),
    depths: wp.array2d(dtype=wp.float32),
    distances: wp.array2d(dtype=wp.float32),
    tally: wp.array2d(dtype=wp.int32),
):
    """`span` pixels of a row at a time, from row `top` on.

    Args: tally: an entity's pixels, then width - x_min, height - y_min, x_max + 1, y_max + 1: all 0 where none is seen.
    """
    i, j = wp.tid()
    y = top + i
    end = wp.min(j * span + span, cam.width)
    run = j * span
    shown = int(-1)
    chunk = int(-1)
    leaf = int(-1)
    entity = int(-1)
    for x in range(j * span, end):
        key = keys[y, x]
        if key == wp.uint64(0):
            chunk = -1
            leaf = -1
            entity = -1
            depths[y, x] = wp.inf
            distances[y, x] = wp.inf
        else:
            if chunk_of(key) != chunk:
                chunk = chunk_of(key)
                leaf = geo.chunk_leaf[chunk]
                entity = geo.leaf_entity[leaf]
            t = 1.0 / inverse_of(key)
            d = ray(cam, rays, x, y)
            if cam.model == FISHEYE:
                depths[y, x] = t * d[2]
                distances[y, x] = t
            else:
                depths[y, x] = t
                distances[y, x] = t * wp.length(d)
        leaves[y, x] = leaf
        entities[y, x] = entity
        if entity != shown:
            count_run(cam, shown, run, x, y, tally)
            shown = entity
            run = x
    count_run(cam, shown, run, end, y, tally)
