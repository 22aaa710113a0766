"""The classes of a stage, where the user gives none: every label that its prims carry, as it is spelled there.

A walk over the prims alone: nothing is drawn or measured, and nothing is needed but the `pxr` of whoever has the stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from framepress.capture.authored import labels_of
from framepress.core import Label, LabelMap
from framepress.errors import InputError, LabelError
from framepress.replicator.colours import Colours, is_surface

__all__ = ["TAXONOMY", "labels_of_stage"]

TAXONOMY = "class"


@dataclass
class _Found:
    """By class in lower case: as spelled first; (joint paths, parents) of its first skeleton; what it covers."""

    spelled: dict[str, str] = field(default_factory=dict)
    skeletons: dict[str, tuple[list[str], list[int]]] = field(default_factory=dict)
    surfaces: dict[str, list[Any]] = field(default_factory=dict)


def labels_of_stage(
    stage: Any, where: str, *, time: Any = None, taxonomy: str = TAXONOMY, strict: bool = True
) -> LabelMap | None:
    """Every class of a `Usd.Stage`, by name; with key points where skeletons are, and its colour (see `colours`).

    Prims count as far as Replicator tells of them: those inside instances and of an instancer's prototypes, too; not
    those that are inactive or abstract, nor materials and subsets. None where nothing is labelled.

    Args:
        where: what messages call the stage.
        time: a `Usd.TimeCode`; None = the first that an attribute has a value at.
        strict: False passes over the labels that cannot be told to be classes, instead of raising.

    Raises:
        InputError: a prim has several labels: only the user can say which of them is its class; or one that is no name.
    """
    from pxr import Usd

    found = _Found()
    time = Usd.TimeCode.EarliestTime() if time is None else time
    for prim, own, above in _prims(stage, time, taxonomy):
        if own and strict:
            _check(own, f"{where}: {prim.GetPath()}")
        label = _class_of(own or above)
        if label is None:
            continue
        key = label.casefold()
        if own:
            found.spelled.setdefault(key, label)
        _note_skeleton(prim, key, found)
        if is_surface(prim):
            found.surfaces.setdefault(key, []).append(prim)
    if not found.spelled:
        return None
    colours = Colours(time)
    return LabelMap(tuple(_label(key, found, colours) for key in sorted(found.spelled)))


def _prims(stage: Any, time: Any, taxonomy: str) -> Iterator[tuple[Any, tuple[str, ...], tuple[str, ...]]]:
    """Prims that may be objects, in stage order, those of prototypes last; their labels, and the nearest above."""
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
            own = _own(prim, time, taxonomy)
            yield prim, own, above[-1][1]
            if own:
                above.append((path, own))
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


@lru_cache(1024)
def _class_of(labels: tuple[str, ...]) -> str | None:
    """The class that labels stand for; None where there are none, or they do not tell."""
    if len(labels) != 1 or "," in labels[0]:
        return None
    try:
        return Label(labels[0]).name
    except LabelError:
        return None


def _note_skeleton(prim: Any, key: str, found: _Found) -> None:
    """The joints of a skeleton that has some, for the class whose it is."""
    if prim.GetTypeName() != "Skeleton" or key in found.skeletons:
        return
    from pxr import UsdSkel

    if not UsdSkel.Root.Find(prim):
        return
    joints = [str(joint) for joint in UsdSkel.Skeleton(prim).GetJointsAttr().Get() or ()]
    if joints:
        parents = [int(parent) for parent in UsdSkel.Topology(joints).GetParentIndices()]
        found.skeletons[key] = joints, parents


def _check(labels: tuple[str, ...], where: str) -> None:
    if len(labels) > 1 or "," in labels[0]:
        raise InputError(
            f"{where} has the labels {', '.join(labels)}; name the classes (labels, --labels FILE), so that the first "
            "of them in that list is its class"
        )
    try:
        Label(labels[0])
    except LabelError as error:
        raise InputError(f"{where}: {error}; give the prim another label") from error


def _label(key: str, found: _Found, colours: Colours) -> Label:
    name, colour = found.spelled[key], colours.shared(found.surfaces.get(key, ()))
    if key not in found.skeletons:
        return Label(name, colour=colour)
    paths, parents = found.skeletons[key]
    joints = [path.rpartition("/")[2] for path in paths]
    if len({joint.casefold() for joint in joints}) < len(joints):
        joints = paths
    bones = [(parent, joint) for joint, parent in enumerate(parents) if parent >= 0]
    return Label(name, colour=colour, keypoints=tuple(joints), skeleton=tuple(bones))
