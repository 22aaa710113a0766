"""A prim's own transformation, whatever `xformOp`s it has, as position, rotation and scale that can be set."""

from __future__ import annotations

from typing import Any

from pxr import Gf, UsdGeom

from framepress.errors import InputError
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.rotations import degrees_of, matrix_of, rigid

__all__ = ["LocalPose"]

OP = UsdGeom.XformOp
DOUBLE = OP.PrecisionDouble
EULER = {
    OP.TypeRotateXYZ: "XYZ",
    OP.TypeRotateXZY: "XZY",
    OP.TypeRotateYXZ: "YXZ",
    OP.TypeRotateYZX: "YZX",
    OP.TypeRotateZXY: "ZXY",
    OP.TypeRotateZYX: "ZYX",
}
TURNS_OR_SCALES = {*EULER, OP.TypeRotateX, OP.TypeRotateY, OP.TypeRotateZ, OP.TypeOrient, OP.TypeScale}
PLACES = ("translate", "pivot", "rotate", "scale", "unpivot")
SHEAR = 1e-6  # Cosine between axes beyond which no rotation and scale say the same.


class LocalPose:
    """Reads a prim's ops and sets those that a pose needs.

    Ops that are there are set: a translation, any rotation about three axes or by quaternion, a scale, with a pivot
    around them or without, in this order; what turns or scales below them is left alone. So is a single matrix. Any
    other order is replaced by translate, rotateXYZ, scale of the same effect.

    Args:
        prim: an Xformable.
        time: at which its present values are read.
        whole: whether what turns below must be taken over too, because the orientation as such is to be set.

    Raises:
        InputError: the prim cannot be posed.
    """

    def __init__(self, prim: Any, time: Any, whole: bool = False) -> None:
        self._xformable = UsdGeom.Xformable(prim)
        if not self._xformable:
            raise InputError(f"{prim.GetPath()} is a {prim.GetTypeName() or 'prim without type'}: it has no pose")
        self._time = time
        self.resets = self._xformable.GetResetXformStack()
        ordered = self._xformable.GetOrderedXformOps()
        self._ops, self._below = _leading(ordered)
        self._matrix: Any = ordered[0] if len(ordered) == 1 and ordered[0].GetOpType() == OP.TypeTransform else None
        odd = ("pivot" in self._ops) != ("unpivot" in self._ops) or any(
            op.GetOpType() not in TURNS_OR_SCALES for op in self._below
        )
        if self._matrix is None and (odd or (whole and self._below)):
            self._rebuild()
        if self._matrix is not None:
            self._scale, self._rotation = rigid(self._local())
            self._position = self._local().ExtractTranslation()

    # ---- what is there -----------------------------------------------------------------------------------------------

    def _local(self) -> Any:
        return self._xformable.GetLocalTransformation(self._time)

    @property
    def position(self) -> Any:
        """`Gf.Vec3d` in the parent's space."""
        if self._matrix is not None:
            return self._position
        op = self._ops.get("translate")
        return Gf.Vec3d(op.Get(self._time) or (0, 0, 0)) if op else Gf.Vec3d(0.0)

    @property
    def scale(self) -> Any:
        if self._matrix is not None:
            return self._scale
        op = self._ops.get("scale")
        return Gf.Vec3d(op.Get(self._time) or (1, 1, 1)) if op else Gf.Vec3d(1.0)

    def degrees(self, order: str) -> tuple[float, float, float]:
        """Present rotation, as angles about x, y and z in this order."""
        if self._matrix is not None:
            return degrees_of(self._rotation, order)
        op = self._ops.get("rotate")
        if op is None:
            return 0.0, 0.0, 0.0
        if EULER.get(op.GetOpType()) == order:
            x, y, z = op.Get(self._time) or (0, 0, 0)
            return float(x), float(y), float(z)
        return degrees_of(op.GetOpTransform(self._time).ExtractRotationMatrix(), order)

    # ---- what is set -------------------------------------------------------------------------------------------------

    def set_position(self, position: Any, edits: Edits) -> None:
        """`Gf.Vec3d` in the parent's space."""
        if self._matrix is not None:
            self._position = position
            self._set_matrix(edits)
        else:
            _set(self._need("translate"), position, edits)

    def set_degrees(self, degrees: Any, order: str, edits: Edits) -> None:
        """Angles about x, y and z, turned in this order."""
        if self._matrix is None and EULER.get(self._need("rotate").GetOpType()) == order:
            _set(self._ops["rotate"], Gf.Vec3d(*degrees), edits)
        else:
            self.set_rotation(matrix_of(degrees, order), edits)

    def set_rotation(self, rotation: Any, edits: Edits) -> None:
        """`Gf.Matrix3d`, of row vectors."""
        if self._matrix is not None:
            self._rotation = rotation
            self._set_matrix(edits)
            return
        op = self._need("rotate")
        order = EULER.get(op.GetOpType())
        if order is not None:
            _set(op, Gf.Vec3d(*degrees_of(rotation, order)), edits)
        else:
            quaternion = rotation.ExtractRotation().GetQuat()
            edits.set(op.GetAttr(), op.GetAttr().GetTypeName().type.pythonClass(quaternion))

    def set_scale(self, scale: Any, edits: Edits) -> None:
        if self._matrix is not None:
            self._scale = scale
            self._set_matrix(edits)
        else:
            _set(self._need("scale"), scale, edits)

    def set_pivot(self, pivot: Any, edits: Edits) -> None:
        """`Gf.Vec3d` in the prim's own space: about which it turns and scales, and which its position places."""
        if self._matrix is not None:
            self._rebuild()
        if "pivot" not in self._ops:
            self._need("pivot")
        _set(self._ops["pivot"], pivot, edits)

    @property
    def pivot(self) -> Any:
        op = self._ops.get("pivot")
        return Gf.Vec3d(op.Get(self._time) or (0, 0, 0)) if op else Gf.Vec3d(0.0)

    # ---- ops ---------------------------------------------------------------------------------------------------------

    def _set_matrix(self, edits: Edits) -> None:
        scaled = Gf.Matrix3d(Gf.Vec3d(*self._scale)) * self._rotation
        edits.set(self._matrix.GetAttr(), Gf.Matrix4d(scaled, self._position))

    def _need(self, place: str) -> Any:
        """The op at a place of the order, made if it is missing."""
        if place not in self._ops:
            if place == "pivot":
                self._ops["pivot"] = self._made("xformOp:translate:pivot", OP.TypeTranslate, "pivot")
                self._ops["unpivot"] = OP(self._ops["pivot"].GetAttr(), isInverseOp=True)
            else:
                kind = {"translate": OP.TypeTranslate, "rotate": OP.TypeRotateXYZ, "scale": OP.TypeScale}[place]
                self._ops[place] = self._made(f"xformOp:{OP.GetOpTypeToken(kind)}", kind)
            self._order()
        return self._ops[place]

    def _made(self, name: str, kind: Any, suffix: str = "") -> Any:
        """The op of that name: an attribute that lies there unused is taken, with neutral value."""
        attribute = self._xformable.GetPrim().GetAttribute(name)
        op = OP(attribute) if attribute else self._xformable.AddXformOp(kind, DOUBLE, suffix)
        neutral = Edits(self._xformable.GetPrim().GetStage())
        _set(op, Gf.Vec3d(1.0 if kind == OP.TypeScale else 0.0), neutral)
        neutral.write()
        return op

    def _order(self) -> None:
        ops = [self._ops[place] for place in PLACES if place in self._ops] + self._below
        names = (["!resetXformStack!"] if self.resets else []) + [op.GetOpName() for op in ops]
        edits = Edits(self._xformable.GetPrim().GetStage())
        attribute = self._xformable.GetXformOpOrderAttr()
        if not attribute.HasAuthoredValue():
            self._xformable.SetXformOpOrder(ops, self.resets)
        edits.set(attribute, names)
        edits.write()

    def _rebuild(self) -> None:
        """Say what is there by translate, rotateXYZ and scale.

        Raises:
            InputError: they cannot say it.
        """
        local = self._local()
        scale, rotation = rigid(local)
        rows = [Gf.Vec3d(rotation.GetRow(row)) for row in range(3)]
        if max(abs(Gf.Dot(rows[a], rows[b])) for a, b in ((0, 1), (0, 2), (1, 2))) > SHEAR:
            order = list(self._xformable.GetXformOpOrderAttr().Get())
            raise InputError(
                f"{self._xformable.GetPath()} is sheared by its xformOps {order}, which position, rotation and scale "
                "cannot say; put it below an Xform and pose that"
            )
        self._ops, self._below, self._matrix = {}, [], None
        for place in ("translate", "rotate", "scale"):
            self._need(place)
        edits = Edits(self._xformable.GetPrim().GetStage())
        _set(self._ops["translate"], local.ExtractTranslation(), edits)
        _set(self._ops["rotate"], Gf.Vec3d(*degrees_of(rotation, "XYZ")), edits)
        _set(self._ops["scale"], scale, edits)
        edits.write()


def _leading(ordered: Any) -> tuple[dict[str, Any], list[Any]]:
    """The ops at the head of the order that have a place, and the rest."""
    found: dict[str, Any] = {}
    places = list(PLACES)
    for at, op in enumerate(ordered):
        place = _place(op)
        if place not in places:
            return found, list(ordered[at:])
        del places[: places.index(place) + 1]
        found[place] = op
    return found, []


def _place(op: Any) -> str | None:
    name = op.GetOpName()
    if name in ("xformOp:translate:pivot", "!invert!xformOp:translate:pivot"):
        return "unpivot" if op.IsInverseOp() else "pivot"
    if op.IsInverseOp():
        return None
    if op.GetOpType() in EULER or op.GetOpType() == OP.TypeOrient:
        return "rotate"
    return {"xformOp:translate": "translate", "xformOp:scale": "scale"}.get(name)


def _set(op: Any, value: Any, edits: Edits) -> None:
    attribute = op.GetAttr()
    edits.set(attribute, attribute.GetTypeName().type.pythonClass(value))
