"""The geometries of a stage: each prim read once, equal ones shared, kept until their prim is edited.

A geometry is known by what it is made of, not by where it was found: copies of an asset share one, and a prim that USD
composes anew keeps its own, so that what was uploaded of it stays good.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from pxr import Sdf, Usd, UsdGeom

from framepress.core.arrays import Array
from framepress.headless.scene import Geometry
from framepress.headless.usd.gprims import SHAPES, shape_geometry, shape_key
from framepress.headless.usd.meshes import (
    Cut,
    MeshSource,
    cut,
    mesh_geometry,
    mesh_source,
    mesh_varies,
    posed_geometry,
)

__all__ = ["Geometries", "Shape"]

Posed = tuple[Array, "Array | None"]


@dataclass(slots=True)
class Shape:
    """One prim's geometry.

    Args:
        geometry: None = there is nothing to draw.
        source: where the prim is read, in its prototype if it is a part of an instance.
        content: equal for equal geometries. own: whether its row is not to be shared, since it changes with time.
        slots: the subsets that the geometry's `subsets` count, as ordinals among the prim's; -1 = the prim itself.
        row: of `Geometries.rows`; -1 = not drawn.
    """

    prim: Usd.Prim
    source: Sdf.Path
    uv_name: str
    geometry: Geometry | None = None
    content: bytes = b""
    slots: tuple[int, ...] = (-1,)
    findings: tuple[str, ...] = ()
    varies: bool = False
    skin: _Skin | None = None
    row: int = -1

    @property
    def own(self) -> bool:
        return self.varies or self.skin is not None


@dataclass(slots=True)
class _Skin:
    """A mesh at rest, its faces cut once, and the pose that its geometry now has."""

    source: MeshSource
    faces: Cut
    rest: Geometry
    pose: Posed


_Key = tuple[Sdf.Path, str]


class Geometries:
    """Args: posed: a mesh's points in its pose, the same object while it did not move; None = it has no skeleton."""

    def __init__(self, posed: Callable[[Usd.Prim, Usd.TimeCode], Posed | None]) -> None:
        self.rows: tuple[Geometry, ...] = ()
        self.findings: tuple[str, ...] = ()
        self._skinned: list[_Key] = []
        self._posed = posed
        self._shapes: dict[_Key, Shape] = {}
        self._before: dict[_Key, Shape] = {}
        self._known: dict[bytes, tuple[Geometry, tuple[str, ...]]] = {}
        self._rows: list[Geometry] = []
        self._row_of: dict[bytes, int] = {}
        self._users: list[int] = []

    def begin(self, edited: Set[Sdf.Path]) -> None:
        """Starts the rows anew; what lies at or below the edited prims, or in a prototype, is to be read again.

        A prototype's path is not its own for long: it may name another one after any edit of the stage's structure.
        """
        if Sdf.Path.absoluteRootPath in edited:
            self._shapes = {}
        self._before = {
            key: shape
            for key, shape in self._shapes.items()
            if not edited or (edited.isdisjoint(key[0].GetPrefixes()) and not Usd.Prim.IsPathInPrototype(shape.source))
        }
        self._shapes, self._rows, self._row_of, self._users = {}, [], {}, []

    def end(self) -> None:
        """All rows are there: forgets what none of them uses."""
        self._before = {}
        used = {shape.content for shape in self._shapes.values()}
        self._known = {content: known for content, known in self._known.items() if content in used}
        self._skinned = [key for key, shape in self._shapes.items() if shape.skin]
        self._publish()

    def _publish(self) -> None:
        self.rows = tuple(self._rows)
        shapes = self._shapes.values()
        self.findings = tuple(f"{s.prim.GetPath()}: {finding}" for s in shapes for finding in s.findings)

    def mesh(self, prim: Usd.Prim, key: Sdf.Path, uv_name: str, time: Usd.TimeCode) -> Shape:
        """Args: prim: where it is drawn, for its pose. key: where it is read, equal for what is the same prim."""
        pose = self._posed(prim, time)
        return self._kept((key if pose is None else prim.GetPath(), uv_name), prim, key, time, pose)

    def gprim(self, prim: Usd.Prim, key: Sdf.Path, time: Usd.TimeCode) -> Shape:
        return self._kept((key, ""), prim, key, time, None)

    def refresh(self, edited: Set[Sdf.Path], later: bool, time: Usd.TimeCode) -> bool:
        """Reads again what was edited, moved with its skeleton, or, at another time (`later`), varies.

        Returns False where rows do not fit any more and the scene has to be put together anew.
        """
        fits, before = True, self.findings
        for key in tuple(self._shapes) if edited or later else self._skinned:
            shape = self._shapes[key]
            pose = self._posed(shape.prim, time) if shape.skin else None
            if shape.source in edited or (later and shape.varies) or (pose is None and shape.skin is not None):
                new = self._read(shape.prim, shape.source, shape.uv_name, time, pose)
                if new.content == shape.content and new.own == shape.own and not shape.skin:
                    continue
                self._shapes[key] = new
                fits &= shape.row >= 0 and self._users[shape.row] == 1 and new.geometry is not None
                fits &= new.slots == shape.slots and new.own == shape.own
                if not fits:
                    continue
                self._known.pop(shape.content, None)
                new.row = shape.row
                shape = new
            elif pose is not None and shape.skin is not None and pose is not shape.skin.pose:
                self._repose(shape, pose)
            if shape.geometry is not None:
                self._rows[shape.row] = shape.geometry
        if any(new is not old for new, old in zip(self._rows, self.rows, strict=True)) or before:
            self._publish()
        return fits

    def _kept(self, key: _Key, prim: Usd.Prim, source: Sdf.Path, time: Usd.TimeCode, pose: Posed | None) -> Shape:
        shape = self._shapes.get(key)
        if shape is not None:
            return shape
        shape = self._before.get(key)
        if shape is None or shape.varies or bool(shape.skin) != (pose is not None):
            shape = self._read(prim, source, key[1], time, pose)
        elif shape.skin is not None and pose is not None and pose is not shape.skin.pose:
            self._repose(shape, pose)
        shape.prim = prim
        shape.row = -1
        if shape.geometry is not None:
            shape.row = self._row_of.setdefault(repr(key).encode() if shape.own else shape.content, len(self._rows))
            if shape.row == len(self._rows):
                self._rows.append(shape.geometry)
                self._users.append(0)
            self._users[shape.row] += 1
        self._shapes[key] = shape
        return shape

    def _repose(self, shape: Shape, pose: Posed) -> None:
        if shape.skin is not None:
            skin = shape.skin
            shape.geometry = posed_geometry(skin.rest, skin.source, skin.faces, *pose)
            skin.pose = pose

    def _read(self, prim: Usd.Prim, source: Sdf.Path, uv_name: str, time: Usd.TimeCode, pose: Posed | None) -> Shape:
        shape = Shape(prim, source, uv_name)
        if prim.IsA(UsdGeom.Mesh):
            self._read_mesh(shape, time, pose)
            return shape
        shape.varies = any(prim.GetAttribute(name).ValueMightBeTimeVarying() for name in SHAPES[prim.GetTypeName()])
        try:
            values = shape_key(prim, time)
        except ValueError as error:
            shape.findings = (f"{error}: the prim is left out",)
            return shape
        shape.content = repr(values).encode()
        if shape.content not in self._known:
            self._known[shape.content] = shape_geometry(values), ()
        geometry = self._known[shape.content][0]
        shape.geometry = geometry if len(geometry.triangles) else None
        return shape

    def _read_mesh(self, shape: Shape, time: Usd.TimeCode, pose: Posed | None) -> None:
        shape.varies = mesh_varies(shape.prim, shape.uv_name)
        source = mesh_source(shape.prim, time, shape.uv_name)
        if isinstance(source, str):
            shape.findings = (source,) if source else ()
            return
        shape.slots = source.slots
        if pose is not None:
            faces = cut(source)
            shape.skin = _Skin(source, faces, mesh_geometry(source, faces), pose)
            shape.findings = source.findings
            self._repose(shape, pose)
            return
        shape.content = source.digest()
        if shape.content not in self._known:
            faces = cut(source)
            wrong = (f"{faces.crossed} faces cross themselves: their triangles overlap",) if faces.crossed else ()
            self._known[shape.content] = mesh_geometry(source, faces), wrong
        shape.geometry, crossed = self._known[shape.content]
        shape.findings = source.findings + crossed
