"""`rep.settings`: of the stage, which take effect, and of Isaac Sim's renderer, which are kept and do nothing."""

from __future__ import annotations

import math
from typing import Any

from pxr import UsdGeom

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep.graph import opened

__all__ = [
    "carb_settings",
    "set_render_pathtraced",
    "set_render_rtx_realtime",
    "set_stage_meters_per_unit",
    "set_stage_up_axis",
]


def set_stage_up_axis(up_axis: str) -> None:
    """ "Y" or "Z". What is there already is not turned."""
    axis = str(up_axis).upper()
    if axis not in ("Y", "Z"):
        raise OptionError(f"rep.settings.set_stage_up_axis: {up_axis!r}; give 'Y' or 'Z'")
    UsdGeom.SetStageUpAxis(opened(hosts.current()), axis)


def set_stage_meters_per_unit(meters_per_unit: float) -> None:
    """Length of a scene unit [m]. What is there already is not scaled."""
    if not (meters_per_unit > 0 and math.isfinite(meters_per_unit)):
        raise OptionError(f"rep.settings.set_stage_meters_per_unit: {meters_per_unit!r}; give metres above 0")
    UsdGeom.SetStageMetersPerUnit(opened(hosts.current()), float(meters_per_unit))


def carb_settings(setting: str, value: Any) -> None:
    """Keep a setting of carb's, where `carb.settings` finds it."""
    hosts.current().settings[setting] = value


def set_render_rtx_realtime(antialiasing: str = "FXAA", **options: Any) -> None:
    """Accepted: the stand-in has one renderer."""
    _no_effect("set_render_rtx_realtime")


def set_render_pathtraced(samples_per_pixel: int = 64, **options: Any) -> None:
    """Accepted: the stand-in has one renderer, which traces no paths."""
    _no_effect("set_render_pathtraced")


def _no_effect(name: str) -> None:
    hosts.current().find(f"rep.settings.{name}: has no effect, the stand-in has one renderer")
