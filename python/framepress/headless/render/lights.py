"""Lamps as the shading kernel reads them, the light that stands in where a stage has none, and the exposure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.render.kernels.lamps import FIELDS, LANES
from framepress.headless.scene import Light, Scene

__all__ = ["INDIRECT", "Lamp", "default_lights", "exposure", "illuminance", "lamp_of", "lamp_table", "lamps_of"]

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])

READING_DISTANCE = 3.0
"""Metres from a lamp at which its share of a scene's light is reckoned."""

SLANTED = 0.5
"""Of lamps and suns, what a surface gets on the average of those that are turned towards them at all."""

INDIRECT = 0.06
"""Share of the light of suns and lamps that comes back from everywhere: no light is followed from surface to surface,
but what stands in a shadow is not black either."""

# What a white surface shows in a scene's whole light, by its illuminance. Stages come in two kinds: lit in plain
# numbers (intensities about 1) and in photometric ones (Isaac Sim's domes of 1000, suns of 3000). Within each, more
# light is a brighter picture; in between lies no stage, and nothing changes.
SHOWN = (
    (1e-3, 0.005),
    (1.0, 0.75),
    (16.0, 1.2),
    (1000.0, 1.2),
    (16000.0, 2.0),
    (1e6, 6.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class Lamp:
    """A light other than a dome.

    Args:
        shape: how it shines: "distant", "even" (to all sides), "panel" (by the cosine about its axis, on one side) or
            "tube" (by the sine about its axis).
        place: float64 (3,), distant: unit vector towards it; else its centre, world.
        axis: float64 (3,), unit; the way a panel shines, along a tube.
        color: float64 (3,), distant: illuminance; else radiance times area.
        size: radius of a disc of its area, scene units.
        light: which it is.
    """

    shape: Literal["distant", "even", "panel", "tube"]
    place: Array
    axis: Array
    color: Array
    size: float
    light: Light


def default_lights(scene: Scene) -> tuple[Light, ...]:
    """What lights a stage that has no light of its own: an even sky, and a sun from high on one side; always the same
    objects, so that nothing is made anew for them.

    The studio names this among the findings: Isaac Sim's picture of such a stage is black.
    """
    return _default_lights(scene.up_axis)


@cache
def _default_lights(up_axis: Literal["Y", "Z"]) -> tuple[Light, ...]:
    towards = np.array([-0.6, -0.4, 0.75]) if up_axis == "Z" else np.array([-0.6, 0.75, 0.4])
    up = np.array([0.0, 0.0, 1.0]) if up_axis == "Z" else np.array([0.0, 1.0, 0.0])
    z = towards / np.linalg.norm(towards)
    x = np.cross(up, z)
    x /= np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, :3] = x, np.cross(z, x), z
    sky = Light("", "dome", (0.28, 0.3, 0.33), np.eye(4))
    sun = Light("", "distant", (2.7, 2.6, 2.45), matrix, (0.53, 0.0))
    return sky, sun


def lamps_of(lights: Sequence[Light]) -> list[Lamp]:
    """Those that are no dome and send anything."""
    return [lamp_of(light) for light in lights if light.kind != "dome" and max(light.color) > 0]


def lamp_of(light: Light) -> Lamp:
    """UsdLux: a disk, a rect and a distant light shine along local -z, a cylinder lies along local x.

    A distant light's colour is the illuminance that it gives, whatever its angle, as Isaac Sim's renderer has it;
    of all others it is the radiance of their surface.
    """
    matrix = np.asarray(light.matrix, float)
    x, y, z = matrix[:3, :3]
    scale = [float(np.linalg.norm(axis)) for axis in (x, y, z)]
    centre = matrix[3, :3]
    color = np.asarray(light.color, float)
    ahead = -_unit(z)
    first, second = light.size
    if light.kind == "distant":
        return Lamp("distant", -ahead, ahead, color, 0.0, light)
    if light.kind == "sphere":
        radius = first * float(np.cbrt(np.prod(scale)))
        return Lamp("even", centre, ahead, color * math.pi * radius**2, radius, light)
    if light.kind == "cylinder":
        side = 2 * first * math.sqrt(scale[1] * scale[2]) * second * scale[0]
        return Lamp("tube", centre, _unit(x), color * side, math.sqrt(side / math.pi), light)
    area = math.pi * first**2 if light.kind == "disk" else first * second
    area *= scale[0] * scale[1]
    return Lamp("panel", centre, ahead, color * area, math.sqrt(area / math.pi), light)


def lamp_table(lamps: Sequence[Lamp], centre: Array, exposed: float) -> Array:
    """float32, `kernels.lamps.FIELDS` by lamps and some without colour, relative to `centre` (world)."""
    table = np.zeros((len(FIELDS), -(-max(len(lamps), 1) // LANES) * LANES), np.float32)
    table[FIELDS.index("z")] = table[FIELDS.index("even")] = table[FIELDS.index("least")] = 1
    for column, lamp in zip(table.T, lamps, strict=False):
        local = float(lamp.shape != "distant")
        even = lamp.shape in ("distant", "even")
        area = lamp.size**2
        column[:] = (
            *(lamp.place - local * centre),
            local,
            *lamp.axis,
            *(lamp.color * exposed),
            lamp.size,
            area if even else 0.0,
            0.0 if even else area,
            even,
            lamp.shape == "panel",
            lamp.shape == "tube",
        )
    return table


def illuminance(lamps: Sequence[Lamp], radiances: Sequence[Array], meters_per_unit: float) -> float:
    """Of all lights on a surface of their scene, luminance of linear RGB.

    Suns and lamps come in slanted, see `SLANTED`. Lamps count at `READING_DISTANCE`, together as the root of the sum
    of their squares: many lamps stand apart, and light a place of their own each. Nothing of the scene's objects or
    cameras comes in, so that pictures of one stage under the same lights never differ in exposure.

    Args:
        radiances: of every dome, its mean, linear RGB.
    """
    far = READING_DISTANCE / meters_per_unit
    total = sum(math.pi * float(LUMINANCE @ radiance) for radiance in radiances)
    near = 0.0
    for lamp in lamps:
        power = float(LUMINANCE @ lamp.color)
        if lamp.shape == "distant":
            total += SLANTED * power
        else:
            near += (power / (far**2 + lamp.size**2)) ** 2
    return total + SLANTED * math.sqrt(near)


def exposure(lux: float) -> float:
    """Factor on all light, by the scene's whole illuminance: fixed by its lights, see `SHOWN`."""
    at, shown = np.log(np.array(SHOWN)).T
    white = float(np.exp(np.interp(math.log(max(lux, SHOWN[0][0])), at, shown)))
    return white * math.pi / max(lux, SHOWN[0][0])


def _unit(axis: Array) -> Array:
    length = float(np.linalg.norm(axis))
    return axis / length if length > 0 else np.array([0.0, 0.0, 1.0])
