"""The reference kernels: an id map to boxes, areas, run-length text and polygons, in numpy alone.

One idea carries everything. A *crack* is a horizontal pixel side with two different ids on its two sides. One
comparison of the map with itself, moved by a row, finds all cracks of all instances; whatever follows works on cracks.
Sorted down the columns, the cracks of an instance alternate top, bottom, top, bottom: its runs. Sorted along the rows,
adjacent cracks join to the horizontal edges of its outline, and since the outline is rectilinear, the corners on one
vertical line pair up to its vertical edges.

Every sort is a stable one on keys of 16 bits, which numpy does by radix in linear time on any processor.
"""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array
from framepress.ops.backend import Empty, Pressed
from framepress.ops.rings import Rings
from framepress.ops.runs import texts_of_counts

__all__ = ["rings_of_cracks", "press", "without_fourth"]


def press(id_map: Array, listed: Array, only_listed: bool, rings: bool) -> Pressed:
    """See `backend.Kernels.press`."""
    height, width = id_map.shape
    ids, y, x, below = _cracks(id_map, listed, only_listed)
    if not ids.size:
        none = np.zeros(0, np.int64)
        boxes, offsets = np.zeros((0, 4), np.int32), np.zeros(1, np.int64)
        return Pressed(none.astype(np.uint32), boxes, none, b"", offsets, Rings.none(0) if rings else None)
    order = _order_by_id(ids)
    ids, y, x, below = ids[order], y[order], x[order], below[order]
    first = _firsts(ids)
    row = np.repeat(np.arange(first.size), np.diff(first, append=ids.size))

    column_order = _order_by_column(row, x, first.size, width)
    column = x[column_order[0::2]]
    top, bottom = y[column_order[0::2]], y[column_order[1::2]]
    run_first = first // 2
    run_last = np.append(run_first[1:], column.size) - 1
    last = 2 * run_last + 1
    box = np.stack((column[run_first], y[first], column[run_last] + 1, y[last]), axis=1).astype(np.int32)
    text, text_start = _texts(column * height + top, column * height + bottom, run_first, height * width)
    return Pressed(
        ids=ids[first].astype(np.uint32),
        box=box,
        area=np.add.reduceat(bottom - top, run_first),
        text=text,
        text_start=text_start,
        rings=rings_of_cracks(row, y, x, below, first.size) if rings else None,
    )


def _cracks(id_map: Array, listed: Array, only_listed: bool) -> tuple[Array, Array, Array, Array]:
    """Every wanted side of every crack, by (y, x): its id, y, x, and whether the id lies below the crack."""
    height, width = id_map.shape
    differs = np.empty((height + 1, width), np.bool_)
    differs[0] = differs[height] = True
    np.not_equal(id_map[1:], id_map[:-1], out=differs[1:height])
    at = _true_positions(differs.reshape(-1))

    pixels = id_map.reshape(-1)
    sides = np.zeros((at.size, 2), id_map.dtype)  # the id above the crack, the id below it
    sides[width:, 0] = pixels[at[width:] - width]
    sides[:-width, 1] = pixels[at[:-width]]
    wanted = np.isin(sides, listed, invert=not only_listed)
    wanted[:width, 0] = False
    wanted[-width:, 1] = False

    side = np.flatnonzero(wanted)
    at = at[side >> 1]
    y = at // width
    return sides.reshape(-1)[side], y, at - y * width, (side & 1).astype(np.bool_)


def _true_positions(flags: Array) -> Array:
    """`np.flatnonzero` of a bool array that is mostly False: eight flags at a time first."""
    whole = flags.size - flags.size % 8
    words = np.flatnonzero(flags[:whole].view(np.uint64))
    inside = np.flatnonzero(flags[:whole].reshape(-1, 8)[words])
    found = words[inside >> 3] * 8 + (inside & 7)
    tail = np.flatnonzero(flags[whole:])
    return np.concatenate((found, tail + whole)) if tail.size else found


def _order_by_id(ids: Array) -> Array:
    order = np.argsort(ids.astype(np.uint16), kind="stable")  # the cast keeps the low half
    if ids.dtype.itemsize <= 2 or not ids.size or ids.max() <= 0xFFFF:
        return order
    return order[np.argsort((ids >> 16).astype(np.uint16)[order], kind="stable")]


def _order_by_column(row: Array, x: Array, rows: int, width: int) -> Array:
    """The order by (row, x) of what is sorted by (row, y): by (row, x, y)."""
    order = np.argsort(_narrow(x, width), kind="stable")
    return order[np.argsort(_narrow(row, rows)[order], kind="stable")]


def _narrow(keys: Array, top: int) -> Array:
    """`keys` of 0..top as 16 bits where they fit, for the radix sort."""
    return keys.astype(np.uint16) if top <= 0xFFFF else keys


def _firsts(sorted_keys: Array) -> Array:
    """Where each group of equal keys begins."""
    return np.concatenate(([0], np.flatnonzero(sorted_keys[1:] != sorted_keys[:-1]) + 1))


def _texts(start: Array, end: Array, first: Array, pixels: int) -> tuple[bytes, Array]:
    """Run-length texts of many masks from their column runs [start, end), each mask's beginning at `first`."""
    before = np.empty_like(end)
    before[1:] = end[:-1]
    before[first] = 0
    gap = start - before
    # A run that fills a column to the bottom and goes on at the top of the next is one run in COCO's order.
    begins = gap != 0
    begins[first] = True
    index = np.cumsum(begins) - 1
    first = index[first]
    stop = np.append(first[1:], index[-1] + 1)
    gap, start = gap[begins], start[begins]
    end = end[np.append(begins[1:], True)]

    # Each mask's counts: gap, length, gap, length, ..., and what is left behind its last run, if anything.
    masks = np.arange(first.size)
    slot = 2 * np.arange(start.size) + np.repeat(masks, stop - first)
    counts = np.empty(2 * start.size + first.size, np.int64)
    counts[slot], counts[slot + 1] = gap, end - start
    rest_slot = 2 * stop + masks
    counts[rest_slot] = pixels - end[stop - 1]
    full = counts[rest_slot] == 0
    count_first = 2 * first + masks - (np.cumsum(full) - full)
    return texts_of_counts(np.delete(counts, rest_slot[full]), count_first)


def rings_of_cracks(row: Array, y: Array, x: Array, below: Array, rows: int) -> Rings:
    """See `backend.Kernels.rings_of_cracks`."""
    if not row.size:
        return Rings.none(rows)
    row, y, left, right, below = _horizontal_edges(row, y, x, below)
    # The mask lies to the right of an edge as it is walked, so that outer rings run clockwise on the screen.
    come, go = np.where(below, right, left), np.where(below, left, right)
    follower = _followers(row, y, go, come, below, rows)
    leader, place = _rank(follower)

    leaders, ring = np.unique(leader, return_inverse=True)
    size = np.bincount(ring)
    start = np.concatenate(([0], np.cumsum(size)))
    edge = np.empty(row.size, np.int64)
    edge[start[ring] + place] = np.arange(row.size)
    xy = np.empty((row.size, 2, 2), np.int32)
    xy[:, 0, 0], xy[:, 1, 0] = go[edge], come[edge]
    xy[:, :, 1] = y[edge, None]
    return Rings(
        xy=xy.reshape(-1, 2),
        start=2 * start,
        hole=~below[leaders],  # the topmost edge of an outer ring has the mask below it, that of a hole above it
        row_start=np.searchsorted(row[leaders], np.arange(rows + 1)),
    )


def _horizontal_edges(row: Array, y: Array, x: Array, below: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Neighbouring cracks of one row and one side joined: row, y, left x, right x and side of each edge."""
    joins = (x[1:] == x[:-1] + 1) & (y[1:] == y[:-1]) & (below[1:] == below[:-1]) & (row[1:] == row[:-1])
    begins = np.flatnonzero(np.concatenate(([True], ~joins)))
    ends = np.append(begins[1:], x.size) - 1
    return row[begins], y[begins], x[begins], x[ends] + 1, below[begins]


def _followers(row: Array, y: Array, go: Array, come: Array, below: Array, rows: int) -> Array:
    """For each horizontal edge the one that is reached from its end along a vertical edge.

    Corner 2e is where edge e goes from, 2e + 1 where it comes to. Along one vertical line of the grid, a mask's corners
    pair up: the first two bound a vertical edge, the next two another. Where two parts only touch at a corner, that
    corner is there twice, and the parts stay apart: the copy with the mask above it ends the upper vertical edge.
    """
    x = np.stack((go, come), axis=1).reshape(-1)
    order = _order_by_column(np.repeat(row, 2), x, rows, int(x.max()))
    upper, lower = order[1:-1:2], order[2::2]
    twice = (x[upper] == x[lower]) & (y[upper >> 1] == y[lower >> 1]) & (row[upper >> 1] == row[lower >> 1])
    swap = 1 + 2 * np.flatnonzero(twice & below[upper >> 1])
    order[swap], order[swap + 1] = order[swap + 1], order[swap]

    pair = order.reshape(-1, 2)
    flip = (pair[:, 0] & 1).astype(np.bool_)
    follower = np.empty(row.size, np.int64)
    follower[np.where(flip, pair[:, 0], pair[:, 1]) >> 1] = np.where(flip, pair[:, 1], pair[:, 0]) >> 1
    return follower


def _rank(follower: Array) -> tuple[Array, Array]:
    """Each element's ring, named by its least element, and its place in it counted from there.

    By pointer doubling: after k rounds every element knows about the 2^k that follow it.
    """
    leader = np.arange(follower.size)
    ahead = follower
    while True:
        least = np.minimum(leader, leader[ahead])
        if np.array_equal(least, leader):
            break
        leader, ahead = least, ahead[ahead]

    last = leader[follower] == follower
    ahead = np.where(last, np.arange(follower.size), follower)
    to_last = np.where(last, 0, 1)
    while True:
        farther = to_last + to_last[ahead]
        if np.array_equal(farther, to_last):
            break
        to_last, ahead = farther, ahead[ahead]
    return leader, to_last[leader] - to_last


def without_fourth(pixels: Array, empty: Empty) -> Array:
    """See `backend.Kernels.without_fourth`."""
    three = empty((*pixels.shape[:2], 3), pixels.dtype)
    for component in range(3):  # plane by plane, numpy copies four times as fast as pixel by pixel
        three[..., component] = pixels[..., component]
    return three
