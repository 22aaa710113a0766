"""What is written down of the host and its stage: versions, and digests that tell edited stages from saved ones."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Usd, UsdGeom

from framepress.replicator.stage import provenance

IDS = {"omni.replicator.core": "omni.replicator.core-1.12.27", "omni.syntheticdata": "omni.syntheticdata-0.6.13"}


@pytest.fixture
def rep(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Isaac Sim's, as far as it is asked; the tests add to it what an application may lack."""
    manager = SimpleNamespace(
        get_enabled_extension_id=lambda name: IDS.get(name, ""),
        get_extension_id_by_module=lambda name: {"framepress_kit": "framepress.replicator-0.1.0"}.get(name),
    )
    app = SimpleNamespace(get_build_version=lambda: "107.3.1+release", get_extension_manager=lambda: manager)
    put(monkeypatch, "omni.kit.app", get_app=lambda: app)
    monkeypatch.delitem(sys.modules, "framepress.headless.host", raising=False)
    module = ModuleType("omni.replicator.core")
    module.Writer = type("Writer", (), {"__module__": "omni.replicator.core.scripts.writers"})  # type: ignore[attr-defined]
    return module


def put(monkeypatch: pytest.MonkeyPatch, name: str, **members: Any) -> None:
    monkeypatch.setitem(sys.modules, name, SimpleNamespace(**members))


def opened(monkeypatch: pytest.MonkeyPatch, stage: Usd.Stage) -> None:
    put(monkeypatch, "omni.usd", get_context=lambda: SimpleNamespace(get_stage=lambda: stage))


def test_the_host_tells_its_versions_and_that_of_the_extension(
    rep: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, "isaacsim.core.version", get_version=lambda: ("5.1.0", "", "5", "1", "0", "", "", ""))
    put(monkeypatch, "framepress_kit")
    assert provenance(rep)["host"] == {
        "name": "Isaac Sim",
        "version": "5.1.0",
        "kit": "107.3.1+release",
        "extensions": [*IDS.values(), "framepress.replicator-0.1.0"],
    }


def test_the_version_is_found_under_its_former_name_too(rep: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isaacsim.core.version", None)  # an import of it fails
    put(monkeypatch, "omni.isaac.version", get_version=lambda: ("4.5.0", "", "4", "5", "0", "", "", ""))
    assert provenance(rep)["host"]["version"] == "4.5.0"


def test_what_a_host_has_not_is_not_told(rep: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("isaacsim.core.version", "omni.isaac.version", "framepress_kit", "omni.usd"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    told = provenance(rep)
    assert told["host"] == {"name": "Isaac Sim", "kit": "107.3.1+release", "extensions": list(IDS.values())}
    assert told.keys() == {"framepress", "host"}
    monkeypatch.delitem(sys.modules, "omni.kit.app")
    assert provenance(rep)["host"] == {"name": "Isaac Sim"}


def test_edits_change_a_digest_and_saving_them_the_other(
    rep: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "scene.usda"
    stage = Usd.Stage.CreateNew(str(file))
    UsdGeom.SetStageUpAxis(stage, "Y")
    stage.Save()
    opened(monkeypatch, stage)
    saved = provenance(rep)["stage"]
    assert (saved["sha256"], saved["edits_sha256"]) == (hashlib.sha256(file.read_bytes()).hexdigest(), None)
    seen = [saved["edits_sha256"]]
    for number in range(2):
        UsdGeom.Cube.Define(stage, f"/Cube{number}")
        edited = provenance(rep)["stage"]
        assert edited["sha256"] is None
        assert edited["edits_sha256"] not in seen
        seen.append(edited["edits_sha256"])
    stage.Save()
    assert provenance(rep)["stage"] == {**saved, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    assert saved["sha256"] != hashlib.sha256(file.read_bytes()).hexdigest()


def test_edits_that_only_the_session_has_count(
    rep: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stage = Usd.Stage.CreateNew(str(tmp_path / "scene.usda"))
    stage.Save()
    opened(monkeypatch, stage)
    stage.SetEditTarget(stage.GetSessionLayer())
    UsdGeom.Cube.Define(stage, "/Cube")
    told = provenance(rep)["stage"]
    assert told["sha256"] is not None
    assert told["edits_sha256"] is not None


def test_equal_stages_in_memory_have_equal_digests(rep: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for size in (1.0, 1.0, 2.0):
        stage = Usd.Stage.CreateInMemory()
        UsdGeom.Cube.Define(stage, "/Cube").CreateSizeAttr(size)
        opened(monkeypatch, stage)
        told.append(provenance(rep)["stage"]["edits_sha256"])
    assert told[0] == told[1] != told[2]
