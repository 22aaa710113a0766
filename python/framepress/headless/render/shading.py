"""Pictures: the surfaces of a visibility buffer under the scene's lights, as 8-bit sRGB."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.headless.render import modules
from framepress.headless.render.antialias import Antialias
from framepress.headless.render.bands import Bands
from framepress.headless.render.device_arrays import Result, upload
from framepress.headless.render.environment import FilteredDomes, dome_turn, mean_radiance, polynomial
from framepress.headless.render.kernels import light as kernels
from framepress.headless.render.kernels.texture import MODULE
from framepress.headless.render.lights import (
    INDIRECT,
    Lamp,
    default_lights,
    exposure,
    illuminance,
    lamp_table,
    lamps_of,
)
from framepress.headless.render.poses import Poses
from framepress.headless.render.shadows import MAPS, SIDE, ShadowMaps
from framepress.headless.render.shots import Shot
from framepress.headless.render.textures import Textures, table
from framepress.headless.render.views import View
from framepress.headless.scene import Light, Scene

__all__ = ["Shader"]

SRGB_CODES = 4096


@dataclass(frozen=True, slots=True, eq=False)
class _Lit:
    """A frame's light, for any camera. Args: light: `kernels.light.Lighting`, but for what depends on the camera."""

    lamps: list[Lamp]
    exposed: float
    light: Any
    normals: Any


class Shader:
    """Shades frame by frame; what costs (filtered domes, shadow maps) is kept while its inputs are the same objects.

    Args:
        textures: which hold those of the scene at `begin_frame`.
    """

    def __init__(self, device: str, bands: Bands, textures: Textures) -> None:
        self._device = device
        self._bands = bands
        self._textures = textures
        modules.load(device, MODULE)
        self._domes = FilteredDomes(device)
        self._shadows = ShadowMaps(device, bands)
        self._antialias = Antialias(device, bands)
        self._srgb = wp.array(_srgb_codes(), dtype=wp.uint8, device=device)
        self._facets = wp.zeros((1, 1), dtype=wp.uint32, device=device)
        self._frame: tuple[Scene, Any, Poses] | None = None
        self._lit: _Lit | None = None

    def begin_frame(self, scene: Scene, geo: Any, poses: Poses) -> None:
        """Args: geo: `structs.Geo` of the scene, its atlas in the order of `scene.textures`."""
        self._frame = scene, geo, poses
        self._lit = None

    def shade(self, view: View, samples: int) -> Array:
        """uint8 (H, W, 4), sRGB, alpha 255, of what `view.work.keys` holds.

        Pixels where the lens sees nothing, or nothing is and no dome light shines, are black.

        Args:
            samples: of pixels at the edges of surfaces: 1 = none but the centre's, or 4, 8, 16.
        """
        assert self._frame is not None, "begin_frame comes first"
        _, geo, poses = self._frame
        lit = self._lit = self._lit or self._light()
        height, width = view.work.keys.shape
        result = Result((height, width), np.uint32, wp.uint32, self._device)
        if samples > 1 and self._facets.shape != (height, width):
            self._facets = wp.zeros((height, width), dtype=wp.uint32, device=self._device)
        shot = Shot(
            device=self._device,
            bands=self._bands,
            geo=geo,
            chunks=poses.placements.chunks,
            view=view,
            light=self._seen_from(lit, view),
            turn=wp.mat33(*view.world_from_camera[:3, :3].astype(np.float32).ravel().tolist()),
            normals=lit.normals,
            srgb=self._srgb,
            picture=result.array,
            facets=self._facets,
        )
        shot.shade_centres(facets=samples > 1)
        if samples > 1:
            self._antialias.resolve(shot, samples)
        return result.host().view(np.uint8).reshape(height, width, 4)

    def _light(self) -> _Lit:
        """The frame's light; draws the shadow maps."""
        assert self._frame is not None
        scene, geo, poses = self._frame
        self._textures.filter(self._bands)
        lights = scene.lights or default_lights(scene)
        lamps = lamps_of(lights)
        domes = [light for light in lights if light.kind == "dome" and max(light.color) > 0]
        even = [np.asarray(light.color, float) for light in domes if light.texture < 0]
        painted = [light for light in domes if light.texture >= 0]
        filtered = self._domes.upload([light.texture for light in painted], scene.textures, geo.atlas)
        radiances = even + [
            np.asarray(light.color) * mean_radiance(form) for light, (_, form) in zip(painted, filtered, strict=True)
        ]
        exposed = exposure(illuminance(lamps, radiances, scene.meters_per_unit))
        casting = [lamp for lamp in lamps if lamp.shape == "distant" and lamp.light.shadow]
        casting = sorted(casting, key=lambda lamp: -float(lamp.color.sum()))[:MAPS]
        self._shadows.draw(scene, casting, geo, poses)
        indirect = INDIRECT / math.pi * illuminance(lamps, (), scene.meters_per_unit)
        light = self._lighting(scene, painted, filtered, sum(even, np.zeros(3)), indirect, exposed)
        light.shadow_count = len(casting)
        normals = upload(poses.normals, wp.mat33, self._device)
        others = [lamp for lamp in lamps if not any(lamp is other for other in casting)]
        return _Lit(casting + others, exposed, light, normals)

    def _lighting(
        self,
        scene: Scene,
        painted: list[Light],
        filtered: list[tuple[int, Array]],
        even: Array,
        indirect: float,
        exposed: float,
    ) -> Any:
        rows = []
        sky = np.zeros((10, 3))
        sky[0] = (even + indirect) * exposed
        for light, (first, form) in zip(painted, filtered, strict=True):
            turn = dome_turn(light, scene.up_axis)
            color = np.asarray(light.color) * exposed
            rows.append((turn, color, light.texture, first))
            sky += polynomial(form, turn) * color
        lighting = kernels.Lighting()
        lighting.domes = table(rows, kernels.Dome, self._device)
        lighting.dome_count = len(painted)
        lighting.ambient = wp.vec3(*(even * exposed))
        lighting.indirect = indirect * exposed
        lighting.diffuse = upload(sky.astype(np.float32), wp.vec3, self._device)
        lighting.filtered = self._domes.array
        lighting.shadow_depths = self._shadows.depths
        lighting.shadow_side = SIDE
        lighting.shadow_texel = self._shadows.texels
        return lighting

    def _seen_from(self, lit: _Lit, view: View) -> Any:
        """The light with lamps and maps relative to the camera."""
        centre = view.world_from_camera[:3, 3]
        light = lit.light
        light.lamps = wp.array(lamp_table(lit.lamps, centre, lit.exposed), dtype=wp.float32, device=self._device)
        light.shadow_from_view = self._shadows.from_view(centre)
        return light


def _srgb_codes() -> Array:
    """uint8, the sRGB code (IEC 61966-2-1) of the value (i / last)^2: roots spread codes evenly, also in the dark."""
    value = (np.arange(SRGB_CODES) / (SRGB_CODES - 1)) ** 2
    code = np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
    return (code * 255 + 0.5).astype(np.uint8)
