"""Pictures as light: what a byte means, and pictures of one sheet that lights itself."""

from __future__ import annotations

import numpy as np
from made_scenes import Part, camera_at, moved, pinhole, scene_of, sheet

from framepress.core.arrays import Array
from framepress.headless.buffers import Passes
from framepress.headless.render.renderer import Renderer
from framepress.headless.scene import Light, Material, Scene, SceneCamera, Texture, TextureUse

__all__ = ["coded", "distant", "dome", "flat", "linear", "picture", "poster", "shown", "sun_below", "turned"]


def linear(code: Array) -> Array:
    """Of sRGB bytes, by IEC 61966-2-1."""
    value = np.asarray(code, float) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def coded(value: Array) -> Array:
    """The sRGB code of linear values in [0, 1], not rounded."""
    value = np.asarray(value, float)
    return 255 * np.where(value <= 0.0031308, value * 12.92, 1.055 * np.maximum(value, 1e-9) ** (1 / 2.4) - 0.055)


def shown(light: Array) -> Array:
    """The code, not rounded, of linear RGB (..., 3): as it is up to 0.8; above, the strongest channel m becomes
    1 - 0.04 / (m - 0.6), the others keep their ratio to it, and all fade to grey by 1 - 1 / (1 + 0.15 (m - peak))."""
    light = np.asarray(light, float)
    m = light.max(axis=-1, keepdims=True)
    peak = np.where(m > 0.8, 1 - 0.04 / np.maximum(m - 0.6, 0.2), m)
    fade = 1 - 1 / (1 + 0.15 * (m - peak))
    return coded(light * peak / np.maximum(m, 1e-9) * (1 - fade) + peak * fade)


def distant(towards: Array, color: tuple[float, float, float] = (1, 1, 1), shadow: bool = False) -> Light:
    """Args: towards: where the light comes from."""
    z = np.asarray(towards, float) / np.linalg.norm(towards)
    x = np.cross([0.3, 0.5, 0.81], z)
    x /= np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, :3] = x, np.cross(z, x), z
    return Light("/Sun", "distant", color, matrix, (0.53, 0), shadow=shadow)


def dome(color: tuple[float, float, float] = (1, 1, 1), texture: int = -1, matrix: Array | None = None) -> Light:
    return Light("/Dome", "dome", color, np.eye(4) if matrix is None else matrix, texture=texture)


def sun_below() -> Light:
    """Lights nothing that faces up: what glows by itself is seen alone, and the stage is not without light."""
    return distant(np.array([0, 0, -1]), (1e-4, 1e-4, 1e-4))


def picture(
    scene: Scene, camera: SceneCamera, samples: int = 1, threads: int | None = None, renderer: Renderer | None = None
) -> Array:
    """uint8 (H, W, 3)."""
    renderer = renderer or Renderer(threads=threads)
    renderer.begin_frame(scene)
    rgba = renderer.render(camera, Passes(rgb=True, samples=samples)).rgba
    assert rgba is not None
    assert rgba.dtype == np.uint8
    assert (rgba[..., 3] == 255).all()
    return rgba[..., :3]


def flat(**values: object) -> Material:
    """A material with nothing of its own but what is given: black, and as rough as can be."""
    given = {"diffuse": (0.0, 0.0, 0.0), "roughness": 1.0, **values}
    return Material("/Looks/Flat", **given)  # type: ignore[arg-type]


def poster(
    texture: Texture, use: TextureUse | None = None, size_wh: tuple[int, int] = (64, 32), height: float = 1.0
) -> Array:
    """A glowing sheet 2 wide and 1 high that fills the image, its uv from (0, 0) at the lower left to (1, 1).

    Args: height: of the camera; at 1 the sheet fills the image.
    """
    materials = (flat(emissive_texture=use or TextureUse(0)),)
    scene = scene_of([Part(sheet(2, 1))], materials=materials, textures=(texture,), lights=(sun_below(),))
    camera = camera_at((0, 0, height), (0, 0, 0), pinhole(size_wh, size_wh[1]), up=(0, 1, 0))
    return picture(scene, camera)


def turned(degrees: float) -> Array:
    """About z."""
    return moved(turn=(0, 0, degrees))
