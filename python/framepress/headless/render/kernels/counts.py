"""How much an entity covers alone: the bits of `raster.Cover`, counted."""

# ruff: noqa: UP018, RUF046 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.raster import Cover
from framepress.headless.render.kernels.structs import MODULE, Cam


@wp.func
def bit_count(word: wp.uint32) -> int:
    pairs = word - ((word >> wp.uint32(1)) & wp.uint32(0x55555555))
    fours = (pairs & wp.uint32(0x33333333)) + ((pairs >> wp.uint32(2)) & wp.uint32(0x33333333))
    bytes_ = (fours + (fours >> wp.uint32(4))) & wp.uint32(0x0F0F0F0F)
    return int((bytes_ * wp.uint32(0x01010101)) >> wp.uint32(24))


@wp.func
def lowest_bit(word: wp.uint32) -> int:
    """Of a word that is not 0."""
    return bit_count((word & (~word + wp.uint32(1))) - wp.uint32(1))


@wp.func
def highest_bit(word: wp.uint32) -> int:
    """Of a word that is not 0."""
    full = word | (word >> wp.uint32(1))
    full = full | (full >> wp.uint32(2))
    full = full | (full >> wp.uint32(4))
    full = full | (full >> wp.uint32(8))
    full = full | (full >> wp.uint32(16))
    return bit_count(full) - 1


@wp.kernel(module=MODULE)
def count_cover(
    cam: Cam, cover: Cover, rows: wp.array(dtype=wp.int32), first: int, step: int, tally: wp.array2d(dtype=wp.int32)
):
    """Args: rows: of an entity's box. step: threads an entity. tally: as in `resolve_ids`."""
    i, thread = wp.tid()
    entity = first + i
    place = cover.places[entity]
    count = int(0)
    left = int(0)
    right = int(0)
    above = int(0)
    below = int(0)
    for y in range(thread, rows[entity], step):
        at = place[3] + y * place[2]
        for x in range(place[2]):
            word = cover.bits[at + x]
            if word != wp.uint32(0):
                column = (place[0] + x) * 32
                count += bit_count(word)
                left = wp.max(left, cam.width - column - lowest_bit(word))
                right = wp.max(right, column + highest_bit(word) + 1)
                above = wp.max(above, cam.height - place[1] - y)
                below = wp.max(below, place[1] + y + 1)
    if count > 0:
        wp.atomic_add(tally, entity, 0, count)
        wp.atomic_max(tally, entity, 1, left)
        wp.atomic_max(tally, entity, 2, above)
        wp.atomic_max(tally, entity, 3, right)
        wp.atomic_max(tally, entity, 4, below)
