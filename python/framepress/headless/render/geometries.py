"""Geometries on the device: uploaded once, drawn in any number of scenes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.render.device_arrays import Rows
from framepress.headless.render.kernels.enclose import enclose
from framepress.headless.render.kernels.structs import LANES, NOTHING
from framepress.headless.scene import Geometry

__all__ = ["Geometries", "Slot"]

SPARE_TRIANGLES = 1 << 18
"""Triangles that may lie about unused before all is laid out anew."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a geometry lies.

    Args:
        geometry: kept, so that its identity is not given to another.
        point, triangle, piece, normal, uv: rows of its first one; normal, uv: NOTHING where it has none.
        pieces: how many chunks it is drawn in.
        subsets: how many materials its triangles name.
        origin: float64 (3,), taken off its points, which lie on the device relative to it.
        centre, radius: a sphere about all that is drawn, relative to `origin`; radius < 0 = nothing is.
    """

    geometry: Geometry
    point: int
    triangle: int
    piece: int
    normal: int
    uv: int
    pieces: int
    subsets: int
    origin: Array
    centre: Array
    radius: float

    @property
    def layout(self) -> tuple[int, ...]:
        """Equal: a leaf that has one of them may have the other."""
        return self.point, self.triangle, self.piece, self.normal, self.uv, self.pieces, self.subsets


class Geometries:
    """All that was drawn lately, by identity.

    A geometry of the same size as another one that was in its row of the scene before, and is nowhere now (a skin that
    moves), takes its place; what was there becomes the former points.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._start()

    def _start(self) -> None:
        self._held: dict[int, Slot] = {}
        self._drawn: list[Slot] = []
        self._moved: list[Slot] = []
        self._former: Any = None
        self._points = Rows(wp.vec3, self._device)
        self._triangles = Rows(wp.vec3i, self._device)
        self._subsets = Rows(wp.int32, self._device)
        self._normals = Rows(wp.vec3, self._device)
        self._uvs = Rows(wp.vec2, self._device)
        self._pieces = Rows(wp.vec2i, self._device)
        self._spheres = Rows(wp.vec4, self._device)

    def upload(self, geometries: tuple[Geometry, ...]) -> list[Slot]:
        """The slots of `geometries`, in this order.

        Raises:
            InputError: arrays of another shape, or triangles of points that are not there.
        """
        for slot in self._moved:
            wp.copy(self._former, self._points.array, slot.point, slot.point, len(slot.geometry.points))
        self._moved = []
        live = {id(geometry): geometry for geometry in geometries}
        size = sum(len(geometry.triangles) for geometry in live.values())
        if self._triangles.used > 2 * size + SPARE_TRIANGLES:
            self._start()
        for row, geometry in enumerate(geometries):
            if id(geometry) not in self._held:
                _check(geometry, row)
        self._reserve([geometry for key, geometry in live.items() if key not in self._held])
        added = False
        replaced: list[tuple[Slot, int]] = []
        for row, geometry in enumerate(geometries):
            if id(geometry) in self._held:
                continue
            old = self._drawn[row] if row < len(self._drawn) else None
            if old is not None and id(old.geometry) not in live and _like(old, geometry):
                if self._held.pop(id(old.geometry), None) is not None:
                    replaced.append((old, row))
                    self._held[id(geometry)] = old  # until it is replaced, below
                    continue
            added = True
            self._held[id(geometry)] = self._add(geometry)
        if self._former is None:
            if replaced:
                self._former = wp.clone(self._points.array)
        elif added:
            self._former = wp.clone(self._points.array)
        for old, row in replaced:
            slot = self._replace(old, geometries[row])
            self._held[id(slot.geometry)] = slot
            self._moved.append(slot)
        drawn = [self._held[id(geometry)] for geometry in geometries]
        # The same list says that nothing has changed.
        if len(drawn) != len(self._drawn) or any(a is not b for a, b in zip(drawn, self._drawn, strict=True)):
            self._drawn = drawn
        return self._drawn

    def _reserve(self, new: list[Geometry]) -> None:
        """Make room at once."""
        points = sum(len(geometry.points) for geometry in new)
        triangles = sum(len(geometry.triangles) for geometry in new)
        pieces = sum(-(-len(geometry.triangles) // int(LANES)) for geometry in new)
        self._points.reserve(points)
        for rows in (self._triangles, self._subsets):
            rows.reserve(triangles)
        for rows in (self._pieces, self._spheres):
            rows.reserve(pieces)
        self._normals.reserve(3 * sum(len(geometry.triangles) for geometry in new if geometry.normals is not None))
        self._uvs.reserve(3 * sum(len(geometry.triangles) for geometry in new if geometry.uvs is not None))

    def fill(self, geo: Any) -> None:
        """Set what a `structs.Geo` has of geometries."""
        geo.points = self._points.array
        geo.former = self._points.array if self._former is None else self._former
        geo.triangles = self._triangles.array
        geo.subsets = self._subsets.array
        geo.normals = self._normals.array
        geo.uvs = self._uvs.array
        geo.pieces = self._pieces.array
        geo.spheres = self._spheres.array

    def _add(self, geometry: Geometry) -> Slot:
        origin, points = _placed(geometry)
        point = self._points.add(points)
        triangle = self._triangles.add(geometry.triangles)
        self._subsets.add(geometry.subsets)
        count = len(geometry.triangles)
        first = np.arange(0, count, int(LANES), dtype=np.int32)
        lanes = np.minimum(count - first, int(LANES))
        piece = self._pieces.add(np.stack([first + triangle, lanes], axis=1).astype(np.int32))
        self._spheres.add(np.zeros((len(first), 4), np.float32))
        normal = _added(self._normals, geometry.normals, 3)
        uv = _added(self._uvs, geometry.uvs, 2)
        return self._slot(geometry, origin, (point, triangle, piece, normal, uv, len(first)))

    def _replace(self, old: Slot, geometry: Geometry) -> Slot:
        was = old.geometry
        origin, points = _placed(geometry)
        self._points.write(old.point, points)
        if geometry.triangles is not was.triangles:
            self._triangles.write(old.triangle, geometry.triangles)
        if geometry.subsets is not was.subsets:
            self._subsets.write(old.triangle, geometry.subsets)
        if geometry.normals is not None and geometry.normals is not was.normals:
            self._normals.write(old.normal, geometry.normals.reshape(-1, 3))
        if geometry.uvs is not None and geometry.uvs is not was.uvs:
            self._uvs.write(old.uv, geometry.uvs.reshape(-1, 2))
        return self._slot(geometry, origin, (old.point, old.triangle, old.piece, old.normal, old.uv, old.pieces))

    def _slot(self, geometry: Geometry, origin: Array, places: tuple[int, int, int, int, int, int]) -> Slot:
        """Of arrays that lie on the device; bounds them."""
        point, _, piece, _, _, pieces = places
        spheres = np.zeros((0, 4))
        if pieces:
            inputs = [self._points.array, self._triangles.array, self._pieces.array, point, piece, self._spheres.array]
            wp.launch(enclose, pieces, inputs, device=self._device)
            spheres = self._spheres.array[piece : piece + pieces].numpy().astype(np.float64)
        subsets = int(geometry.subsets.max()) + 1 if len(geometry.triangles) else 0
        return Slot(geometry, *places, subsets, origin, *_around(spheres))


def _like(slot: Slot, geometry: Geometry) -> bool:
    """Whether `geometry` can lie where the slot's does."""
    was = slot.geometry
    return (
        len(was.points) == len(geometry.points)
        and len(was.triangles) == len(geometry.triangles)
        and (was.normals is None) == (geometry.normals is None)
        and (was.uvs is None) == (geometry.uvs is None)
    )


def _added(rows: Rows, corners: Array | None, columns: int) -> int:
    if corners is None or not len(corners):
        return int(NOTHING)
    return rows.add(corners.reshape(-1, columns))


def _placed(geometry: Geometry) -> tuple[Array, Array]:
    """An origin and float32 (P, 3) points relative to it.

    Points that were modelled far from their prim's origin would lose the bits of their detail in the kernels' float32
    products. Along an axis on which they lie within 4/5 to 5/4 of a value, taking it off is exact.
    """
    points = np.ascontiguousarray(geometry.points, dtype=np.float32)
    origin = np.zeros(3)
    finite = points
    if not np.isfinite(points).all():
        finite = points[np.asarray(np.isfinite(points).all(axis=1))]
    if len(finite):
        low, high = finite.min(axis=0).astype(np.float64), finite.max(axis=0).astype(np.float64)
        middle = ((low + high) / 2).astype(np.float32)
        far = np.abs(middle) > 4.5 * (high - low)
        origin[far] = middle[far]
        if far.any():
            points = points - origin.astype(np.float32)
    return origin, points


def _around(spheres: Array) -> tuple[Array, float]:
    """Centre and radius of a sphere about `spheres` (C, 4); radius -1 = about none."""
    drawn = spheres[spheres[:, 3] >= 0]
    if not len(drawn):
        return np.zeros(3), -1.0
    centres, radii = drawn[:, :3], drawn[:, 3:]
    centre = ((centres - radii).min(axis=0) + (centres + radii).max(axis=0)) / 2
    return centre, float((np.linalg.norm(centres - centre, axis=1) + radii[:, 0]).max())


def _check(geometry: Geometry, row: int) -> None:
    """Raises: InputError: what kernels would read past the end of."""
    count, points = len(geometry.triangles), len(geometry.points)
    shapes = {
        "points": (geometry.points, (points, 3), np.float32),
        "triangles": (geometry.triangles, (count, 3), np.int32),
        "normals": (geometry.normals, (count, 3, 3), np.float32),
        "uvs": (geometry.uvs, (count, 3, 2), np.float32),
        "subsets": (geometry.subsets, (count,), np.int32),
    }
    for name, (values, shape, dtype) in shapes.items():
        if values is not None and (values.shape != shape or values.dtype != dtype):
            have = f"{values.dtype} {values.shape}"
            raise InputError(f"geometry {row}: {name} are {have}, expected {np.dtype(dtype)} {shape}")
    if count and (geometry.triangles.min() < 0 or geometry.triangles.max() >= points):
        bad = int(np.flatnonzero((geometry.triangles < 0).any(1) | (geometry.triangles >= points).any(1))[0])
        corners = geometry.triangles[bad].tolist()
        raise InputError(f"geometry {row}: triangle {bad} has corners {corners}, but there are {points} points")
    if count and geometry.subsets.min() < 0:
        bad = int(np.flatnonzero(geometry.subsets < 0)[0])
        raise InputError(f"geometry {row}: triangle {bad} is of subset {int(geometry.subsets[bad])}; they count from 0")
