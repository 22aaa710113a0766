"""`framepress run`: exit codes, and what is told at the end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

from framepress.cli import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["run", *(str(argument) for argument in arguments)])


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("ISAAC_PATH", "CARB_APP_PATH"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path / "script.py"


def test_a_script_gets_its_own_arguments_after_the_dashes(path: Path) -> None:
    path.write_text("import sys, omni.usd\nassert sys.argv[1:] == ['--release', 'x'], sys.argv\n")
    result = run(path, "--release", "6.0", "--seed", 4, "--", "--release", "x")
    assert result.exit_code == 0, result.output
    assert "0 frames drawn by the stand-in" in result.stdout


def test_the_scripts_own_exit_code_comes_through(path: Path) -> None:
    path.write_text("import sys\nsys.exit(7)\n")
    assert run(path).exit_code == 7


def test_an_error_of_the_script_is_its_own_not_a_bug_of_ours(path: Path) -> None:
    path.write_text("raise ValueError('mine')\n")
    result = run(path)
    assert result.exit_code == 1
    assert "ValueError: mine" in result.stderr
    assert "bug in framepress" not in result.stderr


def test_what_the_script_prints_stays_out_of_the_document(path: Path) -> None:
    path.write_text("from isaacsim.core.utils.extensions import enable_extension as e\ne('omni.x')\nprint('noise')\n")
    result = run(path, "--json", "--release", "5.0", "--seed", 3)
    document = json.loads(result.stdout)
    assert document["stand_in"] == {"release": "5.0", "seed": 3, "device": "cpu"}
    assert document["findings"] == ["extension omni.x: not in the stand-in; it was not enabled"]
    assert "noise" in result.stderr


def test_a_lost_file_makes_the_command_fail(path: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("no folder")
    path.write_text(
        "import omni.replicator.core as rep\n"
        "from omni.replicator.core import BackendDispatch\n"
        f"backend = BackendDispatch(output_dir={str(tmp_path)!r})\n"
        "backend.write_blob('taken/a.bin', b'x')\n"
        "backend.write_blob('good.bin', b'x')\n"
    )
    result = run(path)
    assert result.exit_code == 1, result.output
    assert result.stdout.count("lost: ") == 1
    assert (tmp_path / "good.bin").read_bytes() == b"x"


def test_relative_folders_of_a_script_are_put_below_out(path: Path, tmp_path: Path) -> None:
    path.write_text(
        "import omni.replicator.core as rep\nrep.BackendDispatch(output_dir='run').write_blob('a.bin', b'x')\n"
    )
    assert run(path, "--out", tmp_path / "here").exit_code == 0
    assert (tmp_path / "here" / "run" / "a.bin").read_bytes() == b"x"


def test_a_real_isaac_sim_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text("import omni.usd\n")
    monkeypatch.setenv("ISAAC_PATH", "/isaac-sim")
    result = run(path)
    assert result.exit_code == 2
    assert "ISAAC_PATH=/isaac-sim" in result.stderr
    assert run(path, "--stand-in").exit_code == 0
    assert "omni.usd" not in sys.modules
