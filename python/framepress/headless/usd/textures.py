"""Texture files, decoded once each."""

from __future__ import annotations

from framepress.headless.scene import Texture

__all__ = ["TextureFiles"]


class TextureFiles:
    """The textures that a stage's materials and lights use, one row a file and colour space."""

    def __init__(self) -> None:
        self.findings: list[str] = []

    @property
    def textures(self) -> tuple[Texture, ...]:
        return ()
