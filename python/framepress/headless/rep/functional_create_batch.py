"""`rep.functional.create_batch` (6.0): `count` prims at once, as a list; see `functional_create`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pxr import UsdGeom

from framepress.headless.rep.functional_create import author, cameras, shape_definition
from framepress.headless.rep.shapes import SHAPES

__all__ = ["camera", "cone", "cube", "cylinder", "disk", "plane", "sphere", "torus", "xform"]


def _shape(kind: str) -> Callable[..., list[Any]]:
    def create(count: int = 1, as_mesh: bool = True, **placing: Any) -> list[Any]:
        return author(kind, shape_definition(kind, as_mesh), count, {}, **placing)

    create.__name__ = create.__qualname__ = kind
    create.__doc__ = f"`count` {kind}s."
    return create


cube, sphere, cylinder, cone, torus, plane, disk = (_shape(kind) for kind in SHAPES)


def camera(count: int = 1, **arguments: Any) -> list[Any]:
    """`count` cameras."""
    return cameras(count, arguments)


def xform(count: int = 1, **placing: Any) -> list[Any]:
    """`count` Xforms."""
    return author("xform", UsdGeom.Xform.Define, count, {}, **placing)
