"""A USD stage as a `Scene`, read again where it was edited and nowhere else.

Three depths of work: matrices and visibility where only those changed; the table of nodes where other prototypes,
materials or geometries stand in their places; the prims walked anew where the stage's structure or labels changed.
Geometries, materials and textures outlive all three unless they were edited themselves.
"""

from __future__ import annotations

from dataclasses import fields, replace

from pxr import Sdf, Usd, UsdGeom, UsdShade

from framepress.headless.scene import Light, Scene
from framepress.headless.usd.changes import Changes, Edits
from framepress.headless.usd.forest import Forest, grown
from framepress.headless.usd.geometries import Geometries
from framepress.headless.usd.lights import LightReader
from framepress.headless.usd.materials import MaterialReader
from framepress.headless.usd.nodes import Drawn, flatten
from framepress.headless.usd.prims import Branch
from framepress.headless.usd.skeletons import SkinReader
from framepress.headless.usd.table import Table

__all__ = ["StageReader"]


class StageReader:
    """Reads one stage, at any time, any number of times.

    Args:
        stage: all its payloads are loaded here, unless `load` is False.
        entity_per_point: whether each point of a labelled instancer, or of a labelled prototype, is an entity of its
            own (`<instancer>/<prototype>_<index>`, standing in the instancer's stead). Else, as in Isaac Sim, a
            labelled prim is one entity however often it is drawn: the instancer is one with all its points, and a
            labelled prim in a prototype one with all its copies, measured in the space of the outermost instancer.

    Parts of native instances are prims of their own, at their paths below the instance, with their own entities.
    An entity's bounds are those of its points in its own space, not of boxes turned into it.
    """

    def __init__(self, stage: Usd.Stage, *, load: bool = True, entity_per_point: bool = False) -> None:
        if load:
            stage.Load()
        self._stage = stage
        self._entity_per_point = entity_per_point
        self._changes = Changes(stage)
        self._skins = SkinReader(stage)
        self._geometries = Geometries(self._skins.posed)
        self._materials = MaterialReader(stage)
        self._lights = LightReader(stage, self._materials.files)
        self._time = Usd.TimeCode.Default()
        self._table: Table | None = None
        self._scene: Scene | None = None

    def read(self, time: Usd.TimeCode | None = None) -> Scene:
        """The scene at `time` (None = the default time, which sees no time samples).

        What did not change is the same object as in the scene that was read before, the scene itself included.
        """
        time = Usd.TimeCode.Default() if time is None else Usd.TimeCode(time)
        edits, later = self._changes.take(), time != self._time
        if self._scene is None or (later and time.IsDefault() != self._time.IsDefault()):
            # A single time sample counts at every time but the default one: USD calls such a value constant.
            edits = replace(edits, prims=(Sdf.Path.absoluteRootPath,), restructured=True)
        elif not edits and not later:
            return self._scene
        self._time = time
        # Should anything below fail, nothing is half read: the next call reads everything.
        scene, table, self._scene, self._table = self._scene, self._table, None, None
        self._skins.refresh((*edits.prims, *edits.properties))
        repainted = self._materials.refresh((*edits.prims, *edits.properties), time)
        self._lights.refresh(edits.prims)
        before = table
        if table is None or edits.restructured or (later and table.forest.labels_vary):
            table = self._walked(edits)
        else:
            table = self._refreshed(table, edits, later, repainted)
        same_lights = scene is not None and table is before and not later and not edits.touch(table.forest.lights)
        lights = scene.lights if scene is not None and same_lights else self._lights.lights(time)
        self._scene = _kept(self._scene_of(table, lights), scene)
        self._table = table
        return self._scene

    def _walked(self, edits: Edits) -> Table:
        self._geometries.begin(edits.reshaped.union(edits.prims))
        forest = grown(self._stage, self._time)
        if not self._materials.materials:
            self._materials.begin(forest.surfaces(), self._time)
        return self._laid_out(forest)

    def _laid_out(self, forest: Forest) -> Table:
        """The table of a forest; `geometries` have begun anew."""
        nodes = flatten(forest.stage, forest.local.row_of, self._drawn, forest.instancers, self._entity_per_point)
        self._geometries.end()
        return Table(forest, nodes)

    def _refreshed(self, table: Table, edits: Edits, later: bool, repainted: bool) -> Table:
        forest = table.forest
        if later:
            forest.local.find_varying()
        rows = {forest.local.row_of[path] for path in edits.moved if path in forest.local.row_of}
        restacked = forest.local.read(rows | (forest.local.varying if later else set()), self._time)
        points, replaced = forest.read_points(edits.reshaped, later, self._time)
        # A subset's faces are read with its mesh.
        meshes = {path.GetParentPath() for path in edits.reshaped if path not in forest.kinds}
        fits = self._geometries.refresh(edits.reshaped | meshes, later, self._time)
        if (edits.bound or repainted) and not self._rebound(table, edits):
            fits = False
        if not fits or replaced or restacked:
            self._geometries.begin(frozenset())
            return self._laid_out(forest)
        table.move(rows | points | (forest.local.varying if later else set()))
        return table

    def _drawn(self, branch: Branch, node: int) -> Drawn | None:
        """What is drawn of a prim, with its rows; None = nothing."""
        kind, prim, key = branch.kinds[node], branch.prims[node], branch.keys[node]
        if kind == "mesh":
            uvs_by = self._uvs_by(prim)
            shape = self._geometries.mesh(prim, key, self._materials.uv_name(uvs_by), self._time)
        elif kind == "shape":
            uvs_by = -1
            shape = self._geometries.gprim(prim, key, self._time)
        else:
            return None
        return Drawn(prim, shape, self._bound(prim, shape.slots), uvs_by) if shape.row >= 0 else None

    def _uvs_by(self, prim: Usd.Prim) -> int:
        """A mesh has one set of uvs: those that its first subset's material asks for, or its own if it has none."""
        subsets = UsdShade.MaterialBindingAPI(prim).GetMaterialBindSubsets()
        return self._materials.of(subsets[0].GetPrim() if subsets else prim, self._time)

    def _bound(self, prim: Usd.Prim, slots: tuple[int, ...]) -> tuple[int, ...]:
        """Rows of the materials of a prim's subsets; -1 stands for the prim itself."""
        subsets = UsdShade.MaterialBindingAPI(prim).GetMaterialBindSubsets() if slots != (-1,) else ()
        return tuple(self._materials.of(prim if k < 0 else subsets[k].GetPrim(), self._time) for k in slots)

    def _rebound(self, table: Table, edits: Edits) -> bool:
        """Looks up again which materials are bound at and below edited bindings; False where a mesh lacks their uvs."""
        everywhere = any(path.name.startswith("collection:") for path in edits.properties)
        for drawn in table.drawn:
            if everywhere or (edits.bound and _below(drawn, edits.bound)):
                drawn.materials = self._bound(drawn.prim, drawn.shape.slots)
                drawn.uvs_by = -1 if drawn.uvs_by < 0 else self._uvs_by(drawn.prim)
            if drawn.uvs_by >= 0 and self._materials.uv_name(drawn.uvs_by) != drawn.shape.uv_name:
                return False
        table.rebind()
        return True

    def _scene_of(self, table: Table, lights: tuple[Light, ...]) -> Scene:
        geometries, materials, skins = self._geometries, self._materials, self._skins
        skeletons = skins.skeletons(self._time)
        found = (table.forest, geometries, materials, self._lights, skins, table)
        findings = dict.fromkeys(finding for part in found for finding in part.findings)
        if not self._entity_per_point:
            findings |= dict.fromkeys(table.forest.merged)
        return Scene(
            meters_per_unit=UsdGeom.GetStageMetersPerUnit(self._stage),
            up_axis=UsdGeom.GetStageUpAxis(self._stage),
            geometries=geometries.rows,
            placements=table.placements,
            matrices=table.matrices,
            visible=table.visible,
            entities=table.nodes.entities,
            entity_matrices=table.entity_matrices,
            entity_bounds=table.measured(geometries.rows),
            materials=materials.materials,
            textures=materials.textures,
            lights=lights,
            skeletons=table.labelled(skeletons),
            findings=tuple(findings),
        )


def _below(drawn: Drawn, paths: frozenset[Sdf.Path]) -> bool:
    return any(not paths.isdisjoint(own.GetPrefixes()) for own in (drawn.prim.GetPath(), drawn.shape.source))


def _kept(new: Scene, old: Scene | None) -> Scene:
    """The old scene if all of the new one is the same."""
    if old is None:
        return new
    kept = replace(new, findings=old.findings) if new.findings == old.findings else new
    same = (getattr(kept, f.name) is getattr(old, f.name) for f in fields(kept) if f.name not in _VALUES)
    return old if all(same) and all(getattr(kept, name) == getattr(old, name) for name in _VALUES) else kept


_VALUES = ("meters_per_unit", "up_axis")
