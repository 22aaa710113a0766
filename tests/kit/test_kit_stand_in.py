"""The extension inside the stand-in, in the manner of each release: the claims of its tests inside Kit hold here."""

from __future__ import annotations

import importlib.util
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from interpreters import EXTENSION

from framepress.headless import stand_in
from framepress.headless.host import RELEASES, Host
from framepress.replicator import kit_build

pytest.importorskip("pxr")


@pytest.fixture(params=RELEASES)
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    with stand_in.installed(request.param, stand_in=True) as host:
        yield host


@pytest.fixture
def extension(host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Not started; its modules are forgotten afterwards, for they hold this session's Replicator."""
    monkeypatch.syspath_prepend(str(EXTENSION))
    from framepress_kit import FramepressExtension

    made = FramepressExtension()
    yield made
    made.on_shutdown()
    for name in [name for name in sys.modules if name.partition(".")[0] == "framepress_kit"]:
        del sys.modules[name]


def test_the_claims_of_the_tests_inside_kit_hold(extension: Any, host: Host, tmp_path: Path) -> None:
    import omni.replicator.core as rep

    from framepress_kit.tests import claims

    extension.on_startup("framepress.replicator-0.1.0")
    claims.the_writer_is_known(rep)
    captured = claims.Captured(rep, tmp_path / "out")
    for _ in range(claims.FRAMES):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    captured.is_complete()
    captured.is_put_away()
    extension.on_shutdown()
    claims.the_writer_is_unknown(rep)
    assert not host.failures


def test_a_run_that_is_open_when_the_extension_stops_is_completed(extension: Any, host: Host, tmp_path: Path) -> None:
    import omni.replicator.core as rep

    from framepress_kit.tests import claims

    extension.on_startup()
    captured = claims.Captured(rep, tmp_path / "out")
    for _ in range(claims.FRAMES):
        rep.orchestrator.step()
    extension.on_shutdown()
    captured.is_complete()
    claims.the_writer_is_unknown(rep)
    assert not host.failures


def test_a_run_that_goes_on_after_the_extension_stopped_adds_nothing(
    extension: Any, host: Host, tmp_path: Path
) -> None:
    import omni.replicator.core as rep

    from framepress_kit.tests import claims

    extension.on_startup()
    captured = claims.Captured(rep, tmp_path / "out")
    for _ in range(claims.FRAMES):
        rep.orchestrator.step()
    extension.on_shutdown()
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before
    captured.is_complete()
    assert not host.failures


def test_starts_and_stops_leave_the_library_to_those_who_had_it_before(extension: Any) -> None:
    import framepress

    for _ in range(2):
        extension.on_startup()
        extension.on_shutdown()
    assert sys.modules["framepress"] is framepress


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python reads TOML from 3.11 on")
def test_a_built_extension_is_found_started_and_has_what_a_wheel_brought(host: Host, tmp_path: Path) -> None:
    import omni.kit.app
    import omni.replicator.core as rep

    with zipfile.ZipFile(tmp_path / "brought-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("brought/__init__.py", "value = 7")
    kit_build.build(tmp_path / "exts", wheels=[tmp_path / "brought-1.0-py3-none-any.whl"])
    manager = omni.kit.app.get_app().get_extension_manager()
    manager.add_path(str(tmp_path / "exts"))
    assert manager.set_extension_enabled_immediate(kit_build.NAME, True)
    assert manager.get_extension_path(kit_build.NAME) == str(tmp_path / "exts" / kit_build.NAME)
    assert "FramepressWriter" in rep.WriterRegistry.get_writers()
    assert importlib.import_module("brought").value == 7
    sys.modules.pop("brought")
    manager.set_extension_enabled_immediate(kit_build.NAME, False)
    assert "FramepressWriter" not in rep.WriterRegistry.get_writers()
    assert importlib.util.find_spec("brought") is None
