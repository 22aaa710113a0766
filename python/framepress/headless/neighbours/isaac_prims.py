"""`isaacsim.core.utils.prims`, `.rotations`, `.bounds` and `.viewports`: what dataset scripts place things with.

Quaternions are (w, x, y, z), as everywhere in Isaac Sim's Python.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pxr import Gf, Usd, UsdGeom

from framepress.core.arrays import Array
from framepress.headless.neighbours import labelling
from framepress.headless.neighbours.labelling import SemanticsAPI
from framepress.headless.neighbours.session import Session

__all__ = ["euler_to_quaternion", "look_at", "modules", "quaternion_to_euler"]

Vector = Sequence[float] | Array


def euler_to_quaternion(euler_angles: Vector, degrees: bool = False, extrinsic: bool = True) -> Array:
    """Float64 (4,), w x y z, of turns about x, then y, then z: axes that stay, or (intrinsic) that turn along."""
    angles = np.radians(euler_angles) if degrees else np.asarray(euler_angles, np.float64)
    x, y, z = (
        Gf.Quatd(np.cos(a / 2), Gf.Vec3d(*(np.sin(a / 2) * np.eye(3)[k]).tolist())) for k, a in enumerate(angles)
    )
    turned = z * y * x if extrinsic else x * y * z
    return np.array([turned.GetReal(), *turned.GetImaginary()])


def quaternion_to_euler(quaternion: Vector, degrees: bool = False) -> Array:
    """The inverse of `euler_to_quaternion`, about fixed axes; float64 (3,)."""
    w, x, y, z = np.asarray(quaternion, np.float64) / np.linalg.norm(quaternion)
    sine = np.clip(2 * (w * y - z * x), -1.0, 1.0)
    angles = np.array(
        [
            np.arctan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)),
            np.arcsin(sine),
            np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)),
        ]
    )
    return np.degrees(angles) if degrees else angles


def _rotation_matrix(quaternion: Vector) -> Array:
    """Float64 (3, 3), for column vectors."""
    w, *rest = (float(part) for part in quaternion)
    matrix = Gf.Matrix3d(Gf.Quatd(w, Gf.Vec3d(*rest)).GetNormalized())
    return np.array(matrix.GetTranspose())  # Gf turns rows


def look_at(eye: Vector, target: Vector, up: str) -> Gf.Matrix4d:
    """Camera to world, row vectors: at `eye`, looking at `target`, upright in a stage whose up axis is "Y" or "Z"."""
    axis = Gf.Vec3d(0, 0, 1) if up == "Z" else Gf.Vec3d(0, 1, 0)
    start, end = Gf.Vec3d(*(float(part) for part in eye)), Gf.Vec3d(*(float(part) for part in target))
    if Gf.Cross(end - start, axis).GetLength() < 1e-9:  # straight up or down
        axis = Gf.Vec3d(0, 1, 0) if up == "Z" else Gf.Vec3d(0, 0, -1)
    return Gf.Matrix4d().SetLookAt(start, end, axis).GetInverse()


def _place(prim: Usd.Prim, translation: Vector | None, orientation: Vector | None, scale: Vector | None) -> None:
    """Give a prim the operations translate, orient and scale, and set those that are wanted."""
    common = UsdGeom.Xformable(prim)
    operations = {op.GetOpName(): op for op in common.GetOrderedXformOps()}
    order = [
        operations.get(name) or add(UsdGeom.XformOp.PrecisionDouble)
        for name, add in (
            ("xformOp:translate", common.AddTranslateOp),
            ("xformOp:orient", common.AddOrientOp),
            ("xformOp:scale", common.AddScaleOp),
        )
    ]
    common.SetXformOpOrder(order)
    move, turn, size = order
    if translation is not None:
        _set_vector(move, translation)
    if orientation is not None:
        w, *rest = (float(part) for part in orientation)
        kind = Gf.Quatd if turn.GetPrecision() == UsdGeom.XformOp.PrecisionDouble else Gf.Quatf
        turn.Set(kind(w, *rest))
    if scale is not None:
        _set_vector(size, scale)


def _set_vector(operation: UsdGeom.XformOp, value: Vector) -> None:
    kind = Gf.Vec3d if operation.GetPrecision() == UsdGeom.XformOp.PrecisionDouble else Gf.Vec3f
    operation.Set(kind(*(float(part) for part in value)))


class _Prims:
    """The functions of `prims`, on the open stage."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def at(self, prim_path: str, fabric: bool = False) -> Usd.Prim:
        return self._session.stage().GetPrimAtPath(str(prim_path))

    def is_path_valid(self, prim_path: str, fabric: bool = False) -> bool:
        return bool(self.at(prim_path))

    def define(self, prim_path: str, prim_type: str = "Xform", fabric: bool = False) -> Usd.Prim:
        return self._session.stage().DefinePrim(prim_path, prim_type)

    def delete(self, prim_path: str) -> None:
        self._session.stage().RemovePrim(prim_path)

    def create(
        self,
        prim_path: str,
        prim_type: str = "Xform",
        position: Vector | None = None,
        translation: Vector | None = None,
        orientation: Vector | None = None,
        scale: Vector | None = None,
        usd_path: str | None = None,
        semantic_label: str | None = None,
        semantic_type: str = "class",
        attributes: Mapping[str, Any] | None = None,
    ) -> Usd.Prim:
        """A prim with a pose and a label. `position` is in the world, `translation` in the parent's space."""
        prim = self.define(prim_path, prim_type)
        for name, value in (attributes or {}).items():
            prim.GetAttribute(name).Set(value)
        if usd_path is not None:
            prim.GetReferences().AddReference(usd_path)
        if semantic_label is not None:
            self._label(prim, semantic_label, semantic_type)
        if position is not None:
            world = UsdGeom.Xformable(prim.GetParent()).ComputeLocalToWorldTransform(Usd.TimeCode.Default())
            translation = tuple(world.GetInverse().Transform(Gf.Vec3d(*(float(part) for part in position))))
        if prim.IsA(UsdGeom.Xformable):
            _place(prim, translation, orientation, scale)
        return prim

    def _label(self, prim: Usd.Prim, label: str, kind: str) -> None:
        if self._session.at_least("5.0"):
            labelling.add_labels(prim, label, kind, overwrite=False)
            return
        schema = SemanticsAPI.Apply(prim, "Semantics")
        schema.CreateSemanticTypeAttr(kind)
        schema.CreateSemanticDataAttr(label)

    def set_property(self, prim_path: str, property_name: str, property_value: Any) -> None:
        self.at(prim_path).GetAttribute(property_name).Set(property_value)

    def property(self, prim_path: str, property_name: str) -> Any:
        return self.at(prim_path).GetAttribute(property_name).Get()

    def set_camera_view(
        self, eye: Vector, target: Vector, camera_prim_path: str = "/OmniverseKit_Persp", viewport_api: Any = None
    ) -> None:
        """Place a camera at `eye`, looking at `target`."""
        stage = self._session.stage()
        prim = UsdGeom.Camera.Define(stage, camera_prim_path).GetPrim()
        parent = UsdGeom.Xformable(prim.GetParent())
        world = parent.ComputeLocalToWorldTransform(Usd.TimeCode.Default()) if parent else Gf.Matrix4d(1)
        matrix = look_at(eye, target, str(UsdGeom.GetStageUpAxis(stage))) * world.GetInverse()
        turn = matrix.ExtractRotationQuat()
        _place(prim, matrix.ExtractTranslation(), (turn.GetReal(), *turn.GetImaginary()), None)


def modules(session: Session) -> dict[str, dict[str, Any]]:
    """Module name -> its names."""
    prims = _Prims(session)

    def set_visibility(prim: Usd.Prim, visible: bool) -> None:
        shown = UsdGeom.Imageable(prim)
        (shown.MakeVisible if visible else shown.MakeInvisible)()

    return {
        "isaacsim.core.utils.prims": {
            "create_prim": prims.create,
            "define_prim": prims.define,
            "delete_prim": prims.delete,
            "get_prim_at_path": prims.at,
            "get_prim_children": lambda prim: prim.GetChildren(),
            "get_prim_parent": lambda prim: prim.GetParent(),
            "get_prim_path": lambda prim: str(prim.GetPath()),
            "get_prim_property": prims.property,
            "get_prim_type_name": lambda prim_path, fabric=False: str(prims.at(prim_path).GetTypeName()),
            "is_prim_path_valid": prims.is_path_valid,
            "set_prim_property": prims.set_property,
            "set_prim_visibility": set_visibility,
        },
        "isaacsim.core.utils.rotations": {
            "euler_angles_to_quat": euler_to_quaternion,
            "quat_to_euler_angles": quaternion_to_euler,
            "quat_to_rot_matrix": _rotation_matrix,
        },
        "isaacsim.core.utils.viewports": {"set_camera_view": prims.set_camera_view},
    }
