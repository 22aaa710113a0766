"""`rep.create`: cameras, lights, shapes, assets, materials, each below an Xform of its own that has the pose.

Everything takes `position` (world), `rotation` (degrees, XYZ), `scale`, `look_at` (-z towards a point or prims),
`look_at_up_axis`, `pivot`, `semantics`, `visible`, `parent`, `name` and `count`; each value may be a distribution.
Cameras look along -z with +y up and distant, rect and disk lights shine along -z, as in USD. Shapes have the sizes of
`shapes`, whatever the stage's unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pxr import UsdGeom, UsdLux

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep import labels
from framepress.headless.rep.authoring import Placing, made, pose_values
from framepress.headless.rep.create_assets import from_dir, from_usd
from framepress.headless.rep.create_materials import material_omnipbr
from framepress.headless.rep.distribution import Distribution
from framepress.headless.rep.items import Prims, ReplicatorItem, prims_of, targets_of
from framepress.headless.rep.refused import refuse
from framepress.headless.rep.render_products import render_product, render_product_tiled
from framepress.headless.rep.shapes import SHAPES, define_gprim, define_mesh

__all__ = [
    "camera",
    "cone",
    "cube",
    "cylinder",
    "disk",
    "from_dir",
    "from_usd",
    "group",
    "light",
    "material_omnipbr",
    "plane",
    "render_product",
    "render_product_tiled",
    "sphere",
    "stereo_camera",
    "tiled_sensor",
    "torus",
    "xform",
]

LIGHTS = {
    "distant": UsdLux.DistantLight,
    "sphere": UsdLux.SphereLight,
    "rect": UsdLux.RectLight,
    "disk": UsdLux.DiskLight,
    "dome": UsdLux.DomeLight,
    "cylinder": UsdLux.CylinderLight,
}


def _shape(kind: str) -> Callable[..., Prims]:
    def create(
        position: Any = None,
        scale: Any = None,
        pivot: Any = None,
        rotation: Any = None,
        look_at: Any = None,
        look_at_up_axis: Any = None,
        semantics: Any = None,
        material: Any = None,
        visible: Any = True,
        as_mesh: bool = True,
        parent: Any = None,
        count: int = 1,
        name: str | None = None,
    ) -> Prims:
        placing = Placing(
            pose_values(kind, position, rotation, look_at, look_at_up_axis, scale, pivot),
            semantics,
            material,
            visible,
            parent,
            name,
            count,
        )

        def define(stage: Any, path: str) -> Any:
            return (None if as_mesh else define_gprim(stage, path, kind)) or define_mesh(stage, path, kind)

        return made(kind, kind.capitalize(), define, placing)

    create.__name__ = create.__qualname__ = kind
    create.__doc__ = f"`count` {kind}s: meshes, or with `as_mesh=False` USD's own gprim where there is one."
    return create


cube, sphere, cylinder, cone, torus, plane, disk = (_shape(kind) for kind in SHAPES)


def xform(
    position: Any = None,
    scale: Any = None,
    pivot: Any = None,
    rotation: Any = None,
    look_at: Any = None,
    look_at_up_axis: Any = None,
    semantics: Any = None,
    visible: Any = True,
    parent: Any = None,
    count: int = 1,
    name: str | None = None,
) -> Prims:
    """`count` Xforms, each around another that holds nothing yet."""
    placing = Placing(
        pose_values("xform", position, rotation, look_at, look_at_up_axis, scale, pivot),
        semantics,
        None,
        visible,
        parent,
        name,
        count,
    )
    return made("xform", "Xform", UsdGeom.Xform.Define, placing)


def camera(
    position: Any = None,
    rotation: Any = None,
    look_at: Any = None,
    look_at_up_axis: Any = None,
    focal_length: Any = 24.0,
    focus_distance: Any = 400.0,
    f_stop: Any = 0.0,
    horizontal_aperture: Any = 20.955,
    horizontal_aperture_offset: Any = 0.0,
    vertical_aperture_offset: Any = 0.0,
    clipping_range: tuple[float, float] = (1.0, 1000000.0),
    projection_type: str = "pinhole",
    parent: Any = None,
    count: int = 1,
    name: str | None = None,
    **others: Any,
) -> Prims:
    """`count` pinhole cameras.

    Args:
        focal_length, horizontal_aperture and its offsets: tenths of a scene unit, as USD has them.
        focus_distance, clipping_range: scene units.
        others: fisheye coefficients and the like of Replicator's, refused unless None; `tick_rate` has no effect.

    Raises:
        NotSupportedError: another projection, or an argument that has an effect only there.
    """
    if projection_type != "pinhole":
        refuse(
            "create.camera",
            f"projection_type {projection_type!r}; the stand-in's are pinhole, or a camera prim with "
            "an OpenCV lens schema in the scene",
        )()
    if others.pop("tick_rate", None) is not None:
        hosts.current().find("rep.create.camera: tick_rate has no effect in the stand-in")
    for argument, value in others.items():
        if not argument.startswith(("fisheye_", "cross_camera")):
            raise TypeError(f"camera() got an unexpected keyword argument {argument!r}")
        if value is not None:
            refuse("create.camera", f"{argument} belongs to projections that the stand-in does not make")()
    attributes = {
        "focalLength": focal_length,
        "focusDistance": focus_distance,
        "fStop": f_stop,
        "horizontalAperture": horizontal_aperture,
        "horizontalApertureOffset": horizontal_aperture_offset,
        "verticalApertureOffset": vertical_aperture_offset,
        "clippingRange": None if clipping_range is None else tuple(clipping_range),
    }
    placing = Placing(
        pose_values("camera", position, rotation, look_at, look_at_up_axis), parent=parent, name=name, count=count
    )
    return made("camera", "Camera", UsdGeom.Camera.Define, placing, attributes)


def light(
    position: Any = None,
    rotation: Any = None,
    scale: Any = None,
    look_at: Any = None,
    look_at_up_axis: Any = None,
    light_type: str = "Distant",
    color: Any = (1.0, 1.0, 1.0),
    intensity: Any = 1000.0,
    exposure: Any = None,
    temperature: Any = 6500.0,
    texture: Any = None,
    parent: Any = None,
    count: int = 1,
    name: str | None = None,
) -> Prims:
    """`count` lights of a type: "distant", "sphere", "rect", "disk", "dome" or "cylinder".

    Args:
        temperature: kelvin, multiplied with `color`; None = off.
        texture: image of a dome or rect light.
    """
    kind = str(light_type).lower()
    if kind not in LIGHTS:
        raise OptionError(f"rep.create.light: light_type {light_type!r}; one of {', '.join(LIGHTS)}")
    if texture is not None and kind not in ("dome", "rect"):
        raise OptionError(f"rep.create.light: a {kind} light has no texture; dome and rect lights have")
    attributes = {
        "inputs:color": color,
        "inputs:intensity": intensity,
        "inputs:exposure": exposure,
        "inputs:enableColorTemperature": temperature is not None,
        "inputs:colorTemperature": temperature,
        "inputs:texture:file": texture,
    }
    placing = Placing(
        pose_values("light", position, rotation, look_at, look_at_up_axis, scale), parent=parent, name=name, count=count
    )
    return made("light", f"{kind.capitalize()}Light", LIGHTS[kind].Define, placing, attributes)


class _Group(ReplicatorItem):
    """Items that are acted on together, each asked anew for its prims."""

    def __init__(self, items: Sequence[Any], name: str | None) -> None:
        super().__init__("group", name)
        self._items = items

    def targets(self, firing: Any) -> list[Any]:
        return targets_of(self._items, firing)


def group(items: Any, semantics: Any = None, name: str | None = None) -> ReplicatorItem:
    """Items, prims or paths taken together.

    Raises:
        InputError, OptionError: something that means no prim.
    """
    host = hosts.current()
    several = list(items) if isinstance(items, list | tuple) else [items]
    targets_of([each for each in several if not isinstance(each, Distribution)], host.graph.now(host))
    if not several:
        host.find("rep.create.group: of nothing, so what is done with it does nothing")
    found = _Group(several, name)
    pairs = labels.pairs_of(semantics, "rep.create.group")
    prims = prims_of(found, host.graph.now(host), "rep.create.group") if pairs else []
    for prim in prims:
        labels.author(prim, pairs, host.release)
    return found


stereo_camera = refuse("create.stereo_camera", "no stereo pairs here; make two cameras and a render product of each")
tiled_sensor = refuse("create.tiled_sensor", "no tiled sensors here; make a render product of each camera")
