"""A pose as scripts give it: constants, one for each prim, or distributions, in the arguments of `rep.modify.pose`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from pxr import UsdGeom

from framepress.errors import OptionError
from framepress.headless.rep.items import ReplicatorItem, Target, targets_of
from framepress.headless.rep.poses import Partial, Pose, world_position
from framepress.headless.rep.rotations import ORDERS, axis_vector
from framepress.headless.rep.values import Vector, is_fixed, numbers, vectors

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing

__all__ = ["PoseValues", "aims"]

AXES = ("x", "y", "z")
ORIENTS = ("rotation", "rotation_x", "rotation_y", "rotation_z", "look_at")
SCALES = ("scale", "size")


@dataclass(frozen=True, slots=True, eq=False)
class PoseValues:
    """See `rep.modify.pose` for the arguments; None = left as it is."""

    position: Any = None
    position_x: Any = None
    position_y: Any = None
    position_z: Any = None
    rotation: Any = None
    rotation_x: Any = None
    rotation_y: Any = None
    rotation_z: Any = None
    rotation_order: str = "XYZ"
    scale: Any = None
    size: Any = None
    pivot: Any = None
    look_at: Any = None
    look_at_up_axis: Any = None
    call: str = "rep.modify.pose"

    def __post_init__(self) -> None:
        if self.rotation_order.upper() not in ORDERS:
            raise OptionError(f"{self.call}: rotation_order {self.rotation_order!r}; one of {', '.join(ORDERS)}")
        given = [name for name in (*ORIENTS, *SCALES) if getattr(self, name) is not None]
        if "scale" in given and "size" in given:
            raise OptionError(f"{self.call}: scale and size exclude each other")
        if "look_at" in given and any(name.startswith("rotation") for name in given):
            raise OptionError(f"{self.call}: look_at and rotation exclude each other")

    @property
    def given(self) -> bool:
        """Whether anything is to be set."""
        return bool(self._values())

    def _values(self) -> list[str]:
        return [
            field.name
            for field in fields(self)
            if field.name not in ("rotation_order", "look_at_up_axis", "call") and getattr(self, field.name) is not None
        ]

    def split(self) -> tuple[PoseValues, PoseValues]:
        """What is the same at every firing, and what varies with it. An aim varies when the position does."""
        varying = {name for name in self._values() if not is_fixed(getattr(self, name))}
        if any(name.startswith("position") for name in varying) and self.look_at is not None:
            varying.add("look_at")
        without_varying: dict[str, Any] = dict.fromkeys(varying)
        without_fixed: dict[str, Any] = {name: None for name in self._values() if name not in varying}
        return replace(self, **without_varying), replace(self, **without_fixed)

    def poses(self, firing: Firing, targets: Sequence[Target]) -> list[Pose]:
        """One pose for each target.

        Raises:
            OptionError: a value does not fit.
        """
        count = len(targets)
        positions = self._partials("position", count, firing)
        degrees = self._partials("rotation", count, firing)
        scales, sizes, pivots = (self._vectors(name, count, firing) for name in ("scale", "size", "pivot"))
        goals = aims(self.look_at, count, firing, self.call)
        ups = self._ups(count, firing)
        order = self.rotation_order.upper()
        return [
            Pose(positions[row], degrees[row], order, scales[row], sizes[row], pivots[row], goals[row], ups[row])
            for row in range(count)
        ]

    def _ups(self, count: int, firing: Firing) -> Sequence[Vector]:
        axis = UsdGeom.GetStageUpAxis(firing.stage) if self.look_at_up_axis is None else self.look_at_up_axis
        if isinstance(axis, str):
            return [tuple(axis_vector(axis, self.call))] * count
        given = vectors(axis, count, firing, f"{self.call} look_at_up_axis")
        return [tuple(axis_vector(each, self.call)) for each in given]

    def _vectors(self, name: str, count: int, firing: Firing) -> Sequence[Vector | None]:
        value = getattr(self, name)
        return [None] * count if value is None else vectors(value, count, firing, f"{self.call} {name}")

    def _partials(self, name: str, count: int, firing: Firing) -> Sequence[Partial | None]:
        whole = self._vectors(name, count, firing)
        columns: dict[int, list[float]] = {}
        for axis, letter in enumerate(AXES):
            value = getattr(self, f"{name}_{letter}")
            if value is not None:
                columns[axis] = numbers(value, count, firing, f"{self.call} {name}_{letter}")
        if not columns:
            return whole
        rows: list[Partial] = []
        for row in range(count):
            start = whole[row] or (None, None, None)
            x, y, z = (columns[axis][row] if axis in columns else start[axis] for axis in range(3))
            rows.append((x, y, z))
        return rows


def aims(value: Any, count: int, firing: Firing, call: str) -> Sequence[Vector | None]:
    """World positions to look at: of prims the middle of their origins."""
    if value is None:
        return [None] * count
    if not is_fixed(value):
        return [_aim(each, firing, call) for each in firing.samples(value, count)]
    if _is_prims(value):
        return [_aim(value, firing, call)] * count
    return vectors(value, count, firing, f"{call} look_at")


def _aim(value: Any, firing: Firing, call: str) -> Vector:
    if not _is_prims(value):
        return vectors(value, 1, firing, f"{call} look_at")[0]
    targets = targets_of(value, firing)
    if not targets:
        raise OptionError(f"{call}: look_at means no prim")
    places = [world_position(firing.stage, firing.host.time, target) for target in targets]
    x, y, z = (sum(place[axis] for place in places) / len(places) for axis in range(3))
    return x, y, z


def _is_prims(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(_is_prims(each) for each in value)
    return isinstance(value, str | ReplicatorItem) or hasattr(value, "GetPath") or hasattr(value, "pathString")
