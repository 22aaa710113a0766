"""`rep.randomizer.instantiate`: places that hold another asset at each firing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pxr import Gf, Sdf, Tf, UsdGeom

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep import labels
from framepress.headless.rep.authoring import copy_prim, free_path, free_paths, root_path, standard_ops
from framepress.headless.rep.create_assets import reference_to
from framepress.headless.rep.distribution import Distribution, choice
from framepress.headless.rep.graph import opened
from framepress.headless.rep.items import InstancerPoint, Prims, paths_of
from framepress.headless.rep.layers import Edits

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing

__all__ = ["Mode", "fill", "places"]

Mode = Literal["scene_instance", "point_instance", "reference"]
CALL = "rep.randomizer.instantiate"


def sources(paths: Any) -> list[Any]:
    """`Sdf.Reference`s to files, or to prims of the stage where items or prim paths are given.

    Raises:
        OptionError: there are none.
        InputError: a file or prim is not there.
    """
    host = hosts.current()
    stage = opened(host)
    found: list[Any] = []
    for each in paths if isinstance(paths, list | tuple) else [paths]:
        if isinstance(each, str) and not stage.GetPrimAtPath(each if Sdf.Path.IsValidPathString(each) else "/-"):
            found.append(reference_to(each, CALL))
        else:
            found += [Sdf.Reference("", path) for path in paths_of(each, host.graph.now(host), CALL)]
    if not found:
        raise OptionError(f"{CALL}: no assets in {paths!r}")
    return found


def places(mode: Mode, assets: Sequence[Any], size: int, semantics: Any, name: str | None) -> Prims:
    """`size` empty places: Xforms, or the points of one instancer that holds every asset."""
    host = hosts.current()
    stage, pairs = opened(host), labels.pairs_of(semantics, CALL)
    root = root_path(stage, None, CALL)
    if mode == "point_instance":
        path = free_path(stage, root, name or "PointInstancer")
        instancer = UsdGeom.PointInstancer.Define(stage, path)
        for index, asset in enumerate(assets):
            prototype = stage.DefinePrim(f"{path}/Prototypes/Prototype_{index:02d}")
            prototype.GetReferences().AddReference(asset)
            instancer.GetPrototypesRel().AddTarget(prototype.GetPath())
        instancer.CreateProtoIndicesAttr([0] * size)
        instancer.CreatePositionsAttr([Gf.Vec3f(0.0)] * size)
        labels.author(instancer.GetPrim(), pairs, host.release)
        return Prims("instantiate", [InstancerPoint(path, index) for index in range(size)], name)
    paths = free_paths(stage, root, f"{Tf.MakeValidIdentifier(name or 'Instance')}_Xform", size)
    standard_ops(UsdGeom.Xform.Define(stage, paths[0]))
    stage.DefinePrim(f"{paths[0]}/Ref").SetInstanceable(mode == "scene_instance")  # Of the type that the asset has.
    labels.author(stage.GetPrimAtPath(paths[0]), pairs, host.release)
    copy_prim(stage, paths[0], paths[1:])
    return Prims("instantiate", paths, name)


def drawn(assets: Sequence[Any], weights: Sequence[float] | None, replace: bool, seed: int | None) -> Distribution:
    """Rows of `assets`, as a distribution."""
    return choice(list(range(len(assets))), weights, seed=seed, with_replacements=replace)


def fill(firing: Firing, item: Prims, assets: Sequence[Any], rows: Distribution) -> None:
    """Have every place hold an asset; those that hold it already are left alone."""
    targets = item.targets(firing)
    chosen = firing.samples(rows, len(targets))
    first = targets[0]
    if isinstance(first, InstancerPoint):
        edits = Edits(firing.stage)
        instancer = UsdGeom.PointInstancer(firing.stage.GetPrimAtPath(first.instancer))
        edits.set(instancer.GetProtoIndicesAttr(), chosen)
        edits.write()
        return
    layer = firing.stage.GetEditTarget().GetLayer()
    with Sdf.ChangeBlock():
        for target, row in zip(targets, chosen, strict=True):
            spec = Sdf.CreatePrimInLayer(layer, f"{target}/Ref")
            if list(spec.referenceList.explicitItems) != [assets[row]]:
                spec.referenceList.explicitItems = [assets[row]]
