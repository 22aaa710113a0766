"""UsdGeom cameras."""

from __future__ import annotations

from typing import Any

from framepress.headless.scene import SceneCamera

__all__ = ["scene_camera"]


def scene_camera(stage: Any, path: str, size_wh: tuple[int, int], time: Any) -> SceneCamera:
    """The camera prim at `path`, for a render product of W x H px."""
    raise NotImplementedError
