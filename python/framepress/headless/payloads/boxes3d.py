"""3D boxes: structured rows with extents in the prim's own frame, unscaled, and the way from there to the world.

`p_world = [x y z 1] @ transform`: row vectors, the translation in row 3, the scale in the lengths of rows 0 to 2.
`bounding_box_3d` has the prims whose box meets the camera's view, hidden ones too; `bounding_box_3d_360` the stage's.
"""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.payloads.boxes import legend, ratios
from framepress.headless.payloads.shot import Ask, Value
from framepress.headless.scene import Lens
from framepress.headless.usd.lenses import project

__all__ = ["BOX_3D", "everywhere", "in_view"]

BOX_3D = np.dtype(
    [
        ("semanticId", "<u4"),
        *((f"{axis}_{end}", "<f4") for end in ("min", "max") for axis in "xyz"),
        ("transform", "<f4", (4, 4)),
        ("occlusionRatio", "<f4"),
    ]
)

_CORNERS = np.array([[corner >> axis & 1 for axis in range(3)] for corner in range(8)])


def everywhere(ask: Ask) -> Value:
    """Every labelled prim with geometry."""
    return _solids(ask, _with_geometry(ask))


def in_view(ask: Ask) -> Value:
    """Those that may be seen if nothing stood in front."""
    prims = _with_geometry(ask)
    return _solids(ask, prims[_meets_view(ask, prims)])


def _with_geometry(ask: Ask) -> Array:
    bounds = ask.shot.scene.entity_bounds[ask.labelled.rows]
    return np.flatnonzero(np.isfinite(bounds).all(axis=(1, 2)))


def _solids(ask: Ask, prims: Array) -> Value:
    scene, rows = ask.shot.scene, ask.labelled.rows[prims]
    records = np.empty(len(prims), BOX_3D)
    records["semanticId"], info = legend(ask, prims)
    for end, name in enumerate(("min", "max")):
        for axis, letter in enumerate("xyz"):
            records[f"{letter}_{name}"] = scene.entity_bounds[rows, end, axis]
    records["transform"] = scene.entity_matrices[rows]
    records["occlusionRatio"] = ratios(ask)[prims]
    return Value(records, info)


def _meets_view(ask: Ask, prims: Array) -> Array:
    """bool (N,). Never False for a prim with a pixel.

    A pinhole's view is a pyramid: a box is out of it if all of its corners are beyond one of the six planes. Other
    lenses have no planes: there a box is in view if it covers a pixel centre, or a corner falls into the image.
    """
    scene, rows = ask.shot.scene, ask.labelled.rows[prims]
    bounds = scene.entity_bounds[rows]
    local = np.where(_CORNERS[None], bounds[:, 1:], bounds[:, :1])  # (N, 8, 3)
    matrices = scene.entity_matrices[rows] @ ask.shot.camera.view
    corners = (local @ matrices[:, :3, :3] + matrices[:, 3:, :3]) * (1, -1, -1)  # x right, y down, z forward
    spans = ask.labelled.spans(ask.buffer("amodal_box"))[prims]
    covered = spans[:, 2] >= spans[:, 0]
    lens = ask.shot.camera.lens
    if lens.model == "pinhole":
        return np.asarray(covered | _in_pyramid(corners, lens))
    pixels = project(lens, corners.reshape(-1, 3)).reshape(-1, 8, 2)
    inside = ((pixels >= 0) & (pixels <= (lens.width, lens.height))).all(-1).any(-1)
    return np.asarray(covered | inside)


def _in_pyramid(corners: Array, lens: Lens) -> Array:
    x, y, z = np.moveaxis(corners, -1, 0)
    u, v = lens.fx * x + lens.cx * z, lens.fy * y + lens.cy * z  # pixels times depth
    beyond = np.stack((z < lens.near, z > lens.far, u < 0, u > lens.width * z, v < 0, v > lens.height * z))  # (6, N, 8)
    return np.asarray(~beyond.all(-1).any(0))
