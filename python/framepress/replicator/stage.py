"""What is known of the stage that is open in the host, and of the host itself."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from framepress import __version__
from framepress.replicator.tile_cameras import OpenStage

__all__ = ["open_stage", "provenance", "rendered_stage", "world_up"]

_EXTENSIONS = ("omni.replicator.core", "omni.syntheticdata")


def open_stage() -> Any:
    """The `Usd.Stage` of the host: Isaac Sim, or the stand-in; None where there is neither, or nothing is open."""
    usd = sys.modules.get("omni.usd")
    if usd is not None:
        return usd.get_context().get_stage()
    stand_in = sys.modules.get("framepress.headless.host")  # without the modules beside Replicator
    return None if stand_in is None else stand_in.current().stage


def rendered_stage() -> OpenStage | None:
    """The open stage at the host's time, which is the timeline's."""
    stage = open_stage()
    if stage is None:
        return None
    from pxr import Usd

    timeline = sys.modules.get("omni.timeline")
    if timeline is not None:
        time_s = timeline.get_timeline_interface().get_current_time()
        return OpenStage(stage, Usd.TimeCode(time_s * stage.GetTimeCodesPerSecond()))
    return OpenStage(stage, sys.modules["framepress.headless.host"].current().time)


def world_up() -> str:
    """The up axis of the open stage, "y" or "z"; Isaac Sim's own default where none is open."""
    stage = open_stage()
    if stage is None:
        return "z"
    from pxr import UsdGeom

    return str(UsdGeom.GetStageUpAxis(stage)).lower()


def provenance(rep: ModuleType) -> dict[str, Any]:
    """Where frames come from, as far as the host tells: its versions, its seed, its stage. JSON-able."""
    told: dict[str, Any] = {"framepress": __version__, "host": _host(rep)}
    seed = getattr(rep, "get_global_seed", None)
    if seed is not None:
        told["seed"] = seed()
    stage = open_stage()
    if stage is not None:
        told["stage"] = _stage(stage)
    return told


def _host(rep: ModuleType) -> dict[str, Any]:
    if str(rep.Writer.__module__).startswith("framepress.headless."):
        return {"name": "framepress stand-in"}
    told: dict[str, Any] = {"name": "Isaac Sim"}
    kit = sys.modules.get("omni.kit.app")
    if kit is not None:
        app = kit.get_app()
        told["kit"] = str(app.get_build_version())
        manager = app.get_extension_manager()
        told["extensions"] = [str(manager.get_enabled_extension_id(name)) for name in _EXTENSIONS]
    return told


def _stage(stage: Any) -> dict[str, Any]:
    """Path, hash of the root layer's file (None where it is none, or has edits), up axis, metres per unit."""
    from pxr import UsdGeom

    layer = stage.GetRootLayer()
    file = Path(layer.realPath) if layer.realPath else None
    saved = file is not None and file.is_file() and not layer.dirty
    return {
        "path": layer.identifier,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest() if saved and file is not None else None,
        "up_axis": str(UsdGeom.GetStageUpAxis(stage)),
        "metres_per_unit": float(UsdGeom.GetStageMetersPerUnit(stage)),
    }
