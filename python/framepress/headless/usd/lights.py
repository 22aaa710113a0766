"""UsdLux lights."""

from __future__ import annotations

from typing import Any

from framepress.headless.scene import Light
from framepress.headless.usd.textures import TextureFiles

__all__ = ["lights_of"]


def lights_of(stage: Any, time: Any, textures: TextureFiles) -> tuple[Light, ...]:
    """The stage's visible lights, in stage order."""
    raise NotImplementedError
