"""`rep.functional.create` (5.1, 6.0): prims made at once and returned as `Usd.Prim`, without an Xform around them.

`parent` is a path or prim, by default the root; positions are world positions, rotations degrees about x, y, z.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pxr import Sdf, Tf, UsdGeom, UsdLux

from framepress.errors import InputError, OptionError
from framepress.headless import host as hosts
from framepress.headless.rep import labels
from framepress.headless.rep.attributes import set_attribute
from framepress.headless.rep.authoring import (
    check_count,
    copy_prim,
    free_paths,
    root_path,
    set_pose,
    set_visible,
    standard_ops,
)
from framepress.headless.rep.create_assets import reference_to
from framepress.headless.rep.graph import opened
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.looks import bind, define_look, define_mdl
from framepress.headless.rep.pose_values import PoseValues
from framepress.headless.rep.refused import refuse
from framepress.headless.rep.shapes import SHAPES, define_gprim, define_mesh

__all__ = [
    "camera",
    "clone",
    "cone",
    "cube",
    "cylinder",
    "disk",
    "disk_light",
    "distant_light",
    "dome_light",
    "material",
    "omni_lidar",
    "omni_radar",
    "plane",
    "rect_light",
    "reference",
    "scope",
    "sphere",
    "sphere_light",
    "torus",
    "xform",
]

Define = Callable[[Any, str], Any]


def author(
    kind: str,
    define: Define,
    count: int,
    attributes: Mapping[str, Any],
    *,
    name: str | None = None,
    parent: Any = None,
    position: Any = None,
    rotation: Any = None,
    scale: Any = None,
    look_at: Any = None,
    look_at_up_axis: Any = None,
    semantics: Any = None,
    visible: bool = True,
) -> list[Any]:
    """Author `count` prims that `define(stage, path)` makes, with attributes name -> value (None = not set)."""
    host, call = hosts.current(), f"rep.functional.create.{kind}"
    check_count(count, call)
    stage = opened(host)
    valid = Tf.MakeValidIdentifier(name or "".join(part.capitalize() for part in kind.split("_")))
    paths = free_paths(stage, root_path(stage, parent, call, otherwise="/"), valid, count)
    made = define(stage, paths[0])
    prim = made if hasattr(made, "GetPrimIndex") else made.GetPrim()
    if prim.IsA(UsdGeom.Xformable) and not UsdGeom.Xformable(prim).GetXformOpOrderAttr().HasAuthoredValue():
        standard_ops(UsdGeom.Xformable(prim))
    labels.author(prim, labels.pairs_of(semantics, call), host.release)
    edits = Edits(stage)
    for attribute, value in attributes.items():
        if value is not None:
            set_attribute(prim, attribute, value, edits, call)
    edits.write()
    copy_prim(stage, paths[0], paths[1:])
    now = host.graph.now(host)
    pose = PoseValues(
        position=position, rotation=rotation, scale=scale, look_at=look_at, look_at_up_axis=look_at_up_axis, call=call
    )
    if pose.given:
        set_pose(now, paths, pose)
    if not visible:
        set_visible(now, paths, False, call)
    return [stage.GetPrimAtPath(path) for path in paths]


def shape_definition(kind: str, as_mesh: bool) -> Define:
    return lambda stage, path: (None if as_mesh else define_gprim(stage, path, kind)) or define_mesh(stage, path, kind)


def _shape(kind: str) -> Callable[..., Any]:
    def create(as_mesh: bool = True, **placing: Any) -> Any:
        return author(kind, shape_definition(kind, as_mesh), 1, {}, **placing)[0]

    create.__name__ = create.__qualname__ = kind
    create.__doc__ = f"A {kind} of `rep.create.{kind}`'s size; further arguments as `author`."
    return create


cube, sphere, cylinder, cone, torus, plane, disk = (_shape(kind) for kind in SHAPES)


def _light(kind: str, schema: Any, *own: str) -> Callable[..., Any]:
    def create(
        intensity: float | None = None,
        color: Any = None,
        exposure: float | None = None,
        temperature: float | None = None,
        texture: str | None = None,
        radius: float | None = None,
        width: float | None = None,
        height: float | None = None,
        angle: float | None = None,
        **placing: Any,
    ) -> Any:
        sizes = {"texture:file": texture, "radius": radius, "width": width, "height": height, "angle": angle}
        for attribute, value in sizes.items():
            if value is not None and attribute not in own:
                raise OptionError(f"rep.functional.create.{kind}: such a light has no {attribute.partition(':')[0]}")
        given = {"intensity": intensity, "color": color, "exposure": exposure, "colorTemperature": temperature, **sizes}
        given["enableColorTemperature"] = None if temperature is None else True
        attributes = {f"inputs:{attribute}": value for attribute, value in given.items()}
        return author(kind, schema.Define, 1, attributes, **placing)[0]

    create.__name__ = create.__qualname__ = kind
    create.__doc__ = f"A `UsdLux.{schema.__name__}`; what is not given stays as USD has it."
    return create


distant_light = _light("distant_light", UsdLux.DistantLight, "angle")
dome_light = _light("dome_light", UsdLux.DomeLight, "texture:file")
sphere_light = _light("sphere_light", UsdLux.SphereLight, "radius")
rect_light = _light("rect_light", UsdLux.RectLight, "width", "height", "texture:file")
disk_light = _light("disk_light", UsdLux.DiskLight, "radius")


def camera_attributes(
    focal_length: float | None = None,
    focus_distance: float | None = None,
    f_stop: float | None = None,
    horizontal_aperture: float | None = None,
    vertical_aperture: float | None = None,
    horizontal_aperture_offset: float | None = None,
    vertical_aperture_offset: float | None = None,
    clipping_range: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """A camera's arguments as USD's attributes."""
    return {
        "focalLength": focal_length,
        "focusDistance": focus_distance,
        "fStop": f_stop,
        "horizontalAperture": horizontal_aperture,
        "verticalAperture": vertical_aperture,
        "horizontalApertureOffset": horizontal_aperture_offset,
        "verticalApertureOffset": vertical_aperture_offset,
        "clippingRange": clipping_range,
    }


_LENS = inspect.signature(camera_attributes).parameters


def cameras(count: int, arguments: dict[str, Any]) -> list[Any]:
    """`count` cameras of `camera_attributes`' and `author`'s arguments together."""
    lens = {key: arguments.pop(key) for key in _LENS if key in arguments}
    return author("camera", UsdGeom.Camera.Define, count, camera_attributes(**lens), **arguments)


def camera(**arguments: Any) -> Any:
    """A camera; arguments of `camera_attributes` and of `author`."""
    return cameras(1, arguments)[0]


def xform(**placing: Any) -> Any:
    """An Xform."""
    return author("xform", UsdGeom.Xform.Define, 1, {}, **placing)[0]


def scope(name: str | None = None, parent: Any = None) -> Any:
    """A Scope."""
    return author("scope", UsdGeom.Scope.Define, 1, {}, name=name, parent=parent)[0]


def reference(usd_path: str, **placing: Any) -> Any:
    """A prim of the type that a USD file's default prim has, which it refers to.

    Raises:
        InputError: a file of this machine's that is not there or cannot be read.
    """
    target = reference_to(usd_path, "rep.functional.create.reference")

    def define(stage: Any, path: str) -> Any:
        prim = stage.DefinePrim(path)
        prim.GetReferences().AddReference(target)
        if not prim.GetTypeName():
            prim.SetTypeName("Xform")  # Nothing to say otherwise: the address cannot be resolved here.
        return prim

    return author("reference", define, 1, {}, **placing)[0]


def clone(prim: Any, name: str | None = None, parent: Any = None, **placing: Any) -> Any:
    """A prim that refers to another of the stage, and so looks the same."""
    source = prim.GetPrim() if hasattr(prim, "GetPrim") else hosts.current().stage.GetPrimAtPath(str(prim))
    if not source:
        raise InputError(f"rep.functional.create.clone: no prim at {prim!r}")

    def define(stage: Any, path: str) -> Any:
        made = stage.DefinePrim(path)
        made.GetReferences().AddInternalReference(source.GetPath())
        return made

    return author("clone", define, 1, {}, name=name or source.GetName(), parent=parent, **placing)[0]


def material(
    mdl: str = "OmniPBR.mdl", bind_prims: Any = None, name: str | None = None, parent: Any = None, **inputs: Any
) -> Any:
    """A material of an MDL file, bound to prims.

    Args:
        inputs: of the MDL material, such as `diffuse_color_constant`; OmniPBR's are drawn, see `looks`.
    """
    from framepress.headless.rep.functional_modify import set_mdl_inputs

    host, call = hosts.current(), "rep.functional.create.material"
    is_pbr = mdl.replace("\\", "/").rpartition("/")[2] == "OmniPBR.mdl"

    def define(stage: Any, path: str) -> Any:
        return define_look(stage, path) if is_pbr else define_mdl(stage, path, mdl)

    made = author("material", define, 1, {}, name=name or "Material", parent=parent)[0]
    if not is_pbr:
        host.find(f"{mdl}: MDL materials are bound, but drawn without what their code computes")
    set_mdl_inputs(made, inputs, call)
    several = bind_prims if isinstance(bind_prims, list | tuple) else [bind_prims]
    for prim in several if bind_prims is not None else []:
        bind(host.stage.GetPrimAtPath(Sdf.Path(prim)) if isinstance(prim, str) else prim.GetPrim(), made)
    return made


_NO_SENSOR = "the stand-in has no lidar and no radar; attach a point cloud annotator to a camera instead"
omni_lidar = refuse("functional.create.omni_lidar", _NO_SENSOR)
omni_radar = refuse("functional.create.omni_radar", _NO_SENSOR)
