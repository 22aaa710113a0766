"""What the open stage tells of a tile's camera, in the form of Replicator's `camera_params`.

The `camera_params` of a mosaic are of one camera and of the mosaic's size. They serve as a witness: a renderer may take
poses from elsewhere than from USD (Fabric), and then none of the stage's cameras stands where that one does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.capture.layout import Product
from framepress.capture.tiles import Tiling
from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = ["OpenStage", "params_of"]

Params = dict[str, Any]

_TURN, _WAY = 1e-4, 1e-4  # of a rotation's entries, and of a position relative to its size


@dataclass(frozen=True)
class OpenStage:
    """A `Usd.Stage`, and the `Usd.TimeCode` at which it is rendered."""

    stage: Any
    time: Any


def params_of(
    tiling: Tiling, opened: OpenStage | None, product: Product, accounts: Accounts, where: str
) -> list[Params | None]:
    """Of each tile's camera; None where the stage does not tell, or not what was rendered (counted)."""
    if opened is None:
        return [None] * len(tiling.cameras)
    found = [_params(opened, path, tiling.size_wh, accounts) for path in tiling.cameras]
    of_mosaic = product.annotations.get("camera_params")
    witness = None if of_mosaic is None else of_mosaic.side.get("cameraViewTransform")
    if witness is None or any(_alike(params["cameraViewTransform"], witness) for params in found if params is not None):
        return list(found)
    accounts.add("tiled products whose cameras are elsewhere than on the stage: no K, no pose", example=where)
    return [None] * len(found)


def _params(opened: OpenStage, path: str, size_wh: tuple[int, int], accounts: Accounts) -> Params | None:
    from pxr import UsdGeom

    prim = opened.stage.GetPrimAtPath(path)
    if not prim or not prim.IsA(UsdGeom.Camera):
        return None
    camera, time = UsdGeom.Camera(prim), opened.time
    width, height = size_wh
    apertures = camera.GetHorizontalApertureAttr(), camera.GetVerticalApertureAttr()
    offsets = camera.GetHorizontalApertureOffsetAttr(), camera.GetVerticalApertureOffsetAttr()
    across, down = (float(attribute.Get(time)) for attribute in apertures)
    offset = [float(attribute.Get(time)) for attribute in offsets]
    if abs(down * width - across * height) > 1e-3 * across * height:
        accounts.add("tiles: pixels taken as square, the vertical aperture is of another shape", example=path)
    if any(offset):
        accounts.add("tiles: principal point by the aperture's offset, unverified", example=path)
    matrix = np.array(UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(time), np.float64)
    if not np.isfinite(matrix).all() or np.linalg.det(matrix) == 0:
        raise InputError(f"{path}: its pose is no camera's: {matrix.tolist()}")
    return {
        "cameraAperture": [across, down],
        "cameraApertureOffset": offset,
        "cameraFocalLength": float(camera.GetFocalLengthAttr().Get(time)),
        "cameraModel": _model(camera, time),
        "cameraNearFar": [float(distance) for distance in camera.GetClippingRangeAttr().Get(time)],
        "cameraViewTransform": np.linalg.inv(matrix).ravel(),
        "metersPerSceneUnit": UsdGeom.GetStageMetersPerUnit(opened.stage),
        "renderProductResolution": list(size_wh),
    }


def _model(camera: Any, time: Any) -> str:
    """`pinhole`, or a name by which `capture.cameras` knows that it is none."""
    from pxr import UsdGeom

    prim = camera.GetPrim()
    if camera.GetProjectionAttr().Get(time) == UsdGeom.Tokens.orthographic:
        return "orthographic"
    for name in ("omni:lensdistortion:model", "cameraProjectionType"):
        attribute = prim.GetAttribute(name)
        if attribute and attribute.Get(time):
            return str(attribute.Get(time))
    applied = prim.GetPrimTypeInfo().GetAppliedAPISchemas()
    return next((str(name) for name in applied if name.startswith("OmniLensDistortion")), "pinhole")


def _alike(one: Any, other: Any) -> bool:
    """Whether two world-to-camera matrices, of row vectors, are of one pose; their scale does not count."""
    if np.size(one) != 16 or np.size(other) != 16:
        return False
    (turn, place), (other_turn, other_place) = _pose(one), _pose(other)
    moved = np.abs(place - other_place).max()
    return bool(np.abs(turn - other_turn).max() <= _TURN and moved <= _WAY * max(1.0, np.abs(other_place).max()))


def _pose(view: Any) -> tuple[Array, Array]:
    """The camera's axes, unit rows, and its position in scene units; not finite where the matrix is no view's."""
    try:
        inverse = np.linalg.inv(np.asarray(view, np.float64).reshape(4, 4))
    except np.linalg.LinAlgError:
        return np.full((3, 3), np.nan), np.full(3, np.nan)
    return inverse[:3, :3] / np.linalg.norm(inverse[:3, :3], axis=1, keepdims=True), inverse[3, :3]
