"""The classes of a stage, where the user gives none: every label that its prims carry, as it is spelled there.

A walk over the prims alone: nothing is drawn or measured, and nothing is needed but the `pxr` of whoever has the stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from framepress.capture.authored import labels_of
from framepress.core import Label, LabelMap
from framepress.errors import InputError, LabelError

__all__ = ["TAXONOMY", "labels_of_stage"]

TAXONOMY = "class"


@dataclass
class _Found:
    """Classes in lower case -> as spelled first; and -> (joint paths, parents) of their first skeleton."""

    spelled: dict[str, str] = field(default_factory=dict)
    skeletons: dict[str, tuple[list[str], list[int]]] = field(default_factory=dict)


def labels_of_stage(stage: Any, where: str, *, time: Any = None, taxonomy: str = TAXONOMY) -> LabelMap | None:
    """Every class of a `Usd.Stage`, by name; with key points where skeletons are.

    Prims count as far as Replicator tells of them: those inside instances and of an instancer's prototypes, too; not
    those that are inactive or abstract, nor materials and subsets. None where nothing is labelled.

    Args:
        where: what messages call the stage.
        time: a `Usd.TimeCode`; None = the default time.

    Raises:
        InputError: a prim has several labels: only the user can say which of them is its class; or one that is no name.
    """
    from pxr import Usd

    found = _Found()
    time = Usd.TimeCode.Default() if time is None else time
    for prim, above in _prims(stage, time, taxonomy):
        labels = _own(prim, time, taxonomy)
        if len(labels) > 1 or any("," in label for label in labels):
            raise InputError(
                f"{where}: {prim.GetPath()} has the labels {', '.join(labels)}; name the classes (labels, --labels "
                "FILE), so that the first of them in that list is its class"
            )
        for label in labels:
            if found.spelled.setdefault(label.casefold(), label) == label:
                _check(label, f"{where}: {prim.GetPath()}")
        _note_skeleton(prim, (*labels, *above), found)
    if not found.spelled:
        return None
    return LabelMap(tuple(_label(found.spelled[key], found.skeletons.get(key)) for key in sorted(found.spelled)))


def _prims(stage: Any, time: Any, taxonomy: str) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Prims that may be objects, in stage order, those of prototypes last; and the labels above, the nearest first."""
    from pxr import Usd, UsdGeom, UsdShade

    inside = Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)
    # A prototype may be kept out of sight as a class or an over.
    kept_aside = Usd.TraverseInstanceProxies(Usd.PrimIsActive & Usd.PrimIsLoaded)
    roots: list[tuple[Any, Any, tuple[str, ...]]] = [(stage.GetPseudoRoot(), inside, ())]
    seen = set()
    while roots:
        root, predicate, inherited = roots.pop(0)
        above: list[tuple[Any, tuple[str, ...]]] = [(root.GetPath().GetParentPath(), inherited)]
        prims = iter(Usd.PrimRange(root, predicate))
        for prim in prims:
            path = prim.GetPath()
            if any(prim.IsA(kind) for kind in (UsdGeom.Subset, UsdShade.NodeGraph, UsdShade.Shader)):
                prims.PruneChildren()
                continue
            while len(above) > 1 and not path.HasPrefix(above[-1][0]):
                above.pop()
            yield prim, above[-1][1]
            labels = _own(prim, time, taxonomy)
            if labels:
                above.append((path, (*labels, *above[-1][1])))
            if prim.IsA(UsdGeom.PointInstancer):
                prims.PruneChildren()
                for target in UsdGeom.PointInstancer(prim).GetPrototypesRel().GetForwardedTargets():
                    prototype = stage.GetPrimAtPath(target)
                    if prototype and target not in seen:
                        seen.add(target)
                        roots.append((prototype, kept_aside, above[-1][1]))


def _own(prim: Any, time: Any, taxonomy: str) -> tuple[str, ...]:
    schemas = prim.GetPrimTypeInfo().GetAppliedAPISchemas()
    return labels_of(prim, schemas, time)[0].get(taxonomy, ()) if schemas else ()


def _note_skeleton(prim: Any, labels: tuple[str, ...], found: _Found) -> None:
    """The joints of a skeleton that has some, for the nearest label at or above it."""
    if prim.GetTypeName() != "Skeleton" or not labels or labels[0].casefold() in found.skeletons:
        return
    from pxr import UsdSkel

    if not UsdSkel.Root.Find(prim):
        return
    joints = [str(joint) for joint in UsdSkel.Skeleton(prim).GetJointsAttr().Get() or ()]
    if joints:
        parents = [int(parent) for parent in UsdSkel.Topology(joints).GetParentIndices()]
        found.skeletons[labels[0].casefold()] = joints, parents


def _check(label: str, where: str) -> None:
    try:
        Label(label)
    except LabelError as error:
        raise InputError(f"{where}: {error}; give the prim another label") from error


def _label(name: str, skeleton: tuple[list[str], list[int]] | None) -> Label:
    if skeleton is None:
        return Label(name)
    paths, parents = skeleton
    joints = [path.rpartition("/")[2] for path in paths]
    if len({joint.casefold() for joint in joints}) < len(joints):
        joints = paths
    bones = [(parent, joint) for joint, parent in enumerate(parents) if parent >= 0]
    return Label(name, keypoints=tuple(joints), skeleton=tuple(bones))
