"""2D boxes and occlusion: structured rows, one a labelled prim, in the scene's order.

Maxima are inclusive: the last row or column with a pixel centre inside. `tight` bounds what is visible, so that a
hidden prim has no row; `loose` the whole prim as far as it is in the frame, whoever stands in front. A prim with
labelled prims below spans all of them.

occlusionRatio is 1 - visible / whole, both counted at pixel centres inside the frame: 0 visible, 1 hidden; -1 for a
prim with labelled prims below, which has no count of its own; NaN for one that covers no pixel centre.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.payloads.shot import Ask, Value

__all__ = ["BOX_2D", "OCCLUSION", "legend", "loose", "occlusion", "ratios", "tight"]

BOX_2D = np.dtype(
    [
        ("semanticId", "<u4"),
        ("x_min", "<i4"),
        ("y_min", "<i4"),
        ("x_max", "<i4"),
        ("y_max", "<i4"),
        ("occlusionRatio", "<f4"),
    ]
)
OCCLUSION = np.dtype([("instanceId", "<u4"), ("semanticId", "<u4"), ("occlusionRatio", "<f4")])


def tight(ask: Ask) -> Value:
    return _boxes(ask, ask.labelled.spans(ask.shot.buffers.visible_box))


def loose(ask: Ask) -> Value:
    return _boxes(ask, ask.labelled.spans(ask.buffer("amodal_box")))


def occlusion(ask: Ask) -> Value:
    """Rows of all prims in the frame, hidden ones too; `instanceId` is what boxes have in `bboxIds`."""
    spans = ask.labelled.spans(ask.buffer("amodal_box"))
    prims = np.flatnonzero(spans[:, 2] >= spans[:, 0])
    semantic, info = legend(ask, prims)
    records = np.empty(len(prims), OCCLUSION)
    records["instanceId"], records["semanticId"] = info["bboxIds"], semantic
    records["occlusionRatio"] = ratios(ask)[prims]
    return Value(records)


def _boxes(ask: Ask, spans: Array) -> Value:
    prims = np.flatnonzero(spans[:, 2] >= spans[:, 0])
    semantic, info = legend(ask, prims)
    records = np.empty(len(prims), BOX_2D)
    records["semanticId"] = semantic
    for axis, name in enumerate(("x_min", "y_min", "x_max", "y_max")):
        records[name] = spans[prims, axis]
    records["occlusionRatio"] = ratios(ask)[prims]
    return Value(records, info)


def legend(ask: Ask, prims: Array) -> tuple[Array, dict[str, Any]]:
    """`semanticId` of the rows of these prims, uint32, and what stands beside the rows.

    Semantic ids count the sets of labels from 0 in the order of the rows. `bboxIds` are the same in every box
    annotator of a frame, whatever its filter.
    """
    known = ask.labelled
    kinds, first, place = np.unique(known.kind[prims], return_index=True, return_inverse=True)
    order = np.argsort(first)
    number_of = np.empty(len(kinds), np.uint32)
    number_of[order] = ask.numbers(len(kinds), 0, "box semantics")
    ids = ask.numbers(len(known.owner), 0, "boxes")
    info = {
        "bboxIds": ids[known.rows[prims]],
        "idToLabels": {ask.key(int(number_of[at])): dict(known.kinds[kinds[at]]) for at in order.tolist()},
        "primPaths": [known.paths[prim] for prim in prims.tolist()],
    }
    return number_of[place.reshape(-1)], info


def ratios(ask: Ask) -> Array:
    """float32 (K,): occlusionRatio of every prim."""
    known, mode = ask.labelled, ask.quirks.occlusion
    if mode in ("unknown", "nan"):
        return np.full(len(known), -1 if mode == "unknown" else np.nan, np.float32)
    visible, whole = known.summed(ask.shot.buffers.visible_count), known.summed(ask.buffer("amodal_count"))
    with np.errstate(invalid="ignore"):  # nothing in the frame: 0 / 0, which is what NaN says
        ratio = (1 - visible / whole).astype(np.float32)
    ratio[known.has_children] = -1
    if mode == "single_mesh":
        slots = known.slot[:-1]
        ratio[np.bincount(slots, minlength=len(known) + 2)[2:] > 1] = -1
    return ratio
