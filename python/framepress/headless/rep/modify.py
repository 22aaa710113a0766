"""`rep.modify`: change the prims of the open `with` block or of `input_prims`, at once or as the open trigger says."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pxr import Gf, UsdGeom

from framepress.errors import OptionError
from framepress.headless.rep import labels
from framepress.headless.rep.authoring import bind_materials, record, set_attributes, set_pose, set_visible
from framepress.headless.rep.items import ReplicatorItem, paths_of, prim_at, prims_of, subject, targets_of
from framepress.headless.rep.pose_values import PoseValues, aims
from framepress.headless.rep.poses import Pose, write_poses
from framepress.headless.rep.refused import refuse
from framepress.headless.rep.registered import named
from framepress.headless.rep.registered import register as register_function
from framepress.headless.rep.rotations import AXES
from framepress.headless.rep.values import numbers, per_prim

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing

__all__ = [
    "animation",
    "attribute",
    "material",
    "pose",
    "pose_camera_relative",
    "pose_orbit",
    "register",
    "semantics",
    "time",
    "timeline",
    "variant",
    "visibility",
]


def pose(
    position: Any = None,
    position_x: Any = None,
    position_y: Any = None,
    position_z: Any = None,
    rotation: Any = None,
    rotation_x: Any = None,
    rotation_y: Any = None,
    rotation_z: Any = None,
    rotation_order: str = "XYZ",
    scale: Any = None,
    size: Any = None,
    pivot: Any = None,
    look_at: Any = None,
    look_at_up_axis: Any = None,
    input_prims: Any = None,
    name: str | None = None,
) -> ReplicatorItem:
    """Set position, orientation and size of prims; what is not given stays as it is.

    Args:
        position: world, scene units; `position_x` and so on: one coordinate alone.
        rotation: degrees about x, y and z, turned in `rotation_order`, below the prim's parent.
        scale: one number or three. size: extents in the prim's own space to be scaled to instead.
        pivot: -1 to 1 on each axis of the prim's box: what turns in place, and what `position` places.
        look_at: point, or prims whose middle, to turn -z to; `look_at_up_axis`: where +y is to be, by default the
            stage's up axis.

    Raises:
        OptionError: values that do not fit, or exclude each other.
        InputError: prims that are gone or cannot be posed.
    """
    values = PoseValues(
        position,
        position_x,
        position_y,
        position_z,
        rotation,
        rotation_x,
        rotation_y,
        rotation_z,
        rotation_order,
        scale,
        size,
        pivot,
        look_at,
        look_at_up_axis,
    )
    return record("pose", partial(set_pose, subject=subject("rep.modify.pose", input_prims), values=values), name)


def pose_orbit(
    barycentre: Any,
    distance: Any,
    azimuth: Any,
    elevation: Any,
    look_at_barycentre: bool = True,
    input_prims: Any = None,
    name: str | None = None,
) -> ReplicatorItem:
    """Put prims on a sphere around a point or the middle of prims.

    Args:
        distance: scene units.
        azimuth: degrees about the stage's up axis, from +x (z up) or +z (y up), counter-clockwise seen from above.
        elevation: degrees above the horizon.
    """
    prims = subject("rep.modify.pose_orbit", input_prims)

    def act(firing: Firing) -> None:
        call = "rep.modify.pose_orbit"
        targets = targets_of(prims, firing)
        count, axis = len(targets), UsdGeom.GetStageUpAxis(firing.stage)
        columns = (numbers(value, count, firing, call) for value in (distance, azimuth, elevation))
        poses = []
        for centre, away, turn, height in zip(aims(barycentre, count, firing, call), *columns, strict=True):
            flat, up = (away * trig(math.radians(height)) for trig in (math.cos, math.sin))
            ahead, aside = (flat * trig(math.radians(turn)) for trig in (math.cos, math.sin))
            offset = (ahead, aside, up) if axis == "Z" else (aside, up, ahead)
            place = tuple(a + b for a, b in zip(centre or (0.0,) * 3, offset, strict=True))
            aim = centre if look_at_barycentre else None
            poses.append(Pose(position=(place[0], place[1], place[2]), look_at=aim, up=AXES[axis]))
        write_poses(firing, targets, poses, call)

    return record("pose_orbit", act, name)


def pose_camera_relative(
    camera: Any,
    render_product: Any,
    distance: Any,
    horizontal_location: Any,
    vertical_location: Any,
    input_prims: Any = None,
    name: str | None = None,
) -> ReplicatorItem:
    """Put prims where they appear at a place of a pinhole camera's picture.

    Args:
        render_product: object or path; its resolution gives the height of the picture.
        distance: along the optical axis, scene units.
        horizontal_location, vertical_location: -1 (left, bottom) to 1 (right, top).
    """
    prims = subject("rep.modify.pose_camera_relative", input_prims)

    def act(firing: Firing) -> None:
        call = "rep.modify.pose_camera_relative"
        targets = targets_of(prims, firing)
        lens = _lens(firing, camera, call)
        path = render_product if isinstance(render_product, str) else render_product.path
        if path not in firing.host.products:
            raise OptionError(f"{call}: no render product {path!r}")
        width, height = firing.host.products[path].resolution
        world = UsdGeom.XformCache(firing.host.time).GetLocalToWorldTransform(lens.GetPrim())
        focal, aperture, aside, above = (
            attribute.Get(firing.host.time)
            for attribute in (
                lens.GetFocalLengthAttr(),
                lens.GetHorizontalApertureAttr(),
                lens.GetHorizontalApertureOffsetAttr(),
                lens.GetVerticalApertureOffsetAttr(),
            )
        )
        places = (distance, horizontal_location, vertical_location)
        rows = zip(*(numbers(value, len(targets), firing, call) for value in places), strict=True)
        poses = []
        for away, right, up in rows:
            x = (right * aperture / 2 + aside) * away / focal
            y = (up * aperture * height / width / 2 + above) * away / focal
            place = world.Transform(Gf.Vec3d(x, y, -away))
            poses.append(Pose(position=(place[0], place[1], place[2])))
        write_poses(firing, targets, poses, call)

    return record("pose_camera_relative", act, name)


def _lens(firing: Firing, camera: Any, call: str) -> Any:
    """The `UsdGeom.Camera` that an item, path or prim means: itself or the first below."""
    for path in paths_of(camera, firing, call):
        prims = [prim_at(firing.stage, path)]
        while prims:
            if prims[0].IsA(UsdGeom.Camera):
                return UsdGeom.Camera(prims[0])
            prims = [*prims.pop(0).GetChildren(), *prims]
    raise OptionError(f"{call}: {camera!r} means no camera")


def attribute(name: str, value: Any, attribute_type: str | None = None, input_prims: Any = None) -> ReplicatorItem:
    """Set an attribute; `attribute_type` ("float", "color3f", ...) makes it where a prim has none."""
    call = "rep.modify.attribute"
    prims = subject(call, input_prims)
    return record(
        "attribute",
        partial(set_attributes, subject=prims, name=name, value=value, call=call, attribute_type=attribute_type),
        None,
    )


def semantics(semantics: Any = None, input_prims: Any = None, mode: str = "add") -> ReplicatorItem:
    """Label prims: [(type, label)] or {type: label or labels}.

    Args:
        mode: "add"; "replace" what the types had; "clear" all and set these.
    """
    call = "rep.modify.semantics"
    pairs, prims = labels.pairs_of(semantics, call), subject(call, input_prims)
    labels.check_mode(mode, call)

    def act(firing: Firing) -> None:
        for prim in prims_of(prims, firing, call):
            labels.author(prim, pairs, firing.host.release, mode)

    return record("semantics", act, None)


def visibility(value: Any = True, input_prims: Any = None, name: str | None = None) -> ReplicatorItem:
    """Show or hide prims and what is below: one value, a list with one a prim, or drawn."""
    call = "rep.modify.visibility"
    return record("visibility", partial(set_visible, subject=subject(call, input_prims), value=value, call=call), name)


def material(value: Any, input_prims: Any = None, name: str | None = None) -> ReplicatorItem:
    """Bind materials: an item, a path, an MDL file, or drawn from these."""
    call = "rep.modify.material"
    return record("material", partial(bind_materials, subject=subject(call, input_prims), value=value, call=call), name)


def variant(name: str, value: Any, input_prims: Any = None) -> ReplicatorItem:
    """Select a variant of the variant set `name`.

    Raises:
        OptionError: a prim has no such set, or the set no such variant.
    """
    call = "rep.modify.variant"
    prims = subject(call, input_prims)

    def act(firing: Firing) -> None:
        found = prims_of(prims, firing, call)
        for prim, chosen in zip(found, per_prim(value, len(found), firing, call), strict=True):
            variants = prim.GetVariantSet(name) if prim.GetVariantSets().HasVariantSet(name) else None
            if variants is None or chosen not in variants.GetVariantNames():
                known = variants.GetVariantNames() if variants else prim.GetVariantSets().GetNames()
                raise OptionError(f"{call}: {prim.GetPath()} has no variant {name}={chosen!r}; there are {list(known)}")
            variants.SetVariantSelection(chosen)

    return record("variant", act, None)


def time(value: Any, name: str | None = None) -> ReplicatorItem:
    """Set the simulation time [s]."""

    def act(firing: Firing) -> None:
        firing.host.time_s = numbers(value, 1, firing, "rep.modify.time")[0]

    return record("time", act, name)


animation = refuse("modify.animation", "no blending of skeletal animations here; bind one to the skeleton in the scene")
timeline = refuse("modify.timeline", "the stand-in's clock is set by rep.modify.time(seconds)")

_OWN = {*__all__}


def register(fn: Callable[..., Any], override: bool = True, fn_name: str | None = None) -> None:
    """Have `rep.modify.<name>` call `fn`."""
    register_function("modify", fn, override, fn_name, _OWN)


def __getattr__(name: str) -> Any:
    return named("modify", name)
