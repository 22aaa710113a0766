"""UsdGeom cameras with the lens models of Omniverse's schemas.

usd-core does not know `OmniLensDistortion*API`: its attributes are read by name, its fallbacks stand in `_FALLBACKS`.
Isaac Sim 4.5 has the same models in attributes without a schema (`cameraProjectionType`, `fthetaCx`, `openCVFx`, ...).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from pxr import Sdf, Usd, UsdGeom

from framepress.core.arrays import Array
from framepress.errors import InputError, OptionError
from framepress.headless.scene import Lens, LensModel, SceneCamera
from framepress.headless.usd.lenses import limit_fisheye, limit_pinhole, pinhole_lens

__all__ = ["scene_camera"]

_ATTRIBUTES = (
    "focalLength",
    "horizontalAperture",
    "verticalAperture",
    "horizontalApertureOffset",
    "verticalApertureOffset",
    "focusDistance",
    "fStop",
)
_SCHEMAS: dict[str, LensModel] = {
    "OmniLensDistortionOpenCvPinholeAPI": "opencvPinhole",
    "OmniLensDistortionOpenCvFisheyeAPI": "opencvFisheye",
}
_OLD_TYPES: dict[str, LensModel] = {
    "pinhole": "pinhole",
    "pinholeOpenCV": "opencvPinhole",
    "fisheyeOpenCV": "opencvFisheye",
}
_COEFFICIENTS: dict[LensModel, tuple[str, ...]] = {
    "opencvPinhole": ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4"),
    "opencvFisheye": ("k1", "k2", "k3", "k4"),
}
_OLD_COEFFICIENTS: dict[str, str] = {
    **{f"k{i + 1}": f"fthetaPoly{letter}" for i, letter in enumerate("ABCDEF")},
    **{f"p{i + 1}": f"p{i}" for i in range(2)},
    **{f"s{i + 1}": f"s{i}" for i in range(4)},
}
_OLD_INTRINSICS = {"fx": "openCVFx", "fy": "openCVFy", "cx": "fthetaCx", "cy": "fthetaCy"}
_FALLBACKS = {"fx": 900.0, "fy": 800.0, "cx": 1024.0, "cy": 512.0, "width": 2048.0, "height": 1024.0}


def scene_camera(stage: Usd.Stage, path: str, size_wh: tuple[int, int], time: Usd.TimeCode) -> SceneCamera:
    """The camera prim at `path` with the lens for a render product of W x H px.

    A lens model's own pixels (`imageSize`) are scaled to the product's. The pose keeps the direction of view and the
    side that is up; scale, shear and mirroring of the prim and its parents are dropped.

    Raises:
        OptionError: no prim, or no camera at the path; a size below 1; an orthographic camera; a lens that cannot be
            rendered.
        InputError: a value of the prim that makes no image (zero focal length or aperture, NaN pose, ...).
    """
    prim = _camera_prim(stage, path)
    width, height = size_wh
    if width < 1 or height < 1:
        raise OptionError(f"{path}: a render product of {width} x {height} px; both must be at least 1")
    camera = UsdGeom.Camera(prim)
    if camera.GetProjectionAttr().Get(time) == UsdGeom.Tokens.orthographic:
        raise OptionError(f"{path}: projection is 'orthographic', which is not rendered; set it to 'perspective'")
    attributes = {name: _number(prim, name, time) for name in _ATTRIBUTES}
    near, far = _clipping(prim, camera.GetClippingRangeAttr().Get(time))
    for name in ("focalLength", "horizontalAperture"):
        if attributes[name] <= 0:
            raise InputError(f"{path}: {name} is {attributes[name]:g}; it must be above 0")
    lens = pinhole_lens(attributes, (width, height), near, far)
    model, old = _model(prim, time)
    if model != "pinhole":
        lens = _distorted_lens(prim, model, old, lens, time)
    return SceneCamera(path, lens, _view(prim, time), attributes)


def _camera_prim(stage: Usd.Stage, path: str) -> Usd.Prim:
    valid = bool(path) and Sdf.Path.IsValidPathString(path) and Sdf.Path(path).IsAbsolutePath()
    prim = stage.GetPrimAtPath(path) if valid else None
    if not prim:
        there = [str(p.GetPath()) for p in stage.Traverse(Usd.TraverseInstanceProxies()) if p.IsA(UsdGeom.Camera)]
        more = ", ..." if len(there) > 10 else ""
        have = f"its cameras are {', '.join(there[:10])}{more}" if there else "it has no camera"
        raise OptionError(f"no camera {path!r} in {stage.GetRootLayer().identifier}: {have}")
    if not prim.IsA(UsdGeom.Camera):
        raise OptionError(f"{path} is a {prim.GetTypeName() or 'prim without type'}, not a Camera")
    return prim


def _model(prim: Usd.Prim, time: Usd.TimeCode) -> tuple[LensModel, bool]:
    """The lens model, and whether it is told by the older attributes.

    Raises:
        OptionError: a model that is not rendered.
    """
    path = prim.GetPath()
    token = _value(prim, "omni:lensdistortion:model", time)
    if token:
        if token in _COEFFICIENTS or token == "pinhole":
            return token, False
        raise OptionError(f"{path}: lens model {token!r} is not rendered; use {', '.join(_COEFFICIENTS)} or none")
    applied = [name for name in prim.GetPrimTypeInfo().GetAppliedAPISchemas() if name.startswith("OmniLensDistortion")]
    for name in applied:
        if name not in _SCHEMAS:
            raise OptionError(f"{path}: the lens of {name} is not rendered; use {' or '.join(_SCHEMAS)}")
    if applied:
        return _SCHEMAS[applied[0]], False
    kind = _value(prim, "cameraProjectionType", time) or "pinhole"
    if kind not in _OLD_TYPES:
        raise OptionError(f"{path}: cameraProjectionType {kind!r} is not rendered; use one of {', '.join(_OLD_TYPES)}")
    return _OLD_TYPES[kind], True


def _distorted_lens(prim: Usd.Prim, model: LensModel, old: bool, ideal: Lens, time: Usd.TimeCode) -> Lens:
    path = prim.GetPath()
    read = _old_values(prim, model, time) if old else _schema_values(prim, model, time)
    for name in ("fx", "fy", "width", "height"):
        if read[name] <= 0:
            raise InputError(f"{path}: the {model} lens has {name} = {read[name]:g}; it must be above 0")
    across, down = ideal.width / read["width"], ideal.height / read["height"]
    coefficients = tuple(read[name] for name in _COEFFICIENTS[model])
    limit = limit_pinhole(coefficients) if model == "opencvPinhole" else limit_fisheye(coefficients)
    return replace(
        ideal,
        model=model,
        fx=read["fx"] * across,
        fy=read["fy"] * down,
        cx=read["cx"] * across,
        cy=read["cy"] * down,
        coefficients=coefficients,
        max_theta=min(limit, read["limit"]),
    )


def _schema_values(prim: Usd.Prim, model: LensModel, time: Usd.TimeCode) -> dict[str, float]:
    prefix = f"omni:lensdistortion:{model}:"
    read = {name: _number(prim, prefix + name, time, _FALLBACKS[name]) for name in ("fx", "fy", "cx", "cy")}
    size = _value(prim, prefix + "imageSize", time)
    read["width"], read["height"] = (_FALLBACKS["width"], _FALLBACKS["height"]) if size is None else map(float, size)
    read.update({name: _number(prim, prefix + name, time, 0.0) for name in _COEFFICIENTS[model]})
    read["limit"] = math.inf
    return read


def _old_values(prim: Usd.Prim, model: LensModel, time: Usd.TimeCode) -> dict[str, float]:
    read = {name: _number(prim, attribute, time) for name, attribute in _OLD_INTRINSICS.items()}
    read["width"], read["height"] = (_number(prim, f"ftheta{side}", time) for side in ("Width", "Height"))
    read.update({name: _number(prim, _OLD_COEFFICIENTS[name], time, 0.0) for name in _COEFFICIENTS[model]})
    read["limit"] = math.radians(_number(prim, "fthetaMaxFov", time, math.inf)) / 2
    return read


def _view(prim: Usd.Prim, time: Usd.TimeCode) -> Array:
    """World to camera, float64 (4, 4), row vectors, rigid.

    Raises:
        InputError: a pose that is not finite, or flat along the axis of view.
    """
    world = np.array(UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(time), np.float64)
    if not np.isfinite(world).all():
        raise InputError(f"{prim.GetPath()}: its pose holds a number that is not finite: {world.tolist()}")
    back = _unit(world[2, :3])
    up = _unit(world[1, :3] - (world[1, :3] @ back) * back)
    if not (back.any() and up.any()):
        raise InputError(f"{prim.GetPath()}: its pose has no direction of view (a scale of 0): {world.tolist()}")
    view = np.eye(4)
    view[:3, :3] = np.stack((np.cross(up, back), up, back), axis=1)
    view[3, :3] = -world[3, :3] @ view[:3, :3]
    return view


def _unit(vector: Array) -> Array:
    """0 where its length is below what float64 can tell from 0."""
    length = np.linalg.norm(vector)
    return np.asarray(vector / length) if length > 1e-150 else np.zeros(3)


def _clipping(prim: Usd.Prim, value: Any) -> tuple[float, float]:
    near, far = float(value[0]), float(value[1])
    if not 0 < near < far:
        raise InputError(f"{prim.GetPath()}: clippingRange is ({near:g}, {far:g}); expected 0 < near < far")
    return near, far


def _value(prim: Usd.Prim, name: str, time: Usd.TimeCode) -> Any:
    attribute = prim.GetAttribute(name)
    return attribute.Get(time) if attribute else None


def _number(prim: Usd.Prim, name: str, time: Usd.TimeCode, fallback: float | None = None) -> float:
    """Raises: InputError: neither a value nor a fallback, or one that is not finite."""
    value = _value(prim, name, time)
    if value is None:
        if fallback is None:
            raise InputError(f"{prim.GetPath()}: {name} has no value, and the lens cannot be known without it")
        return fallback
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(f"{prim.GetPath()}: {name} is {value!r}; expected a finite number")
    return float(value)
