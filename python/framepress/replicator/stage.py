"""What is known of the stage that is open in the host, and of the host itself."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from framepress import __version__
from framepress.replicator.host_version import isaac_sim_version
from framepress.replicator.tile_cameras import OpenStage

__all__ = ["open_stage", "provenance", "rendered_stage", "world_up"]

_EXTENSIONS = ("omni.replicator.core", "omni.syntheticdata")
_OURS = "framepress_kit"
"""The module of the extension."""


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
    """Where frames come from, as far as the host tells: its versions, its seed, its stage. JSON-able.

    It goes into the ledger, which no two runs need to have in common. Isaac Sim does not tell its seed; that of a job
    is part of the dataset's `origin`.
    """
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
    version = isaac_sim_version()
    if version is not None:
        told["version"] = version
    kit = sys.modules.get("omni.kit.app")
    if kit is not None:
        app = kit.get_app()
        told["kit"] = str(app.get_build_version())
        manager = app.get_extension_manager()
        found = [manager.get_enabled_extension_id(name) for name in _EXTENSIONS]
        if _OURS in sys.modules:  # without it a script has registered the writer by itself
            found.append(manager.get_extension_id_by_module(_OURS))  # two extensions may have brought it
        told["extensions"] = [str(extension) for extension in found if extension]
    return told


def _stage(stage: Any) -> dict[str, Any]:
    """Path, up axis, metres per unit; `sha256` of the root layer's file (None where it is none, or has edits), and
    `edits_sha256` of what no file of the stage holds (None where there is nothing).
    """
    from pxr import UsdGeom

    layer = stage.GetRootLayer()
    file = Path(layer.realPath) if layer.realPath else None
    saved = file is not None and file.is_file() and not layer.dirty
    return {
        "path": layer.identifier,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest() if saved and file is not None else None,
        "edits_sha256": _edits(stage),
        "up_axis": str(UsdGeom.GetStageUpAxis(stage)),
        "metres_per_unit": float(UsdGeom.GetStageMetersPerUnit(stage)),
    }


def _edits(stage: Any) -> str | None:
    """sha256 of the texts of the layers that have never been saved, or not since they were changed."""
    texts = [
        hashlib.sha256(layer.ExportToString().encode()).digest()
        for layer in stage.GetUsedLayers()
        if not layer.empty and (layer.anonymous or layer.dirty)
    ]
    return hashlib.sha256(b"".join(sorted(texts))).hexdigest() if texts else None
