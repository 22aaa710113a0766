"""The prims of a stage, or of an instancer's prototype, that are drawn, moved, hidden or labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pxr import Sdf, Usd, UsdGeom, UsdLux, UsdShade

from framepress.headless.usd.gprims import SHAPES
from framepress.headless.usd.semantics import Labels, labels_of

__all__ = ["Branch", "Kind", "Walker", "first_of"]

Kind = Literal["mesh", "shape", "instancer", "undrawn", "shading", "subset", "imageable", ""]

_STAGE = Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)
# A prototype may be kept out of sight as a class or an over: what is drawn of it is decided by its type alone.
_PROTOTYPE = Usd.TraverseInstanceProxies(Usd.PrimIsActive & Usd.PrimIsLoaded)
_DRAWN_PURPOSES = (UsdGeom.Tokens.default_, UsdGeom.Tokens.render)


@dataclass(slots=True)
class Branch:
    """Prims in stage order, parents first; K of them.

    Args:
        root: path that the prims' names are counted from; "/" for the stage.
        paths: where the prim is on the stage.
        keys: the same, of an instance's content where its prototype is: equal for what is read only once.
        parents: index of the nearest prim above that is here too; -1 = none.
        drawn: whether its purpose is "default" or "render", by itself or by inheritance.
        labels: None = unlabelled.
    """

    root: Sdf.Path
    prims: list[Usd.Prim] = field(default_factory=list)
    paths: list[Sdf.Path] = field(default_factory=list)
    keys: list[Sdf.Path] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    drawn: list[bool] = field(default_factory=list)
    labels: list[Labels | None] = field(default_factory=list)


def first_of(paths: Sequence[object]) -> str:
    """How a finding names several prims: "/World/A and 2 more"."""
    return f"{paths[0]} and {len(paths) - 1} more" if len(paths) > 1 else str(paths[0])


class Walker:
    """Walks a stage once; what it meets by the way:

    Args:
        lights: paths of the lights.
        labels_vary: whether some labels have time samples.
    """

    def __init__(self, time: Usd.TimeCode) -> None:
        self.lights: list[Sdf.Path] = []
        self.labels_vary = False
        self._time = time
        self._kinds: dict[str, tuple[Kind, bool]] = {}
        self._findings: dict[str, None] = {}
        self._undrawn: dict[str, list[Sdf.Path]] = {}

    @property
    def findings(self) -> list[str]:
        """What is not drawn as it is authored, each a sentence."""
        return [*self._findings, *(f"{first_of(p)}: a {kind} is not drawn" for kind, p in self._undrawn.items())]

    def stage(self, stage: Usd.Stage) -> Branch:
        """All prims that are active, defined, loaded and not abstract, also those inside of instances."""
        return self._walk(Branch(Sdf.Path.absoluteRootPath), stage.GetPseudoRoot(), _STAGE)

    def prototype(self, root: Usd.Prim) -> Branch:
        """An instancer's prototype; its root is the first prim, whatever it is."""
        return self._walk(Branch(root.GetPath()), root, _PROTOTYPE)

    def _walk(self, branch: Branch, root: Usd.Prim, predicate: Any) -> Branch:
        above: list[tuple[int, int]] = []  # element count of a path, index in the branch: the prims that are open
        purposes: list[str | None] = []
        prims = iter(Usd.PrimRange(root, predicate))
        for prim in prims:
            path = prim.GetPath()
            if path.IsAbsoluteRootPath():
                continue
            schemas = prim.GetPrimTypeInfo().GetAppliedAPISchemas()
            kind, light = self._kind(prim)
            labels, varies = labels_of(prim, schemas, self._time) if schemas else ({}, False)
            if light or "LightAPI" in schemas or "MeshLightAPI" in schemas:
                self.lights.append(path)
            if kind == "shading" or kind == "subset":
                if labels:
                    self._findings[f"{path}: labels of a {prim.GetTypeName()} are not segmented"] = None
                prims.PruneChildren()
                continue
            depth = path.pathElementCount
            while above and above[-1][0] >= depth:
                above.pop()
            if kind == "" and not labels and path != branch.root:
                continue
            parent = above[-1][1] if above else -1
            purpose = _own_purpose(prim) if kind else None
            if purpose is None and parent >= 0:
                purpose = purposes[parent]
            above.append((depth, len(branch.prims)))
            purposes.append(purpose)
            branch.prims.append(prim)
            branch.paths.append(path)
            branch.keys.append(prim.GetPrimInPrototype().GetPath() if prim.IsInstanceProxy() else path)
            branch.parents.append(parent)
            branch.kinds.append(kind)
            branch.drawn.append(purpose is None or purpose in _DRAWN_PURPOSES)
            branch.labels.append(labels or None)
            self.labels_vary |= varies
            self._meet(prim, kind, branch.drawn[-1], schemas)
            if kind == "instancer":
                prims.PruneChildren()
        return branch

    def _meet(self, prim: Usd.Prim, kind: Kind, drawn: bool, schemas: Sequence[str]) -> None:
        if kind == "undrawn" and drawn:
            self._undrawn.setdefault(prim.GetTypeName(), []).append(prim.GetPath())
        if "GeomModelAPI" in schemas:
            model = UsdGeom.ModelAPI(prim)
            mode = model.ComputeModelDrawMode()
            if mode != UsdGeom.Tokens.default_ and model.GetModelApplyDrawModeAttr().Get():
                self._findings[f"{prim.GetPath()}: drawn as geometry, not as its draw mode {mode!r} says"] = None

    def _kind(self, prim: Usd.Prim) -> tuple[Kind, bool]:
        """What prims of this type are, and whether they are lights."""
        name = prim.GetTypeName()
        if name not in self._kinds:
            light = prim.IsA(UsdLux.BoundableLightBase) or prim.IsA(UsdLux.NonboundableLightBase)
            self._kinds[name] = _kind_of_type(prim, name), light
        return self._kinds[name]


def _kind_of_type(prim: Usd.Prim, name: str) -> Kind:
    if prim.IsA(UsdGeom.Mesh):
        return "mesh"
    if name in SHAPES:
        return "shape"
    if prim.IsA(UsdGeom.PointInstancer):
        return "instancer"
    if prim.IsA(UsdGeom.Subset):
        return "subset"
    if prim.IsA(UsdShade.Material) or prim.IsA(UsdShade.NodeGraph) or prim.IsA(UsdShade.Shader):
        return "shading"
    if prim.IsA(UsdGeom.Gprim):
        return "undrawn"
    return "imageable" if prim.IsA(UsdGeom.Imageable) else ""


def _own_purpose(prim: Usd.Prim) -> str | None:
    attribute = prim.GetAttribute(UsdGeom.Tokens.purpose)
    return attribute.Get() if attribute and attribute.HasAuthoredValue() else None
