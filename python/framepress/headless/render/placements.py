"""The leaves of a scene on the device: which geometry, materials and entity each has, and the chunks it is drawn in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.render.device_arrays import upload
from framepress.headless.render.geometries import Slot
from framepress.headless.render.kernels.structs import LANES, NOTHING
from framepress.headless.scene import Material, Placement

__all__ = ["BLOCK", "Placements", "cuts", "laid_out"]

BLOCK = 256
"""Vertices of one leaf that a step of the transform takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Placements:
    """N leaves.

    Args:
        placements: what this was made of.
        layouts: of each leaf's slot; where placements and layouts are the same, all of this is.
        geometry: int64 (N,), row of `Scene.geometries`.
        vertices, chunks: how many, of all leaves.
        blocks: vec3i on the device, the steps of `transform.transform`; block_count: how many.
        chunk_entity: int64 (chunks,), -1 = unlabelled.
        arrays: what a `structs.Geo` has of leaves and chunks, on the device.
    """

    placements: tuple[Placement, ...]
    layouts: tuple[tuple[int, ...], ...]
    geometry: Array
    vertices: int
    chunks: int
    blocks: Any
    block_count: int
    chunk_entity: Array
    arrays: dict[str, Any]

    def fill(self, geo: Any) -> None:
        """Set what a `structs.Geo` has of leaves."""
        for name, array in self.arrays.items():
            setattr(geo, name, array)


def laid_out(
    placements: tuple[Placement, ...], slots: list[Slot], materials: tuple[Material, ...], entities: int, device: str
) -> Placements:
    """Upload the leaves.

    Raises:
        InputError: a row that is not there, with the leaf's path.
    """
    _check(placements, slots, len(materials), entities)
    own = [slots[placement.geometry] for placement in placements]

    def column(values: Any) -> Array:
        return np.fromiter(values, np.int64, len(own))

    points = column(len(slot.geometry.points) for slot in own)
    pieces = column(slot.pieces for slot in own)
    vertex, vertices = _starts(points)
    _, chunks = _starts(pieces)
    leaves = np.arange(len(own))
    chunk_leaf = np.repeat(leaves, pieces)
    entity = column(placement.entity for placement in placements)
    if max(vertices, chunks * int(LANES)) >= 1 << 31:
        raise InputError(f"{vertices} vertices and {chunks} chunks of triangles are more than one scene can have")
    cut = np.array(cuts(materials) or [False])
    rows = [row for placement in placements for row in placement.materials]
    first_material, _ = _starts(column(len(placement.materials) for placement in placements))
    triangle = column(slot.triangle for slot in own)
    normal = column(slot.normal for slot in own)
    uv = column(slot.uv for slot in own)
    columns = {
        "chunk_leaf": chunk_leaf,
        "chunk_piece": _counted(pieces) + np.repeat(column(slot.piece for slot in own), pieces),
        "leaf_vertex": vertex,
        "leaf_point": column(slot.point for slot in own),
        "leaf_normal": np.where(normal == NOTHING, normal, normal - 3 * triangle),
        "leaf_uv": np.where(uv == NOTHING, uv, uv - 3 * triangle),
        "leaf_entity": entity,
        "leaf_material": first_material,
        "leaf_cut": column(bool(cut[list(placement.materials)].any()) for placement in placements),
        "materials": np.array(rows, np.int64),
    }
    blocks = -(-points // BLOCK)
    start = _counted(blocks) * BLOCK
    steps = np.stack([np.repeat(leaves, blocks), start, np.minimum(start + BLOCK, np.repeat(points, blocks))], axis=1)
    return Placements(
        placements=placements,
        layouts=tuple(slot.layout for slot in own),
        geometry=column(placement.geometry for placement in placements),
        vertices=vertices,
        chunks=chunks,
        blocks=upload(steps.astype(np.int32), wp.vec3i, device),
        block_count=len(steps),
        chunk_entity=entity[chunk_leaf],
        arrays={name: upload(values.astype(np.int32), wp.int32, device) for name, values in columns.items()},
    )


def cuts(materials: tuple[Material, ...]) -> list[bool]:
    """Of each material, whether it has holes: all that a leaf's layout has of them."""
    return [material.opacity_threshold > 0 for material in materials]


def _starts(counts: Array) -> tuple[Array, int]:
    """The first row of each, and how many rows there are."""
    ends = np.cumsum(counts)
    return ends - counts, int(ends[-1]) if len(ends) else 0


def _counted(counts: Array) -> Array:
    """0, 1, ... count - 1 of each count, one after the other."""
    starts, total = _starts(counts)
    counted: Array = np.arange(total) - np.repeat(starts, counts)
    return counted


def _check(placements: tuple[Placement, ...], slots: list[Slot], materials: int, entities: int) -> None:
    for placement in placements:
        if not 0 <= placement.geometry < len(slots):
            raise InputError(f"{placement.path}: geometry {placement.geometry} of {len(slots)}")
        if not -1 <= placement.entity < entities:
            raise InputError(f"{placement.path}: entity {placement.entity} of {entities}")
        subsets = slots[placement.geometry].subsets
        if len(placement.materials) < subsets:
            raise InputError(f"{placement.path}: {len(placement.materials)} materials for {subsets} subsets")
        if not all(0 <= row < max(materials, 1) for row in placement.materials):
            raise InputError(f"{placement.path}: materials {placement.materials} of {materials}")
