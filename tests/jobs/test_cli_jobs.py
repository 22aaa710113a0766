"""`framepress job`: the commands, and the launcher that judges shards by what they left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from making import SCRIPT, tree, written

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

from framepress import errors
from framepress.cli import main
from framepress.jobs.launch import gpus_here

ROOT = Path(__file__).parents[2]
JOBS = ROOT / "config" / "jobs"


@pytest.fixture(autouse=True)
def _no_isaac_sim(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ISAAC_PATH", "CARB_APP_PATH", "JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "RANK"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(errors.__file__).parents[1]))


def job(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["job", *(str(argument) for argument in arguments)])


def test_launching_shards_is_running_them_one_by_one_and_merging(tmp_path: Path) -> None:
    file = written(tmp_path, frames=4)
    done = job("launch", file, tmp_path / "a", "--shards", 2, "--at-once", 1, "--stand-in", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["frames"] == 4
    for shard in ("0/2", "1/2"):
        done = job("run", file, tmp_path / "b", "--shard", shard)
        assert done.exit_code == 0, done.output
    assert "frames 2 to 3, 2 of them made now" in done.stdout
    assert job("merge", file, tmp_path / "b").exit_code == 0
    assert tree(tmp_path / "a" / "dataset") == tree(tmp_path / "b" / "dataset")
    again = job("launch", file, tmp_path / "a", "--shards", 2)
    assert again.exit_code == 0, again.output


def test_each_process_sees_one_gpu_and_is_judged_by_what_it_left(tmp_path: Path) -> None:
    file = written(tmp_path, frames=4)
    python = tmp_path / "python.py"
    python.write_text(f"""
import os, runpy, sys
with open({str(tmp_path / "seen")!r}, "a") as seen:
    print(os.environ["CUDA_VISIBLE_DEVICES"], file=seen)
marker = __file__ + ".once"
if "0/2" in sys.argv and not os.path.exists(marker):
    open(marker, "w").close()
    os._exit(0)  # a simulator that ends well and wrote nothing
sys.argv = sys.argv[2:]
try:
    runpy.run_module("framepress.jobs", run_name="__main__", alter_sys=True)
finally:
    os._exit(139)  # one that crashes when all is written
""")
    arguments = ("launch", file, tmp_path / "out", "--shards", 2, "--gpus", "0,GPU-b", "--python")
    first = job(*arguments, f"{sys.executable} {python}")
    assert first.exit_code == 4, first.output
    assert "shard 0/2 (frames 0 to 1) is missing" in first.stderr
    assert "00000-of-00002.log" in first.stderr
    assert set((tmp_path / "seen").read_text().split()) == {"0", "GPU-b"}
    second = job(*arguments, f"{sys.executable} {python}")
    assert second.exit_code == 0, second.output


def test_a_launch_that_is_told_to_end_ends_what_it_has_started(tmp_path: Path) -> None:
    file = written(tmp_path, frames=2)
    started = tmp_path / "started"
    wrapper = tmp_path / "python.sh"  # as Isaac Sim's: Python is a process below it, which a signal to it alone spares
    wrapper.write_text(f"#!/bin/sh\n{sys.executable} -c 'import os, sys, time; "
                       f'print(os.getpid(), file=open(sys.argv[1], "w"), flush=True); time.sleep(600)\' {started}\n'
                       "exit $?\n")  # fmt: skip
    wrapper.chmod(0o755)
    command = [sys.executable, "-m", "framepress.cli", "job", "launch", str(file), str(tmp_path / "out")]
    process = subprocess.Popen([*command, "--shards", "1", "--python", str(wrapper)], stderr=subprocess.PIPE, text=True)
    while not (started.is_file() and started.read_text().strip()):
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on" in told
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)


def test_a_launch_tells_why_a_shard_is_not_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "a job", frames=2, script=SCRIPT + "    if frame_index: raise ValueError('mine')\n")
    python = tmp_path / "python.sh"  # one that changes the working folder
    python.write_text(f'#!/bin/sh\ncd /\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    done = job("launch", "a job/job.yaml", "out", "--shards", 2, "--at-once", 1, "--stand-in", "--python", python)
    assert done.exit_code == 4
    assert "shard 0/2 (frames 0 to 0) is complete" in done.stderr
    assert "frame 000001: " in done.stderr
    assert "ValueError: mine; see " in done.stderr
    done = job("merge", file, tmp_path / "out")
    assert f"framepress job run '{file}' {tmp_path / 'out'} --shard INDEX/2" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--python", ""], "names no command"),
        (["--python", "'"], "No closing quotation"),
        (["--gpus", ""], "name each one once"),
        (["--per-gpu"], "CUDA_VISIBLE_DEVICES='NoDevFiles' leaves none"),
    ],
)
def test_a_launch_that_cannot_be_is_refused(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "NoDevFiles")
    done = job("launch", written(tmp_path, frames=2), tmp_path / "out", "--shards", 2, *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_schedulers_share_of_the_gpus_is_not_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, GPU-5")
    assert gpus_here() == ["2", "GPU-5"]


def test_one_process_per_gpu_needs_a_way_to_tell_the_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path, frames=2)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    done = job("launch", file, tmp_path / "out", "--shards", 2, "--per-gpu")
    assert done.exit_code == 2
    assert "nvidia-smi does not tell the GPUs" in done.stderr


def test_a_job_that_cannot_be_is_a_usage_error_with_its_place(tmp_path: Path) -> None:
    file = written(tmp_path, job="script: script.py\nnum_frames: many # {frames}\n")
    for command in (["run", file, tmp_path / "out"], ["launch", file, tmp_path / "out", "--shards", 2]):
        done = job(*command)
        assert done.exit_code == 2
        assert 'job.yaml: num_frames: "many"; expected a whole number of at least 1' in done.stderr


def test_the_warehouse_job_makes_its_dataset(tmp_path: Path) -> None:
    scene = ROOT / "data" / "scenes" / "warehouse" / "warehouse.usda"
    aisle = (ROOT / "data" / "aisle.py").read_text().replace("(960, 540)", "(96, 54)")
    (tmp_path / "aisle.py").write_text(
        aisle.replace('Path(__file__).parent / "scenes" / "warehouse" / "warehouse.usda"', f"Path({str(scene)!r})")
    )
    text = (JOBS / "warehouse.yaml").read_text().replace("num_frames: 24", "num_frames: 2")
    text = text.replace("../../data/aisle.py", "aisle.py").replace("../labels", str(ROOT / "config" / "labels"))
    (tmp_path / "warehouse.yaml").write_text(text)
    done = job("run", tmp_path / "warehouse.yaml", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    info = CliRunner().invoke(main, ["info", json.loads(done.stdout)["path"], "--json"])
    found = json.loads(info.stdout)
    assert found["frames"] == 2
    assert found["views"] == 4
    assert found["origin"]["producer"] != "Isaac Sim"


def test_an_env_url_needs_an_asset_root_and_says_so(tmp_path: Path) -> None:
    done = job("run", JOBS / "isaac_warehouse.yaml", tmp_path)
    assert done.exit_code == 4
    assert "env_url: /Isaac/Environments/Simple_Warehouse/full_warehouse.usd: no assets are here" in done.stderr


def test_the_script_for_nvidias_warehouse_labels_and_walks_about_in_a_scene_of_that_kind(tmp_path: Path) -> None:
    (tmp_path / "hall.usda").write_text(
        '#usda 1.0\n(\n    upAxis = "Z"\n    metersPerUnit = 1\n)\ndef Xform "World"\n{\n'
        + "".join(
            f'    def Cube "{name}_{number:02}"\n    {{\n'
            f"        double3 xformOp:translate = ({3 * number - 30}, {y}, 0)\n"
            '        uniform token[] xformOpOrder = ["xformOp:translate"]\n    }\n'
            for y, name in ((-12, "SM_RackShelf"), (0, "SM_PaletteA"), (12, "SM_CardBoxD"), (25, "Forklift"))
            for number in range(20)
        )
        + "}\n"
    )
    text = (JOBS / "isaac_warehouse.yaml").read_text().replace("num_frames: 400", "num_frames: 6")
    text = text.replace("isaac_warehouse.py", str(JOBS / "isaac_warehouse.py"))
    env = "env_url: /Isaac/Environments/Simple_Warehouse/full_warehouse.usd"
    assert env in text
    (tmp_path / "job.yaml").write_text(text.replace(env, "scene: hall.usda"))
    done = job("run", tmp_path / "job.yaml", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    info = CliRunner().invoke(main, ["info", json.loads(done.stdout)["path"], "--json"])
    assert json.loads(info.stdout)["objects"] > 0


def test_in_the_extension_jobs_and_the_probe_need_nothing_that_isaac_sim_lacks(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["kit", "build", str(tmp_path)])
    assert done.exit_code == 0, done.output
    library = tmp_path / "framepress.replicator" / "vendor"
    code = (
        "import sys\n"
        "for name in ('click', 'msgspec', 'warp', 'pxr', 'numba', 'isal'): sys.modules[name] = None\n"
        "import framepress.jobs.__main__ as jobs, framepress.replicator.probe\n"
        "print(jobs.__file__); sys.exit(jobs.main(sys.argv[1:]))"
    )
    file = written(tmp_path / "job")
    ran = subprocess.run(
        [sys.executable, "-c", code, str(file), str(tmp_path / "out"), "--stand-in"],
        env={**os.environ, "PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
    )
    place, answer = ran.stdout.splitlines()
    assert Path(place).is_relative_to(library)
    assert json.loads(answer)["error"]["kind"] == "ImportError", "the stand-in is left out there, and that is told"
    assert ran.returncode == 2, ran.stderr
