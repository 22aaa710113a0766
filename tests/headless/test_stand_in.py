"""Scripts for Isaac Sim run where there is none: what is put in place, refused, carried to its end, and taken away."""

from __future__ import annotations

import asyncio
import builtins
import importlib
import importlib.util
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

from framepress.errors import InputError, OptionError
from framepress.headless import host as hosts
from framepress.headless import stand_in
from framepress.headless.host import RELEASES

FOREIGN = ("carb", "isaacsim", "omni", "Semantics")

Script = Callable[..., Path]


@pytest.fixture(autouse=True)
def _nothing_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in ("ISAAC_PATH", "CARB_APP_PATH"):
        monkeypatch.delenv(variable, raising=False)
    before = foreign(), list(sys.meta_path), list(sys.argv)
    yield
    assert (foreign(), list(sys.meta_path), list(sys.argv)) == before
    assert not hasattr(builtins, "ISAAC_LAUNCHED_FROM_TERMINAL")


@pytest.fixture
def script(tmp_path: Path) -> Script:
    def write(text: str, name: str = "script.py") -> Path:
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return write


def foreign() -> set[str]:
    return {name for name in sys.modules if name.split(".")[0] in FOREIGN or name == "pxr.Semantics"}


@pytest.mark.parametrize("release", RELEASES)
def test_modules_are_there_between_install_and_uninstall_only(release: Any) -> None:
    stand_in.install(release, seed=5)
    try:
        rep = importlib.import_module("omni.replicator.core")
        functional = importlib.import_module("omni.replicator.core.scripts.functional")
        assert importlib.import_module("isaacsim").SimulationApp
        assert (hosts.current().release, hosts.current().seed) == (release, 5)
        assert functional.write_image is importlib.import_module("framepress.headless.rep.functional").write_image
        assert hasattr(rep, "rng") == (release == "6.0")
        assert hasattr(rep, "functional") == (release != "4.5")
    finally:
        stand_in.uninstall()
    assert not foreign()
    stand_in.uninstall()  # a second time is nothing


def test_installing_twice_is_refused() -> None:
    with stand_in.installed(), pytest.raises(OptionError, match="installed already"):
        stand_in.install()


def test_an_unknown_release_is_refused_and_nothing_put_in_place() -> None:
    with pytest.raises(OptionError, match=r"3\.0"):
        stand_in.install("3.0")  # type: ignore[arg-type]
    assert not foreign()


@pytest.mark.parametrize("variable", ["ISAAC_PATH", "CARB_APP_PATH"])
def test_a_real_isaac_sim_in_the_environment_is_not_covered_unless_asked(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/isaac-sim")
    with pytest.raises(OptionError, match=f"{variable}=/isaac-sim.*--stand-in"):
        stand_in.install()
    with stand_in.installed(stand_in=True):
        assert "omni.usd" in sys.modules


@pytest.mark.parametrize("name", ["isaacsim", "carb"])
def test_a_real_module_is_not_covered_unless_asked_and_comes_back(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / f"{name}.py").write_text("REAL = True")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(OptionError, match=f"module {name} in .*{name}.py"):
        stand_in.install()
    real = importlib.import_module(name)
    try:
        with stand_in.installed(stand_in=True):
            assert not hasattr(importlib.import_module(name), "REAL")
        assert importlib.import_module(name) is real
    finally:
        del sys.modules[name]


def test_other_packages_below_omni_stay_importable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "omni" / "widgets").mkdir(parents=True)
    (tmp_path / "omni" / "widgets" / "__init__.py").write_text("NAME = 'widgets'")
    monkeypatch.syspath_prepend(str(tmp_path))
    with stand_in.installed():
        assert importlib.import_module("omni.widgets").NAME == "widgets"


def test_what_is_not_stood_in_for_is_named_and_can_be_guarded(script: Script) -> None:
    outcome = stand_in.run(
        script(
            """
            import omni.usd
            try:
                import omni.anim.people
            except ImportError as error:
                assert "omni.anim" in str(error) and "Isaac Sim 5.0" in str(error), error
            try:
                from omni.usd import get_watcher
            except ImportError as error:
                assert "omni.usd.get_watcher" in str(error), error
            assert not hasattr(omni.usd, "get_watcher")
            from isaacsim.core.api import World
            """
        ),
        release="5.0",
    )
    assert isinstance(outcome.error, ModuleNotFoundError)
    assert "isaacsim.core.api" in str(outcome.error)


def test_a_script_is_main_with_its_arguments_and_the_modules_beside_it(script: Script) -> None:
    script("VALUE = 7", "beside.py")
    path = script(
        """
        import sys
        from beside import VALUE
        assert __name__ == "__main__" and VALUE == 7
        assert sys.argv[1:] == ["--frames", "3"], sys.argv
        sys.exit(5)
        """
    )
    places = list(sys.path)
    outcome = stand_in.run(path, ["--frames", "3"])
    assert sys.path == places
    assert "beside" not in sys.modules  # it would hold the modules of a session that is over
    assert (outcome.error, outcome.exit_code) == (None, 5)


def test_a_script_that_fails_is_told_from_its_own_first_line_on(script: Script) -> None:
    outcome = stand_in.run(script("import omni.usd\ndef wrong():\n    raise KeyError('mine')\nwrong()\n"))
    assert isinstance(outcome.error, KeyError)
    assert outcome.exit_code == 1
    lines = outcome.error_text.splitlines()
    assert 'script.py", line 4, in <module>' in lines[1]
    assert "stand_in.py" not in outcome.error_text


def test_a_missing_script_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such script"):
        stand_in.run(tmp_path / "none.py")


def test_tasks_started_at_the_top_of_a_script_run_to_their_end(script: Script, tmp_path: Path) -> None:
    path = script(
        f"""
        import asyncio, pathlib
        import omni.kit.app, omni.timeline

        async def work():
            omni.timeline.get_timeline_interface().play()
            for _ in range(3):
                await omni.kit.app.get_app().next_update_async()
            asyncio.ensure_future(more(omni.timeline.get_timeline_interface().get_current_time()))

        async def more(time):
            pathlib.Path({str(tmp_path / "done")!r}).write_text(f"{{time:.6f}}")

        asyncio.ensure_future(work())
        """
    )
    assert stand_in.run(path).error is None
    assert (tmp_path / "done").read_text() == f"{3 / 60:.6f}"


def test_a_script_that_quits_is_not_held_up_by_what_waits_forever(script: Script) -> None:
    path = script(
        """
        import asyncio
        import omni.kit.app

        async def watch():
            while True:
                await omni.kit.app.get_app().next_update_async()

        async def work():
            for _ in range(3):
                await omni.kit.app.get_app().next_update_async()
            omni.kit.app.get_app().post_quit(4)

        asyncio.ensure_future(watch())
        asyncio.ensure_future(work())
        """
    )
    assert stand_in.run(path).exit_code == 4


def test_a_folder_that_happens_to_be_called_so_is_no_isaac_sim(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "isaacsim").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert stand_in.real_isaac_sim() == ""


def test_a_task_that_fails_is_the_scripts_failure(script: Script) -> None:
    outcome = stand_in.run(
        script(
            """
            import asyncio
            async def work():
                raise RuntimeError("late")
            asyncio.ensure_future(work())
            """
        )
    )
    assert isinstance(outcome.error, RuntimeError)


def test_a_script_may_run_loops_of_its_own(script: Script) -> None:
    outcome = stand_in.run(
        script(
            """
            import asyncio
            import omni.kit.app

            async def work():
                await omni.kit.app.get_app().next_update_async()
                omni.kit.app.get_app().update()

            asyncio.run(work())
            """
        )
    )
    assert outcome.error is None


def test_the_session_of_a_script_ends_with_it(script: Script) -> None:
    path = script("import omni.usd\nomni.usd.get_context().get_stage().DefinePrim('/World/Left')\n")
    stand_in.run(path)
    assert not hosts.current().stage.GetPrimAtPath("/World/Left")
    with pytest.raises(RuntimeError, match=r"no.*event loop"):
        asyncio.get_event_loop()


def test_the_stages_of_a_script_are_gone_with_it(script: Script, tmp_path: Path) -> None:
    """USD keeps the layers of a stage that somebody holds: an unsaved edit would be there in the next run."""
    path = script(
        f"""
        import omni.usd
        from pxr import Sdf, Usd
        file = {str(tmp_path / "made.usda")!r}
        assert not Sdf.Layer.Find(file)
        made = Usd.Stage.CreateNew(file)
        made.Save()
        made.DefinePrim("/Unsaved")
        omni.usd.get_context().open_stage(file)
        def holds_the_globals():
            return made
        """
    )
    for _ in range(2):
        outcome = stand_in.run(path)
        assert outcome.error is None, outcome.error_text


FRAMES = """
    from isaacsim import SimulationApp
    app = SimulationApp({"headless": True})
    import omni.replicator.core as rep
    from omni.replicator.core import AnnotatorRegistry, Writer, WriterRegistry

    class Mine(Writer):
        def __init__(self, fails=()):
            self.annotators = [AnnotatorRegistry.get_annotator("semantic_segmentation")]
            self.fails, self.seen = fails, 0

        def write(self, data):
            self.seen += 1
            if self.seen in self.fails:
                raise ValueError(f"frame {self.seen} is bad")

    WriterRegistry.register(Mine)
    rep.create.cube(position=(0, 0, 0.5), semantics=[("class", "Cube")])
    product = rep.create.render_product(rep.create.camera(position=(0, -6, 1), look_at=(0, 0, 0.5)), (64, 48))
    writer = WriterRegistry.get("Mine")
    writer.initialize(fails=FAILS)
    writer.attach(product)
    for _ in range(3):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    app.close()
"""


def test_a_script_that_leaves_the_start_to_an_editor_is_told_so(script: Script) -> None:
    started = FRAMES.replace("FAILS", "()")
    assert not any("no frame was captured" in finding for finding in stand_in.run(script(started)).findings)
    left = started.partition("    for _ in range(3):")[0]
    outcome = stand_in.run(script(left))
    assert (outcome.error, outcome.frames) == (None, 0)
    assert any("rep.orchestrator.run_until_complete()" in finding for finding in outcome.findings)


def test_what_a_writer_raised_is_counted_though_replicator_goes_on(script: Script) -> None:
    good = stand_in.run(script(FRAMES.replace("FAILS", "()")))
    assert (good.error, good.failures, good.frames) == (None, (), 3)
    bad = stand_in.run(script(FRAMES.replace("FAILS", "(2,)")))
    assert (bad.error, bad.frames) == (None, 3)
    assert [(failure.what, str(failure.error)) for failure in bad.failures] == [("Mine.write", "frame 2 is bad")]
