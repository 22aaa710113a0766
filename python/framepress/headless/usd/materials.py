"""UsdPreviewSurface materials as rows of `Scene.materials`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from framepress.headless.scene import Material, Texture
from framepress.headless.usd.textures import TextureFiles

__all__ = ["MaterialReader"]


class MaterialReader:
    """`textures`: shared with the lights (`lights_of(..., reader.files)`)."""

    def __init__(self, stage: Any, files: TextureFiles | None = None) -> None:
        self.files = files or TextureFiles()

    def of(self, prim: Any, time: Any) -> int:
        """Row of `materials` for a gprim or a GeomSubset prim (also instance proxies)."""
        raise NotImplementedError

    def uv_name(self, row: int) -> str:
        """Name of the primvar, without `primvars:`, that the row's textures are looked up by; "st" if it has none."""
        raise NotImplementedError

    def refresh(self, paths: Iterable[Any], time: Any) -> bool:
        """Re-reads materials at or above, or whose shading lies at or below, any of the changed `paths` (Sdf.Path of
        prims or properties); True where a Material was replaced. Bindings: call `of` again for prims that changed."""
        raise NotImplementedError

    @property
    def materials(self) -> tuple[Material, ...]:
        return ()

    @property
    def textures(self) -> tuple[Texture, ...]:
        return ()

    @property
    def findings(self) -> tuple[str, ...]:
        return ()
