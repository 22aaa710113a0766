"""Stages made in code, and what comes of them the way that scripts take: render products, annotators, a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("warp", reason="rendering needs warp-lang")
pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Gf, Sdf, Usd, UsdGeom, UsdSemantics

from framepress.core.arrays import Array
from framepress.headless import host as hosts
from framepress.headless import rep

__all__ = ["box_of", "camera", "cube", "labelled", "opened", "placed", "product", "seen", "sphere", "with_lens"]

Numbers = Sequence[float]


def opened(stage: Usd.Stage | None = None, **options: Any) -> hosts.Host:
    """A new session with this stage, or an empty one (z up, metres)."""
    host = hosts.reset(**options)
    if stage is not None:
        host.use_stage(stage)
    return host


def labelled(prim: Any, *labels: str, taxonomy: str = "class") -> None:
    UsdSemantics.LabelsAPI.Apply(getattr(prim, "GetPrim", lambda: prim)(), taxonomy).CreateLabelsAttr(list(labels))


def placed(prim: Any, at: Numbers = (0, 0, 0), turn: Numbers = (0, 0, 0), scale: float | Numbers = 1.0) -> Any:
    """First the scale, then turns about x, y and z [degrees], then the way to `at`."""
    api = UsdGeom.XformCommonAPI(prim)
    api.SetTranslate(Gf.Vec3d(*map(float, at)))
    api.SetRotate(Gf.Vec3f(*map(float, turn)))
    api.SetScale(Gf.Vec3f(*np.broadcast_to(scale, 3).astype(float).tolist()))
    return prim


def cube(stage: Usd.Stage, path: str, *labels: str, at: Numbers = (0, 0, 0), **pose: Any) -> UsdGeom.Cube:
    """Of edges 1."""
    prim = UsdGeom.Cube.Define(stage, path)
    prim.CreateSizeAttr(1.0)
    if labels:
        labelled(prim, *labels)
    return placed(prim, at, **pose)


def sphere(stage: Usd.Stage, path: str, *labels: str, at: Numbers = (0, 0, 0), **pose: Any) -> UsdGeom.Sphere:
    """Of radius 1."""
    prim = UsdGeom.Sphere.Define(stage, path)
    prim.CreateRadiusAttr(1.0)
    if labels:
        labelled(prim, *labels)
    return placed(prim, at, **pose)


def camera(
    stage: Usd.Stage,
    path: str,
    eye: Numbers,
    target: Numbers = (0, 0, 0),
    *,
    focal: float = 18.14756,
    aperture: float = 20.955,
    offset: tuple[float, float] = (0.0, 0.0),
    near: float = 0.01,
    up: Numbers = (0, 0, 1),
) -> UsdGeom.Camera:
    """By default with the lens of Isaac Sim's own perspective camera."""
    prim = UsdGeom.Camera.Define(stage, path)
    prim.CreateFocalLengthAttr(focal)
    prim.CreateHorizontalApertureAttr(aperture)
    prim.CreateHorizontalApertureOffsetAttr(offset[0])
    prim.CreateVerticalApertureOffsetAttr(offset[1])
    prim.CreateClippingRangeAttr(Gf.Vec2f(near, 1e6))
    look = Gf.Matrix4d().SetLookAt(*(Gf.Vec3d(*map(float, vector)) for vector in (eye, target, up)))
    prim.AddTransformOp().Set(look.GetInverse())
    return prim


def with_lens(prim: UsdGeom.Camera, model: str, size_wh: tuple[int, int], **values: float) -> UsdGeom.Camera:
    """Args: model: "opencvPinhole" or "opencvFisheye". values: fx, fy, cx, cy, k1, ... for an image of `size_wh`."""
    schema = "OmniLensDistortionOpenCv" + model.removeprefix("opencv") + "API"
    prim.GetPrim().AddAppliedSchema(schema)
    prefix = f"omni:lensdistortion:{model}:"
    for name, value in values.items():
        prim.GetPrim().CreateAttribute(prefix + name, Sdf.ValueTypeNames.Float).Set(value)
    prim.GetPrim().CreateAttribute(prefix + "imageSize", Sdf.ValueTypeNames.Int2).Set(Gf.Vec2i(*size_wh))
    return prim


def product(path: Any, size_wh: tuple[int, int], name: str | None = None) -> Any:
    """A render product of the camera at `path`, which may be the camera itself."""
    path = str(path.GetPath()) if isinstance(path, UsdGeom.Camera) else path
    return rep.create.render_product(path, size_wh, name=name, force_new=True)


def seen(render_product: Any, *names: str, params: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """One step, and what each annotator makes of it; all flat: `{"data": array, ...}`.

    Args: params: annotator -> its `init_params`.
    """
    annotators = {
        name: rep.AnnotatorRegistry.get_annotator(name, init_params=(params or {}).get(name)) for name in names
    }
    for annotator in annotators.values():
        annotator.attach(render_product)
    rep.orchestrator.step()
    values = {name: _flat(annotator.get_data()) for name, annotator in annotators.items()}
    for annotator in annotators.values():
        annotator.detach()
    return values


def _flat(value: Any) -> dict[str, Any]:
    if isinstance(value, np.ndarray):
        return {"data": value}
    return {"data": value["data"], **value["info"]} if "info" in value else value


def box_of(mask: Array) -> list[int]:
    """Inclusive x_min, y_min, x_max, y_max of the pixels of a mask that has some."""
    rows, columns = np.nonzero(mask)
    return [int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())]
