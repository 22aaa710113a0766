"""From an instance id map to the masks of all instances, in one pass over the frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from framepress.core.arrays import Array
from framepress.core.rle import Rle
from framepress.errors import InputError, OptionError
from framepress.ops import backend
from framepress.ops.rings import Rings

__all__ = ["MaskTable", "mask_table"]

ID_TOP = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, eq=False)
class MaskTable:
    """The instances that a map shows, a row each, by ascending id."""

    height: int
    width: int
    ids: Array
    """(N,) uint32."""
    box: Array
    """(N, 4) int32 half-open x0 y0 x1 y1, edge convention."""
    area: Array
    """(N,) int64 pixels, never 0."""
    counts: tuple[str, ...]
    """(N,) COCO run-length texts, byte-equal to what pycocotools writes."""
    rings: Rings | None
    """The exact outlines, row for row; None unless asked for."""

    def __len__(self) -> int:
        return len(self.counts)

    def rle(self, row: int) -> Rle:
        """The mask of one row."""
        return Rle(self.height, self.width, self.counts[row])


def mask_table(
    id_map: Array, ignore: Iterable[int] = (0,), *, only: Iterable[int] | None = None, rings: bool = False
) -> MaskTable:
    """Boxes, areas, run-length texts and, if asked for, exact outlines of all instances in `id_map`.

    Args:
        id_map: (H, W), any integer or bool type; ids 0..2^32-1.
        ignore: ids that are no instances. Not consulted where `only` is given.
        only: the ids to look for; those that the map does not show get no row.
        rings: trace the outlines as well.

    Raises:
        InputError: the map has no pixels, not two axes, no integers, or an id that does not fit 32 bits.
        OptionError: `ignore` or `only` names such an id.
    """
    listed = _ascending(ignore if only is None else only)
    pressed = backend.kernels().press(_unsigned(np.asarray(id_map)), listed, only is not None, rings)
    _refuse_negative(np.asarray(id_map), pressed.ids)
    text, start = pressed.text.decode("ascii"), pressed.text_start.tolist()
    return MaskTable(
        height=id_map.shape[0],
        width=id_map.shape[1],
        ids=pressed.ids,
        box=pressed.box,
        area=pressed.area,
        counts=tuple(text[a:b] for a, b in pairwise(start)),
        rings=pressed.rings,
    )


def _ascending(ids: Iterable[int]) -> Array:
    listed = sorted({int(value) for value in ids})
    if listed and not 0 <= listed[0] <= listed[-1] <= ID_TOP:
        value = listed[0] if listed[0] < 0 else listed[-1]
        raise OptionError(f"instance id {value} is outside of 0..{ID_TOP}: ids are unsigned 32-bit numbers")
    return np.array(listed, np.uint32)


def _unsigned(id_map: Array) -> Array:
    """The map as C-contiguous, aligned uint8, uint16 or uint32, without a copy where its memory already is that."""
    if id_map.ndim != 2 or not id_map.size or id_map.dtype.kind not in "biu":
        raise InputError(
            f"an id map is a (H, W) array of integers with at least one pixel, got {id_map.dtype} {id_map.shape}"
        )
    if id_map.dtype.itemsize == 8:
        low, high = int(id_map.min()), int(id_map.max())
        if not 0 <= low <= high <= ID_TOP:
            raise InputError(f"instance id {low if low < 0 else high} is outside of 0..{ID_TOP}")
        return np.ascontiguousarray(id_map, np.uint32)
    unsigned = np.dtype(f"u{id_map.dtype.itemsize}")
    return np.require(id_map, id_map.dtype.newbyteorder("="), ["C", "ALIGNED"]).view(unsigned)


def _refuse_negative(id_map: Array, ids: Array) -> None:
    # A signed map is read as if unsigned, which saves a pass over it; what was negative comes out above the type's top.
    if id_map.dtype.kind == "i" and id_map.dtype.itemsize < 8 and ids.size and ids[-1] > np.iinfo(id_map.dtype).max:
        raise InputError(
            f"instance id {id_map.min()} is negative: ids are 0..{ID_TOP}; cast the map to uint32 if meant"
        )
