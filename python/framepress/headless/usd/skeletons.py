"""UsdSkel: skeletons, and meshes in their pose."""

from __future__ import annotations

from typing import Any

from framepress.core.arrays import Array
from framepress.headless.scene import Skeleton

__all__ = ["SkinReader"]


class SkinReader:
    def __init__(self, stage: Any) -> None:
        self.findings: tuple[str, ...] = ()

    def posed(self, mesh_prim: Any, time: Any) -> tuple[Array, Array | None] | None:
        """The mesh's points float32 (P, 3) and, where normals are per vertex or face-varying, normals float32
        (same rows as authored), in the mesh prim's own local space; None = not skinned. The same objects while the
        pose did not change."""
        raise NotImplementedError

    def skeletons(self, time: Any) -> tuple[Skeleton, ...]:
        """Every bound skeleton; `entity` is -1, for the caller to fill in by `dataclasses.replace`."""
        raise NotImplementedError
