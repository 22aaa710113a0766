"""`rep.functional.modify` (5.0 on, most of it 6.0): prims changed at once, those given first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pxr import UsdShade

from framepress.errors import InputError, OptionError
from framepress.headless import host as hosts
from framepress.headless.rep import labels
from framepress.headless.rep.attributes import converted
from framepress.headless.rep.authoring import bind_materials, set_attributes, set_pose, set_visible
from framepress.headless.rep.items import prims_of
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.looks import PARAMETERS, set_look
from framepress.headless.rep.pose_values import PoseValues

__all__ = ["attribute", "material", "pose", "position", "rotation", "scale", "semantics", "visibility"]


def pose(
    prims: Any,
    position_value: Any = None,
    rotation_value: Any = None,
    scale_value: Any = None,
    look_at_value: Any = None,
    look_at_up_axis: Any = None,
    pivot_value: Any = None,
    write_to_usd: bool = True,
) -> None:
    """As `rep.modify.pose`: one value for all prims, or a list of one each. The stand-in always writes to USD."""
    values = PoseValues(
        position=position_value,
        rotation=rotation_value,
        scale=scale_value,
        look_at=look_at_value,
        look_at_up_axis=look_at_up_axis,
        pivot=pivot_value,
        call="rep.functional.modify.pose",
    )
    host = hosts.current()
    set_pose(host.graph.now(host), prims, values)


def position(prims: Any, value: Any) -> None:
    """World positions."""
    pose(prims, position_value=value)


def rotation(prims: Any, value: Any) -> None:
    """Degrees about x, y and z."""
    pose(prims, rotation_value=value)


def scale(prims: Any, value: Any) -> None:
    """One number or three."""
    pose(prims, scale_value=value)


def semantics(prims: Any, semantics: Any, mode: str = "add") -> None:
    """Label prims, {"class": "box"}; `mode` as `rep.modify.semantics`."""
    host, call = hosts.current(), "rep.functional.modify.semantics"
    labels.check_mode(mode, call)
    pairs = labels.pairs_of(semantics, call)
    for prim in prims_of(prims, host.graph.now(host), call):
        labels.author(prim, pairs, host.release, mode)


def attribute(prims: Any, name: str, value: Any, attribute_type: str | None = None) -> None:
    """Set an attribute: one value for all prims, or a list of one each."""
    host, call = hosts.current(), "rep.functional.modify.attribute"
    set_attributes(host.graph.now(host), prims, name, value, call, attribute_type)


def visibility(prims: Any, value: Any) -> None:
    """Show or hide prims."""
    host = hosts.current()
    set_visible(host.graph.now(host), prims, value, "rep.functional.modify.visibility")


def material(prims: Any, material: Any) -> None:
    """Bind a material."""
    host = hosts.current()
    bind_materials(host.graph.now(host), prims, material, "rep.functional.modify.material")


def set_mdl_inputs(material: Any, inputs: Mapping[str, Any], call: str) -> None:
    """Set inputs of an MDL material by OmniPBR's own names, so that what has a counterpart is drawn.

    Raises:
        OptionError: an OmniPBR material has no such input.
        InputError: there is no MDL shader with such an input in another material.
    """
    known = {parameter.mdl: name for name, parameter in PARAMETERS.items()}
    shader, _, _ = UsdShade.Material(material).ComputeSurfaceSource("mdl")
    is_pbr = shader.GetSourceAssetSubIdentifier("mdl") == "OmniPBR"
    edits = Edits(material.GetStage())
    for name, value in inputs.items():
        if is_pbr and name in known:
            set_look(UsdShade.Material(material), {known[name]: value}, edits, call)
            continue
        if is_pbr:
            raise OptionError(f"{call}: OmniPBR input {name!r} is not kept here; there are {', '.join(known)}")
        given = shader.GetInput(name)
        if not given:
            raise InputError(f"{call}: {material.GetPath()} has no input {name!r}; its MDL file cannot be read here")
        edits.set(given.GetAttr(), converted(given.GetAttr(), value, call))
    edits.write()
