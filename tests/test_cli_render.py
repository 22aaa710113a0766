"""`framepress render`: whose fault it is, where it lies, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

from framepress.cli import main

SCENE = """#usda 1.0
(
    metersPerUnit = 1
    upAxis = "Z"
)
def Xform "World"
{
    def Cube "Crate" (
        prepend apiSchemas = ["SemanticsLabelsAPI:class"]
    )
    {
        token[] semantics:labels:class = ["crate"]
    }
    def Camera "Eye"
    {
        double3 xformOp:translate = (0, 0, 9)
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }
}
"""

SCRIPT = """import omni.replicator.core as rep
rep.create.cube(semantics=[("class", "crate")])
product = rep.create.render_product(rep.create.camera(position=(0, 0, 5), look_at=(0, 0, 0)), (64, 48))
"""


def render(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["render", *(str(argument) for argument in arguments), "--to", "coco"])


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.usda"
    path.write_text(SCENE)
    return path


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("ISAAC_PATH", "CARB_APP_PATH"):
        monkeypatch.delenv(variable, raising=False)
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("{}['missing']\n", "line 4: KeyError: 'missing'"),
        ("def f(:\n", "line 4: SyntaxError"),
        ("import not_installed_anywhere\n", "line 4: ModuleNotFoundError: No module named 'not_installed_anywhere'"),
        ("rep.create.frobnicate()\n", "line 4: AttributeError: omni.replicator.core.create.frobnicate"),
        ("import beside\n", "beside.py, line 2: ValueError: mine"),
    ],
)
def test_a_script_that_raises_is_told_by_its_line_and_is_no_bug_of_ours(script: Path, added: str, said: str) -> None:
    (script.parent / "beside.py").write_text("\nraise ValueError('mine')\n")
    script.write_text(SCRIPT + added)
    result = render(script, script.parent / "out")
    assert result.exit_code == 4, result.output
    assert said in result.stderr
    assert str(script.parent) in result.stderr
    assert "Traceback" not in result.stderr


def test_a_writer_of_the_script_that_raises_stops_the_run_at_its_line(script: Path) -> None:
    script.write_text(
        SCRIPT + "class Failing(rep.Writer):\n"
        "    annotators = [rep.AnnotatorRegistry.get_annotator('rgb')]\n"
        "    def write(self, data):\n"
        "        raise ValueError('mine')\n"
        "failing = Failing()\n"
        "failing.attach([product])\n"
    )
    result = render(script, script.parent / "out")
    assert result.exit_code == 4, result.output
    assert "script.py, line 7: " in result.stderr
    assert "ValueError" not in result.stdout


def test_a_script_that_gives_up_is_not_rendered(script: Path) -> None:
    script.write_text(SCRIPT + "import sys\nsys.exit('no assets')\n")
    result = render(script, script.parent / "out")
    assert result.exit_code == 4
    assert "no assets" in result.stderr
    assert "ended with exit code 1" in result.stderr
    assert not (script.parent / "out").exists()


def test_a_script_that_exits_with_0_is_rendered(script: Path) -> None:
    script.write_text(SCRIPT + "import sys\nsys.exit()\n")
    assert render(script, script.parent / "out").exit_code == 0


def test_a_target_that_holds_something_is_refused_before_the_script_runs(script: Path) -> None:
    (script.parent / "out").mkdir()
    (script.parent / "out" / "mine.txt").write_text("mine")
    script.write_text(SCRIPT + "print('has run')\n")
    result = render(script, script.parent / "out")
    assert result.exit_code == 3
    assert "mine.txt" in result.stderr
    assert "has run" not in result.output


@pytest.mark.parametrize(("option", "value"), [("--size", "64x48"), ("--camera", "/World/Eye")])
def test_what_a_script_settles_itself_is_refused(script: Path, option: str, value: str) -> None:
    result = render(script, script.parent / "out", option, value)
    assert result.exit_code == 2
    assert "its own render products" in result.stderr


def test_a_scene_takes_no_arguments(scene: Path) -> None:
    assert render(scene, scene.parent / "out", "more").exit_code == 2


def test_a_camera_that_is_not_there_is_told_with_those_that_are(scene: Path) -> None:
    result = render(scene, scene.parent / "out", "--camera", "/World/Nose")
    assert result.exit_code == 2
    assert "/World/Nose; it has /World/Eye" in result.stderr


def test_a_second_run_is_refused_and_a_resumed_one_adds_what_is_missing_to_frames_of_its_own_making(
    scene: Path,
) -> None:
    out = scene.parent / "out"
    assert render(scene, out, "--size", "64x48").exit_code == 0
    again = render(scene, out, "--size", "64x48")
    assert again.exit_code == 3
    assert len(again.stderr.splitlines()) == 1
    other = render(scene, out, "--size", "64x48", "--existing", "resume", "--seed", 5)
    assert other.exit_code == 2
    assert "another origin: {'seed': 0}, now {'seed': 5}" in other.stderr
    resumed = render(scene, out, "--size", "64x48", "--frames", 3, "--existing", "resume", "--json")
    document = json.loads(resumed.stdout)
    assert (document["frames"], document["run"]["skipped"], document["run"]["written"]) == (3, 1, 2)
