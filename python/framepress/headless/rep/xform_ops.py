"""A prim's own transformation, whatever `xformOp`s it has, as position, rotation and scale that can be set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pxr import Gf, Sdf, UsdGeom

from framepress.errors import InputError
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.rotations import ORDERS, degrees_of, matrix_of, rigid

__all__ = ["LocalPose"]

RESET = "!resetXformStack!"
MATRIX = "xformOp:transform"
ORDER = "xformOpOrder"
PLACES = ("translate", "pivot", "rotate", "scale", "unpivot")
NAMES = {
    "xformOp:translate": "translate",
    "xformOp:translate:pivot": "pivot",
    "!invert!xformOp:translate:pivot": "unpivot",
    "xformOp:orient": "rotate",
    "xformOp:scale": "scale",
    **{f"xformOp:rotate{order}": "rotate" for order in ORDERS},
}
MADE = {"translate": "xformOp:translate", "rotate": "xformOp:rotateXYZ", "scale": "xformOp:scale"}
SHEAR = 1e-6  # Cosine between axes beyond which no rotation and scale say the same.


@dataclass(frozen=True, slots=True)
class _Layout:
    """What an order of ops is made of.

    Args:
        ops: place -> op name, of those at its head that have a place.
        below: the rest, nearer to the geometry.
        resets: whether it begins anew from the world.
        settable: whether setting the ops at their places sets the pose: the rest only turns and scales.
    """

    ops: dict[str, str]
    below: tuple[str, ...]
    resets: bool
    settable: bool

    @property
    def is_matrix(self) -> bool:
        return not self.ops and self.below == (MATRIX,)


@lru_cache(maxsize=256)
def _layout(order: tuple[str, ...]) -> _Layout:
    names = [name for name in order if name != RESET]
    ops: dict[str, str] = {}
    places = list(PLACES)
    for name in names:
        place = NAMES.get(name)
        if place not in places:
            break
        del places[: places.index(place) + 1]
        ops[place] = name
    below = tuple(names[len(ops) :])
    turns_or_scales = all(name.split(":")[1].startswith(("rotate", "orient", "scale")) for name in below)
    settable = turns_or_scales and ("pivot" in ops) == ("unpivot" in ops)
    return _Layout(ops, below, RESET in order, settable)


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
        if not prim.IsA(UsdGeom.Xformable):
            raise InputError(f"{prim.GetPath()} is a {prim.GetTypeName() or 'prim without type'}: it has no pose")
        self._prim, self._time = prim, time
        layout = _layout(tuple(prim.GetAttribute(ORDER).Get() or ()))
        self.resets, self._matrix = layout.resets, layout.is_matrix
        self._ops, self._below = dict(layout.ops), layout.below
        if self._matrix:
            local = self._local()
            self._scale, self._rotation = rigid(local)
            self._position = local.ExtractTranslation()
        elif not layout.settable or (whole and layout.below):
            self._rebuild()

    # ---- what is there -----------------------------------------------------------------------------------------------

    def _local(self) -> Any:
        return UsdGeom.Xformable(self._prim).GetLocalTransformation(self._time)

    def _vector(self, place: str, neutral: float) -> Any:
        value = self._prim.GetAttribute(self._ops[place]).Get(self._time) if place in self._ops else None
        return Gf.Vec3d(neutral) if value is None else Gf.Vec3d(value)

    @property
    def position(self) -> Any:
        """`Gf.Vec3d` in the parent's space."""
        return self._position if self._matrix else self._vector("translate", 0.0)

    @property
    def scale(self) -> Any:
        return self._scale if self._matrix else self._vector("scale", 1.0)

    @property
    def pivot(self) -> Any:
        return self._vector("pivot", 0.0)

    def degrees(self, order: str) -> tuple[float, float, float]:
        """Present rotation, as angles about x, y and z in this order."""
        if self._matrix:
            return degrees_of(self._rotation, order)
        name = self._ops.get("rotate", "")
        if name == "xformOp:orient":
            quaternion = self._prim.GetAttribute(name).Get(self._time)
            turned = Gf.Quatd(1.0) if quaternion is None else Gf.Quatd(quaternion)
            return degrees_of(Gf.Matrix3d(Gf.Rotation(turned)), order)
        x, y, z = self._vector("rotate", 0.0)
        return (x, y, z) if name.endswith(order) or not name else degrees_of(matrix_of((x, y, z), name[-3:]), order)

    # ---- what is set -------------------------------------------------------------------------------------------------

    def set_position(self, position: Any, edits: Edits) -> None:
        """`Gf.Vec3d` in the parent's space."""
        if self._matrix:
            self._position = position
            self._set_matrix(edits)
        else:
            edits.set(self._need("translate"), position)

    def set_degrees(self, degrees: Any, order: str, edits: Edits) -> None:
        """Angles about x, y and z, turned in this order."""
        if not self._matrix:
            attribute = self._need("rotate")
            if self._ops["rotate"].endswith(order):
                edits.set(attribute, Gf.Vec3d(*degrees))
                return
        self.set_rotation(matrix_of(degrees, order), edits)

    def set_rotation(self, rotation: Any, edits: Edits) -> None:
        """`Gf.Matrix3d`, of row vectors."""
        if self._matrix:
            self._rotation = rotation
            self._set_matrix(edits)
            return
        attribute = self._need("rotate")
        if self._ops["rotate"] == "xformOp:orient":
            edits.set(attribute, attribute.GetTypeName().type.pythonClass(rotation.ExtractRotation().GetQuat()))
        else:
            edits.set(attribute, Gf.Vec3d(*degrees_of(rotation, self._ops["rotate"][-3:])))

    def set_scale(self, scale: Any, edits: Edits) -> None:
        if self._matrix:
            self._scale = scale
            self._set_matrix(edits)
        else:
            edits.set(self._need("scale"), scale)

    def set_pivot(self, pivot: Any, edits: Edits) -> None:
        """`Gf.Vec3d` in the prim's own space: about which it turns and scales, and which its position places."""
        if self._matrix:
            self._rebuild()
        edits.set(self._need("pivot"), pivot)

    def _set_matrix(self, edits: Edits) -> None:
        scaled = Gf.Matrix3d(self._scale) * self._rotation
        edits.set(self._prim.GetAttribute(MATRIX), Gf.Matrix4d(scaled, self._position))

    # ---- ops ---------------------------------------------------------------------------------------------------------

    def _need(self, place: str) -> Any:
        """The attribute of the op at a place of the order; both are made if missing, with neutral value."""
        if place not in self._ops:
            edits = Edits(self._prim.GetStage())
            if place == "pivot":
                self._ops |= {"pivot": "xformOp:translate:pivot", "unpivot": "!invert!xformOp:translate:pivot"}
            else:
                self._ops[place] = MADE[place]
            attribute = self._prim.GetAttribute(self._ops[place])
            if not attribute:
                attribute = self._prim.CreateAttribute(self._ops[place], Sdf.ValueTypeNames.Double3, custom=False)
            edits.set(attribute, Gf.Vec3d(1.0 if place == "scale" else 0.0))
            self._write_order(edits)
        return self._prim.GetAttribute(self._ops[place])

    def _write_order(self, edits: Edits) -> None:
        names = [self._ops[place] for place in PLACES if place in self._ops]
        order = UsdGeom.Xformable(self._prim).CreateXformOpOrderAttr()
        edits.set(order, [*([RESET] if self.resets else []), *names, *self._below])
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
            order = list(self._prim.GetAttribute(ORDER).Get())
            raise InputError(
                f"{self._prim.GetPath()} is sheared by its xformOps {order}, which position, rotation and scale cannot "
                "say; put it below an Xform and pose that"
            )
        self._ops, self._below, self._matrix = {}, (), False
        edits = Edits(self._prim.GetStage())
        edits.set(self._need("translate"), local.ExtractTranslation())
        edits.set(self._need("rotate"), Gf.Vec3d(*degrees_of(rotation, "XYZ")))
        edits.set(self._need("scale"), scale)
        edits.write()
