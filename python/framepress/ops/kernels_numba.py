"""The compiled twin of `kernels_numpy`: the same steps as plain loops, the same bytes.

Needs numba (extra "fast"). Everything is compiled when this module is imported and kept in numba's cache, so that only
the first run on a machine waits for it. Compiled code runs without the interpreter lock: threads press side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import __version__, njit, types
from numba.core.errors import NumbaError

from framepress.core.arrays import Array
from framepress.ops import kernels_numpy
from framepress.ops.backend import Empty, Pressed
from framepress.ops.rings import Rings

__all__ = ["rings_of_cracks", "press", "without_fourth"]

Function = TypeVar("Function", bound=Callable[..., Any])

# Callers may hand in maps that they have locked; an array that may be written is taken as one that may not, but not
# the other way round.
ID_MAP = types.Array(types.uint32, 2, "C", readonly=True)
IDS = types.uint32[::1]
INT = types.int64
INTS = types.int32[::1]  # rows, columns and indices of cracks: half the memory to go through
LONGS = types.int64[::1]  # positions in maps and texts
FLAGS = types.boolean[::1]
TEXT = types.uint8[::1]
TABLE = types.int32[:, ::1]
BYTES = types.Array(types.uint8, 1, "C", readonly=True)


def press(id_map: Array, listed: Array, only_listed: bool, rings: bool) -> Pressed:
    """See `backend.Kernels.press`."""
    pixels = id_map.astype(np.uint32, copy=False)
    ids, x, y, below, row, first = _grouped_cracks(pixels, listed, only_listed)
    box, area, text, text_start = _measured(x, y, row, first, id_map.shape[0], id_map.shape[1])
    return Pressed(
        ids=ids,
        box=box,
        area=area,
        text=text.tobytes(),
        text_start=text_start,
        rings=Rings(*_rings(row, y, x, below, ids.size)) if rings else None,
    )


def rings_of_cracks(row: Array, y: Array, x: Array, below: Array, rows: int) -> Rings:
    """See `backend.Kernels.rings_of_cracks`."""
    row, y, x = (column.astype(np.int32) for column in (row, y, x))
    return Rings(*_rings(row, y, x, below, rows))


def without_fourth(pixels: Array, empty: Empty) -> Array:
    """See `backend.Kernels.without_fourth`."""
    if pixels.dtype != np.uint8 or not pixels.flags.c_contiguous:
        return kernels_numpy.without_fourth(pixels, empty)
    three = empty((*pixels.shape[:2], 3), pixels.dtype)
    _without_fourth(pixels.reshape(-1), three.reshape(-1))
    return three


def _compiled(result: Any, *arguments: Any) -> Callable[[Function], Function]:
    """Compile now, for these numba types alone; a tuple of results is given as a tuple."""
    signature = (cast(Any, types.Tuple)(result) if isinstance(result, tuple) else result)(*arguments)

    def compiled(function: Function) -> Function:
        try:
            return cast(Function, njit(signature, nogil=True, cache=True)(function))
        except (RuntimeError, OSError):
            # No folder to cache in (RuntimeError), or a full one (OSError): compile for this process alone.
            return cast(Function, njit(signature, nogil=True)(function))
        except NumbaError as error:
            raise ImportError(f"numba {__version__} does not compile {function.__name__}: {error}") from error

    return compiled


@_compiled(INTS, INTS, INTS, INT)
def _sorted_by(keys: Array, order: Array, top: int) -> Array:
    """`order` sorted by `keys[order]`, each 0..top; what is equal keeps its order."""
    slot = np.zeros(top + 2, np.int32)
    for key in keys:
        slot[key + 1] += 1
    for key in range(top + 1):
        slot[key + 1] += slot[key]
    result = np.empty_like(order)
    for item in order:
        key = keys[item]
        result[slot[key]] = item
        slot[key] += 1
    return result


@_compiled(INTS, INTS, INTS, INT, INT)
def _order_by_column(row: Array, x: Array, rows: int, width: int) -> Array:
    """The order by (row, x) of what is sorted by (row, y): by (row, x, y)."""
    order: Array = _sorted_by(row, _sorted_by(x, np.arange(x.size).astype(np.int32), width), rows)
    return order


@_compiled(types.boolean, IDS, types.uint32)
def _contains(ascending: Array, value: int) -> bool:
    """Whether `value` is among `ascending`, by halves."""
    low, high = 0, ascending.size
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return bool(low < ascending.size and ascending[low] == value)


@_compiled(LONGS, ID_MAP)
def _changes(id_map: Array) -> Array:
    """Where a pixel differs from the one below it: flat positions of the upper one, ascending."""
    height, width = id_map.shape
    # Flags of one row, looked at eight at a time: the comparison runs in vector instructions, and most words are 0.
    flags = np.zeros((width + 7) // 8 * 8, np.uint8)
    words = flags.view(np.uint64)
    positions, count = np.empty(4096, np.int64), 0
    for y in range(height - 1):
        for x in range(width):
            flags[x] = id_map[y, x] != id_map[y + 1, x]
        if count + flags.size > positions.size:
            more = np.empty(2 * positions.size + flags.size, np.int64)
            more[:count] = positions[:count]
            positions = more
        for word in range(words.size):
            if words[word]:
                # Without a branch: a position that does not count is overwritten by the next.
                for x in range(8 * word, 8 * word + 8):
                    positions[count] = y * width + x
                    count += flags[x]
    changes: Array = positions[:count].copy()
    return changes


@_compiled((IDS, INTS, INTS, FLAGS), ID_MAP, IDS, types.boolean)
def _cracks(id_map: Array, listed: Array, only_listed: bool) -> tuple[Array, Array, Array, Array]:
    """Every wanted side of every crack, by (y, x): its id, x, y, and whether the id lies below the crack."""
    width = id_map.shape[1]
    pixels = id_map.reshape(-1)
    changes = _changes(id_map)
    most = 2 * changes.size + 2 * width
    ids, below = np.empty(most, np.uint32), np.empty(most, np.bool_)
    x_of, y_of = np.empty(most, np.int32), np.empty(most, np.int32)
    count, y, row_end = 0, 0, 0  # the crack's row, and where its upper pixels end
    for k in range(-width, changes.size + width):
        # The upper pixel of the crack; the borders of the image are cracks with one side.
        upper = k if k < 0 else changes[k] if k < changes.size else pixels.size - width + k - changes.size
        while upper >= row_end:
            y, row_end = y + 1, row_end + width
        for side in range(2):
            p = upper + side * width
            if 0 <= p < pixels.size:
                ids[count], below[count] = pixels[p], side == 1
                y_of[count], x_of[count] = y, upper - row_end + width
                found = pixels[p] == listed[0] if listed.size == 1 else _contains(listed, pixels[p])
                count += found == only_listed
    return ids[:count].copy(), x_of[:count].copy(), y_of[:count].copy(), below[:count].copy()


@_compiled((IDS, INTS, INTS, FLAGS, INTS, LONGS), ID_MAP, IDS, types.boolean)
def _grouped_cracks(id_map: Array, listed: Array, only_listed: bool) -> tuple[Array, Array, Array, Array, Array, Array]:
    """The instances' ids, the cracks' x, y, side and row by (row, y, x), and where each row's cracks begin."""
    ids, x, y, below = _cracks(id_map, listed, only_listed)
    count = ids.size
    low, high, low_top, high_top = np.empty(count, np.int32), np.empty(count, np.int32), 0, 0
    for k in range(count):
        low[k], high[k] = ids[k] & 0xFFFF, ids[k] >> 16
        low_top, high_top = max(low_top, low[k]), max(high_top, high[k])
    order = _sorted_by(low, np.arange(count).astype(np.int32), low_top)
    if high_top:
        order = _sorted_by(high, order, high_top)

    row, first, rows = np.empty(count, np.int32), np.empty(count + 1, np.int64), 0
    for k in range(count):
        if k == 0 or ids[order[k]] != ids[order[k - 1]]:
            first[rows] = k
            rows += 1
        row[k] = rows - 1
    first[rows] = count
    first = first[: rows + 1].copy()
    return ids[order[first[:rows]]], x[order], y[order], below[order], row, first


@_compiled(INT, TEXT, INT, INT)
def _write_number(text: Array, at: int, number: int) -> int:
    """Write `number` in groups of 5 bits (`ops.runs`); where the next one goes."""
    while True:
        group = number & 31
        number >>= 5
        more = number != -1 if group & 16 else number != 0
        text[at] = group + 48 + (32 if more else 0)
        at += 1
        if not more:
            return at


@_compiled((TABLE, LONGS, TEXT, LONGS), INTS, INTS, INTS, LONGS, INT, INT)
def _measured(
    x: Array, y: Array, row: Array, first: Array, height: int, width: int
) -> tuple[Array, Array, Array, Array]:
    """Box, area and run-length text of every row, from its cracks down the columns."""
    rows = first.size - 1
    order = _order_by_column(row, x, rows, width)
    box, area = np.empty((rows, 4), np.int32), np.zeros(rows, np.int64)
    text, text_start, at = np.empty(7 * (row.size + rows), np.uint8), np.zeros(rows + 1, np.int64), 0
    for n in range(rows):
        begin, end = first[n], first[n + 1]
        box[n, 0], box[n, 1] = x[order[begin]], y[begin]
        box[n, 2], box[n, 3] = x[order[end - 1]] + 1, y[end - 1]
        written, before, gap_before, run_before = 0, 0, 0, 0
        k = begin
        while k < end:
            start = x[order[k]] * height + y[order[k]]
            stop = x[order[k + 1]] * height + y[order[k + 1]]
            k += 2
            # A run that fills a column to the bottom and goes on at the top of the next is one run in COCO's order.
            while k < end and x[order[k]] * height + y[order[k]] == stop:
                stop = x[order[k + 1]] * height + y[order[k + 1]]
                k += 2
            gap, run = start - before, stop - start
            at = _write_number(text, at, gap - gap_before if written > 2 else gap)
            at = _write_number(text, at, run - run_before if written > 1 else run)
            area[n] += run
            written += 2
            before, gap_before, run_before = stop, gap, run
        rest = height * width - before
        if rest:
            at = _write_number(text, at, rest - gap_before if written > 2 else rest)
        text_start[n + 1] = at
    return box, area, text[:at].copy(), text_start


@_compiled((INTS, INTS, INTS, INTS, FLAGS), INTS, INTS, INTS, FLAGS)
def _horizontal_edges(row: Array, y: Array, x: Array, below: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Neighbouring cracks of one row and one side joined: row, y, where it goes from, where it comes to, and side."""
    count = row.size
    edge_row, edge_y, edge_below = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.bool_)
    go, come, edges, left = np.empty(count, np.int32), np.empty(count, np.int32), 0, 0
    for k in range(count):
        joins = k > 0 and (
            (x[k] == x[k - 1] + 1) & (y[k] == y[k - 1]) & (below[k] == below[k - 1]) & (row[k] == row[k - 1])
        )
        left = left if joins else x[k]
        edges += not joins
        edge_row[edges - 1], edge_y[edges - 1], edge_below[edges - 1] = row[k], y[k], below[k]
        # The mask lies to the right of an edge as it is walked, so that outer rings run clockwise on the screen.
        go[edges - 1] = left if below[k] else x[k] + 1
        come[edges - 1] = x[k] + 1 if below[k] else left
    return (
        edge_row[:edges].copy(),
        edge_y[:edges].copy(),
        go[:edges].copy(),
        come[:edges].copy(),
        edge_below[:edges].copy(),
    )


@_compiled(INTS, INTS, INTS, INTS, INTS, FLAGS, INT)
def _followers(row: Array, y: Array, go: Array, come: Array, below: Array, rows: int) -> Array:
    """For each horizontal edge the one that is reached from its end along a vertical edge (`kernels_numpy`)."""
    edges = row.size
    x, corner_row, top = np.empty(2 * edges, np.int32), np.empty(2 * edges, np.int32), 0
    for e in range(edges):
        x[2 * e], x[2 * e + 1] = go[e], come[e]
        corner_row[2 * e] = corner_row[2 * e + 1] = row[e]
        top = max(top, go[e], come[e])
    order = _order_by_column(corner_row, x, rows, top)

    partner = np.empty(2 * edges, np.int32)
    for k in range(0, 2 * edges, 2):
        a, b = order[k], order[k + 1]
        if k + 2 < 2 * edges:
            c = order[k + 2]
            twice = x[b] == x[c] and y[b >> 1] == y[c >> 1] and row[b >> 1] == row[c >> 1]
            if twice and below[b >> 1]:
                b, order[k + 2] = c, b
        partner[a], partner[b] = b, a
    follower = np.empty(edges, np.int32)
    for e in range(edges):
        follower[e] = partner[2 * e + 1] >> 1
    return follower


@_compiled((TABLE, LONGS, FLAGS, LONGS), INTS, INTS, INTS, FLAGS, INT)
def _rings(row: Array, y: Array, x: Array, below: Array, rows: int) -> tuple[Array, Array, Array, Array]:
    """The columns of `Rings`: from edge to edge until each has been walked once."""
    row, y, go, come, below = _horizontal_edges(row, y, x, below)
    follower = _followers(row, y, go, come, below, rows)
    edges = row.size
    xy, start, hole = np.empty((2 * edges, 2), np.int32), np.zeros(edges + 1, np.int64), np.empty(edges, np.bool_)
    row_start = np.zeros(rows + 1, np.int64)
    walked, rings, at = np.zeros(edges, np.bool_), 0, 0
    for leader in range(edges):
        if walked[leader]:
            continue
        edge = leader
        while not walked[edge]:
            walked[edge] = True
            xy[at, 0], xy[at + 1, 0] = go[edge], come[edge]
            xy[at, 1] = xy[at + 1, 1] = y[edge]
            at += 2
            edge = follower[edge]
        hole[rings] = not below[leader]  # the topmost edge of an outer ring has the mask below it, of a hole above it
        row_start[row[leader] + 1] += 1
        rings += 1
        start[rings] = at
    return xy, start[: rings + 1].copy(), hole[:rings].copy(), np.cumsum(row_start)


@_compiled(types.void, BYTES, TEXT)
def _without_fourth(pixels: Array, three: Array) -> None:
    for i in range(len(pixels) // 4):
        three[3 * i], three[3 * i + 1], three[3 * i + 2] = pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2]
