"""Extensions that are Python alone run in the stand-in as in Kit: found in folders, started, stopped, forgotten."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from framepress.errors import InputError
from framepress.headless import stand_in
from framepress.headless.host import RELEASES, Host

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python reads TOML from 3.11 on")

EXTS = Path(__file__).resolve().parents[2] / "exts"
OWN = """
import omni.ext
import carb.settings

class Noted(omni.ext.IExt):
    def on_startup(self{argument}):
        carb.settings.get_settings().set("/noted", {said})
    def on_shutdown(self):
        carb.settings.get_settings().set("/noted", "stopped")
"""


@pytest.fixture
def host() -> Iterator[Host]:
    with stand_in.installed(stand_in=True) as host:
        yield host


def extension(folder: Path, name: str = "my.notes", *, ext_id: bool = True, needs: str = "", body: str = OWN) -> Path:
    """An extension in `folder`; the setting /noted tells what became of it."""
    place = folder / name
    (place / "config").mkdir(parents=True)
    (place / "config" / "extension.toml").write_text(
        f'[package]\nversion = "1.2.3"\n[dependencies]\n{needs}\n[[python.module]]\nname = "my_notes"\n'
    )
    module = body.format(argument=", ext_id" if ext_id else "", said="ext_id" if ext_id else '"started"')
    (place / "my_notes.py").write_text(module)
    return folder


def manager() -> Any:
    import omni.kit.app

    return omni.kit.app.get_app().get_extension_manager()


def noted(host: Host) -> object:
    import carb.settings

    return carb.settings.get_settings().get("/noted")


@pytest.mark.parametrize(("ext_id", "said"), [(True, "my.notes-1.2.3"), (False, "started")])
def test_an_extension_is_started_and_stopped(tmp_path: Path, host: Host, ext_id: bool, said: str) -> None:
    manager().add_path(str(extension(tmp_path, ext_id=ext_id)))
    paths = list(sys.path)
    assert manager().set_extension_enabled_immediate("my.notes", True)
    assert noted(host) == said
    assert manager().is_extension_enabled("my.notes")
    assert manager().get_enabled_extension_id("my.notes") == "my.notes-1.2.3"
    assert manager().get_extension_path("my.notes-1.2.3") == str(tmp_path / "my.notes")
    assert manager().set_extension_enabled_immediate("my.notes", False)
    assert noted(host) == "stopped"
    assert not manager().is_extension_enabled("my.notes")
    assert "my_notes" not in sys.modules
    assert sys.path == paths


def test_an_extension_that_was_edited_is_new_at_its_next_start(tmp_path: Path, host: Host) -> None:
    manager().add_path(str(extension(tmp_path, "my.notes-1.2.3")))
    manager().set_extension_enabled_immediate("my.notes", True)
    manager().set_extension_enabled_immediate("my.notes", False)
    module = tmp_path / "my.notes-1.2.3" / "my_notes.py"
    module.write_text(module.read_text().replace('"/noted", ext_id', '"/noted", "edited: " + ext_id'))
    manager().set_extension_enabled_immediate("my.notes", True)
    assert noted(host) == "edited: my.notes-1.2.3"


def test_what_is_missing_is_a_finding_and_nothing_is_started(tmp_path: Path, host: Host) -> None:
    manager().add_path(str(extension(tmp_path, needs='"omni.replicator.core" = {}\n"omni.paint" = {}')))
    assert not manager().set_extension_enabled_immediate("my.notes", True)
    assert noted(host) is None
    assert any("omni.paint" in finding for finding in host.findings)


def test_an_optional_dependency_may_be_missing(tmp_path: Path, host: Host) -> None:
    manager().add_path(str(extension(tmp_path, needs='"omni.paint" = { optional = true }')))
    assert manager().set_extension_enabled_immediate("my.notes", True)


def test_an_extension_that_fails_to_start_is_not_enabled_and_leaves_nothing(tmp_path: Path, host: Host) -> None:
    manager().add_path(str(extension(tmp_path, body="import omni.ext\nraise ValueError('no')\n")))
    paths = list(sys.path)
    with pytest.raises(ValueError, match="no"):
        manager().set_extension_enabled_immediate("my.notes", True)
    assert not manager().is_extension_enabled("my.notes")
    assert sys.path == paths
    assert "my_notes" not in sys.modules


def test_a_manifest_that_is_no_toml_is_an_error_with_its_place(tmp_path: Path, host: Host) -> None:
    manager().add_path(str(extension(tmp_path, needs="this is not")))
    with pytest.raises(InputError, match=r"my\.notes/config/extension\.toml"):
        manager().set_extension_enabled_immediate("my.notes", True)


@pytest.mark.parametrize("release", RELEASES)
def test_a_script_gets_the_writer_from_the_extension_as_in_isaac_sim(tmp_path: Path, release: Any) -> None:
    script = tmp_path / "generate.py"
    script.write_text(f"""
from isaacsim import SimulationApp
extensions = ["--ext-folder", {str(EXTS)!r}, "--enable", "framepress.replicator"]
app = SimulationApp({{"headless": True, "extra_args": extensions}})
import omni.replicator.core as rep
rep.create.cube(semantics=[("class", "crate")])
camera = rep.create.camera(position=(5, 4, 3), look_at=(0, 0, 0))
writer = rep.WriterRegistry.get("FramepressWriter")
writer.initialize(output_dir={str(tmp_path / "out")!r}, formats="coco", labels=["crate"])
writer.attach([rep.create.render_product(camera, (64, 48))])
rep.orchestrator.run_until_complete(num_frames=2)
app.close()
""")
    outcome = stand_in.run(script, release=release, stand_in=True)
    assert outcome.error is None, outcome.error_text
    assert not outcome.failures
    found = json.loads((tmp_path / "out" / "annotations" / "instances_default.json").read_text())
    assert len(found["images"]) == len(found["annotations"]) == 2
    assert "framepress_kit" not in sys.modules
