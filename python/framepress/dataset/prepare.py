"""What every edition wants to know of a frame's pixels, computed once: masks, areas and missing boxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from framepress.core import Frame, Rle, View
from framepress.ops.masks import MaskTable, mask_table

__all__ = ["shown", "with_masks"]


def shown(view: View) -> MaskTable:
    """All masks of the view's instance channel; made once, and shared by whoever asks.

    Raises:
        InputError: the channel cannot be read.
    """
    return view.channels.derived("masks", lambda: mask_table(view.channels["instance"]))


def with_masks(frame: Frame) -> Frame:
    """The frame with `mask`, `area` and any unknown `box` of its objects filled from the instance channel.

    Objects that bring a mask keep it; an object whose id is not in the channel gets none.
    """
    views = tuple(_view_with_masks(view) for view in frame.views)
    return frame if views == frame.views else frame.replaced(views=views)


def _view_with_masks(view: View) -> View:
    objects = view.objects
    wanted = np.array(
        [number > 0 and mask is None for number, mask in zip(objects.id.tolist(), objects.mask, strict=True)]
    )
    if "instance" not in view.channels or not wanted.any():
        return view
    table = shown(view)
    rows = {int(number): row for row, number in enumerate(table.ids.tolist())}
    mask: list[Rle | None] = list(objects.mask)
    columns: dict[str, Any] = {name: getattr(objects, name).copy() for name in ("area", "box")}
    for position in np.flatnonzero(wanted).tolist():
        row = rows.get(int(objects.id[position]))
        if row is None:
            continue
        mask[position] = table.rle(row)
        columns["area"][position] = table.area[row]
        if np.isnan(columns["box"][position, 0]):
            columns["box"][position] = table.box[row]
    return view.replaced(objects=objects.with_columns(mask=tuple(mask), **columns))
