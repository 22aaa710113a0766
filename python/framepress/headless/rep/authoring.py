"""What the functions of `rep.create` share: names, the Xform around what is made, and what is said of it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pxr import Sdf, Tf, UsdGeom, UsdShade

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep import labels
from framepress.headless.rep.attributes import is_array, set_attribute
from framepress.headless.rep.graph import opened
from framepress.headless.rep.items import Prims, ReplicatorItem, paths_of, prims_of, targets_of
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.looks import bind, define_mdl
from framepress.headless.rep.pose_values import PoseValues
from framepress.headless.rep.poses import write_poses
from framepress.headless.rep.values import is_fixed, per_prim

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing

__all__ = [
    "ROOT",
    "Placing",
    "apply",
    "bind_materials",
    "check_count",
    "copy_prim",
    "free_path",
    "free_paths",
    "made",
    "pose_values",
    "record",
    "set_attributes",
    "set_pose",
]

ROOT = "/Replicator"


@dataclass(frozen=True, slots=True, eq=False)
class Placing:
    """Arguments that everything of `rep.create` takes, as scripts give them.

    Args:
        parent: path, prim or item below which it is made; None = /Replicator.
        name: of the prims; a number is added where it is taken.
    """

    pose: PoseValues
    semantics: Any = None
    material: Any = None
    visible: Any = True
    parent: Any = None
    name: str | None = None
    count: int = 1


def pose_values(
    kind: str, position: Any, rotation: Any, look_at: Any, look_at_up_axis: Any, scale: Any = None, pivot: Any = None
) -> PoseValues:
    """The pose arguments of `rep.create.<kind>`."""
    return PoseValues(
        position=position,
        rotation=rotation,
        look_at=look_at,
        look_at_up_axis=look_at_up_axis,
        scale=scale,
        pivot=pivot,
        call=f"rep.create.{kind}",
    )


def check_count(count: Any, call: str) -> None:
    """Raises: OptionError: `count` is no number of prims."""
    if isinstance(count, bool) or not hasattr(count, "__index__") or count < 1:
        raise OptionError(f"{call}: count={count!r}; give a whole number, at least 1")


def free_path(stage: Any, parent: str, name: str) -> str:
    """`parent/name`, or with "_01", "_02", ... where there is such a prim. What no prim can be called becomes `_`."""
    return free_paths(stage, parent, Tf.MakeValidIdentifier(name), 1)[0]


def free_paths(stage: Any, parent: str, name: str, count: int) -> list[str]:
    """As `free_path`, several."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        path = f"{parent.rstrip('/')}/{name}" + (f"_{number:02d}" if number else "")
        if not stage.GetPrimAtPath(path):
            found.append(path)
        number += 1
    return found


def copy_prim(stage: Any, source: str, paths: Sequence[str]) -> None:
    """Author a prim again at other paths, all at once: what the edit target holds of it and of what is below."""
    target = stage.GetEditTarget()
    layer, spec = target.GetLayer(), target.MapToSpecPath(source)
    with Sdf.ChangeBlock():
        for path in paths:
            Sdf.CopySpec(layer, spec, layer, target.MapToSpecPath(path))


def root_path(stage: Any, parent: Any, call: str, otherwise: str = ROOT) -> str:
    """Path of the prim below which to author; `otherwise`, made if missing, if none is given.

    Raises:
        InputError: there is no such prim.
        OptionError: several are given.
    """
    if parent is None or parent == "/":
        if parent is None and otherwise != "/" and not stage.GetPrimAtPath(otherwise):
            UsdGeom.Scope.Define(stage, otherwise)
        return otherwise if parent is None else "/"
    host = hosts.current()
    paths = paths_of(parent, host.graph.now(host), call)
    if len(paths) != 1:
        raise OptionError(f"{call}: parent= means {len(paths)} prims; give one")
    return paths[0]


def made(
    kind: str,
    default_name: str,
    define: Callable[[Any, str], Any],
    placing: Placing,
    attributes: Mapping[str, Any] | None = None,
) -> Prims:
    """Author `count` Xforms, each with what `define(stage, path)` makes inside, and say all that is given about them.

    What is constant is authored now; what is drawn from distributions whenever the open trigger fires, or now.

    Args:
        default_name: of the inner prim; the Xform has "_Xform" after it.
        attributes: of the inner prims, name -> value; None = not set.

    Returns:
        item of the Xforms.
    """
    host = hosts.current()
    stage, call = opened(host), f"rep.create.{kind}"
    check_count(placing.count, call)
    name = Tf.MakeValidIdentifier(placing.name or default_name)
    outer = free_paths(stage, root_path(stage, placing.parent, call), f"{name}_Xform", placing.count)
    standard_ops(UsdGeom.Xform.Define(stage, outer[0]))
    define(stage, f"{outer[0]}/{name}")
    labels.author(stage.GetPrimAtPath(outer[0]), labels.pairs_of(placing.semantics, call), host.release)
    copy_prim(stage, outer[0], outer[1:])
    inner = [f"{path}/{name}" for path in outer]
    item = Prims(kind, outer, placing.name)
    _say(item, Prims(f"{kind}_inner", inner), placing, attributes or {}, call)
    return item


def standard_ops(xform: Any) -> None:
    """translate, rotateXYZ and scale, authored: scripts set them by name."""
    double = UsdGeom.XformOp.PrecisionDouble
    xform.AddTranslateOp(double).Set((0, 0, 0))
    xform.AddRotateXYZOp(double).Set((0, 0, 0))
    xform.AddScaleOp(double).Set((1, 1, 1))


def _say(item: Prims, inner: Prims, placing: Placing, attributes: Mapping[str, Any], call: str) -> None:
    fixed, varying = placing.pose.split()
    apply(partial(set_pose, subject=item, values=fixed), now=True)
    if varying.given:
        apply(partial(set_pose, subject=item, values=varying), now=False)
    for name, value in attributes.items():
        if value is not None:
            apply(partial(set_attributes, subject=inner, name=name, value=value, call=call), now=is_fixed(value))
    if placing.material is not None:
        action = partial(bind_materials, subject=item, value=placing.material, call=call)
        apply(action, now=is_fixed(placing.material))
    if placing.visible is not True:
        action = partial(set_visible, subject=item, value=placing.visible, call=call)
        apply(action, now=is_fixed(placing.visible))


def apply(action: Callable[[Firing], None], now: bool) -> None:
    """Act at once, or as the open trigger says."""
    host = hosts.current()
    if now:
        action(host.graph.now(host))
    else:
        host.graph.record(action, host)


def record(kind: str, action: Callable[[Firing], None], name: str | None = None) -> ReplicatorItem:
    """Act as the open trigger says, or now; returns the item of the call, which stands for no prims."""
    apply(action, now=False)
    return ReplicatorItem(kind, name)


# ---- actions ---------------------------------------------------------------------------------------------------------


def set_pose(firing: Firing, subject: Any, values: PoseValues) -> None:
    targets = targets_of(subject, firing)
    write_poses(firing, targets, values.poses(firing, targets), values.call)


def set_attributes(
    firing: Firing, subject: Any, name: str, value: Any, call: str, attribute_type: str | None = None
) -> None:
    """Set an attribute, of a type that is converted to, on each prim; a list is one value a prim, or a whole array."""
    prims = prims_of(subject, firing, call)
    edits = Edits(firing.stage)
    whole = is_fixed(value) and bool(prims) and is_array(prims[0], name, attribute_type)
    values = [value] * len(prims) if whole else per_prim(value, len(prims), firing, call)
    for prim, each in zip(prims, values, strict=True):
        set_attribute(prim, name, each, edits, call, attribute_type)
    edits.write()


def set_visible(firing: Firing, subject: Any, value: Any, call: str) -> None:
    """True shows a prim unless one above it is hidden, False hides it and all below."""
    prims = prims_of(subject, firing, call)
    edits = Edits(firing.stage)
    for prim, each in zip(prims, per_prim(value, len(prims), firing, call), strict=True):
        if isinstance(each, str) or each not in (True, False):
            raise OptionError(f"{call}: {prim.GetPath()} cannot be {each!r}; give True or False")
        imageable = UsdGeom.Imageable(prim)
        if not imageable:
            raise OptionError(f"{call}: {prim.GetPath()} is a {prim.GetTypeName()}, which has no visibility")
        edits.set(imageable.CreateVisibilityAttr(), UsdGeom.Tokens.inherited if each else UsdGeom.Tokens.invisible)
    edits.write()


def bind_materials(firing: Firing, subject: Any, value: Any, call: str) -> None:
    """Bind a material to each prim: one for all, one each, or drawn.

    An item of several materials is dealt out in turn.
    """
    prims = prims_of(subject, firing, call)
    chosen = per_prim(value, len(prims), firing, call) if not is_fixed(value) else [value]
    materials = [material for each in chosen for material in materials_of(each, firing, call)]
    if not materials:
        raise OptionError(f"{call}: no material is given")
    for row, prim in enumerate(prims):
        bind(prim, materials[row % len(materials)])


def materials_of(value: Any, firing: Firing, call: str) -> list[Any]:
    """`Usd.Prim`s of materials: of an item or path, or made for the path of an MDL file.

    Raises:
        OptionError: something else.
    """
    if isinstance(value, list | tuple):
        return [material for each in value for material in materials_of(each, firing, call)]
    if isinstance(value, str) and value.lower().endswith(".mdl"):
        return [_mdl_material(firing, value)]
    found = prims_of(value, firing, call)
    for prim in found:
        if not prim.IsA(UsdShade.Material):
            raise OptionError(f"{call}: {prim.GetPath()} is a {prim.GetTypeName()}, no material")
    return found


def _mdl_material(firing: Firing, source: str) -> Any:
    looks = firing.host.kept(_mdl_paths)
    path = looks.get(source)
    if path is None or not firing.stage.GetPrimAtPath(path):
        folder = looks_folder(firing.stage)
        path = looks[source] = free_path(firing.stage, folder, source.replace("\\", "/").rpartition("/")[2][:-4])
        define_mdl(firing.stage, path, source)
        firing.host.find(f"{source}: MDL materials are bound, but drawn without what their code computes")
    return firing.stage.GetPrimAtPath(path)


def _mdl_paths(_: Any) -> dict[str, str]:
    return {}


def looks_folder(stage: Any) -> str:
    """Path of the scope of the materials that are made."""
    if not stage.GetPrimAtPath(ROOT):
        UsdGeom.Scope.Define(stage, ROOT)
    UsdGeom.Scope.Define(stage, Sdf.Path(ROOT).AppendChild("Looks"))
    return f"{ROOT}/Looks"
