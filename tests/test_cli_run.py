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


LOSING = """
import sys
import omni.replicator.core as rep
from framepress.replicator import build_writer

class Third(rep.Writer):
    def __init__(self):
        self.annotators = ["camera_params"]

    def write(self, data):
        raise ValueError("mine")

rep.create.cube(semantics=[("class", "crate")])
product = rep.create.render_product(rep.create.camera(position=(0, -6, 3), look_at=(0, 0, 0)), (32, 24))
ours = build_writer(rep)(output_dir=sys.argv[1], formats={"coco": {"images": "none"}}, labels=["box"])
for writer in (Third(), ours):
    writer.attach(product)
for _ in range(6):
    rep.orchestrator.step()
rep.orchestrator.wait_until_complete()
"""


def test_a_lost_frame_is_a_line_and_an_error_from_a_new_place_has_its_traceback(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text(LOSING)
    run(path, "--", tmp_path / "out")
    told = caplog.text
    assert told.count("Third.write: ValueError: mine\n") == 6
    assert told.count("class 'crate' is not in the label map") == 6
    assert told.count("Traceback") == 1
    assert 'script.py", line 11, in write' in told


def test_all_tracebacks_are_there_for_who_looks_for_a_bug(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FRAMEPRESS_DEBUG", "1")
    path.write_text(LOSING)
    run(path, "--", tmp_path / "out")
    assert caplog.text.count('script.py", line 11, in write') == 6


def test_of_many_lost_frames_the_end_tells_a_few_and_the_document_all(path: Path, tmp_path: Path) -> None:
    path.write_text(LOSING)
    end = run(path, "--", tmp_path / "a").stdout.splitlines()
    assert sum(line.startswith("lost: ") for line in end) == 11
    assert "lost: 2 more, told on stderr as they happened; --json lists them all" in end
    document = json.loads(run(path, "--json", "--", tmp_path / "b").stdout)
    assert len(document["failures"]) == 12


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
