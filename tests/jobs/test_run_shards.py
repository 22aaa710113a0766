"""Shards of a job make one dataset, the same for any number of them, killed or not."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from making import JOB, SCRIPT, made, tree, written

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

from framepress.dataset.opening import open_dataset
from framepress.errors import FrameError, FramepressError, InputError, OptionError
from framepress.headless import stand_in
from framepress.jobs import hosts, merge_shards, read_job


@pytest.fixture(autouse=True)
def _no_isaac_sim(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ISAAC_PATH", "CARB_APP_PATH", "JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "RANK"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A job of 40 frames, and what it makes in one piece."""
    folder = tmp_path_factory.mktemp("job")
    job = written(folder)
    done = made(job, folder / "one")
    assert (done["made"], done["frames"], done["host"]) == (40, [0, 40], "stand-in")
    merge_shards(read_job(job), folder / "one")
    return job, tree(folder / "one" / "dataset")


def test_four_shards_of_ten_frames_are_one_of_forty_to_the_byte(
    whole: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    job, expected = whole
    for index in (2, 0, 3, 1):
        made(job, tmp_path, index, 4)
    merge_shards(read_job(job), tmp_path)
    assert tree(tmp_path / "dataset") == expected
    frames = list(open_dataset(tmp_path / "dataset").frames())
    assert [frame.index for frame in frames] == list(range(40))
    assert len({frame.view.channels["rgb"].tobytes() for frame in frames}) == 40, "no frame comes twice"


def test_the_hook_gets_the_same_numbers_for_a_frame_whichever_shard_makes_it(tmp_path: Path) -> None:
    told = []
    for name, count in (("one", 1), ("three", 3)):
        job = written(tmp_path / name, frames=6)
        for index in range(count):
            made(job, tmp_path / name / "out", index, count)
        told.append(dict(line.split() for line in (tmp_path / name / "hook.txt").read_text().splitlines()))
    assert told[0] == told[1]
    assert sorted(map(int, told[0])) == list(range(6))
    assert len(set(told[0].values())) == 6


def test_a_shard_that_is_complete_is_not_made_again(tmp_path: Path) -> None:
    job = written(tmp_path, frames=3)
    assert made(job, tmp_path)["made"] == 3
    before = tree(tmp_path)
    assert made(job, tmp_path)["made"] == 0
    assert tree(tmp_path) == before


def test_a_shard_that_was_killed_and_run_again_gives_the_same(
    whole: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    job, expected = whole
    command = [sys.executable, "-m", "framepress.jobs", str(job), str(tmp_path), "--shard", "1/2", "--stand-in"]
    folder = tmp_path / "shards" / "00001-of-00002"
    for _ in range(10):  # again where it was done before the signal came
        shutil.rmtree(folder, ignore_errors=True)
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not list(folder.rglob("000023*")) and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        if process.wait() != 0:
            break
    assert process.returncode == -signal.SIGKILL, "it was to be killed in the middle"
    with pytest.raises(InputError, match=r"shard 0/2 \(frames 0 to 19\) is missing; shard 1/2 .* lacks \d+ frames"):
        merge_shards(read_job(job), tmp_path, count=2)
    made(job, tmp_path, 0, 2)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 0 < json.loads(done.stdout.splitlines()[-1])["made"] < 20, "what was there was kept"
    merge_shards(read_job(job), tmp_path)
    assert tree(tmp_path / "dataset") == expected


def test_a_shard_that_was_told_to_end_says_how_to_go_on_and_gives_the_same(
    whole: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    job, expected = whole
    command = [sys.executable, "-m", "framepress.jobs", str(job), str(tmp_path), "--stand-in"]
    folder = tmp_path / "shards" / "00000-of-00001"
    for _ in range(10):  # again where it was done before the signal came
        shutil.rmtree(folder, ignore_errors=True)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while not list(folder.rglob("000003*")) and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate()
        if process.returncode != 0:
            break
    assert process.returncode == 130
    assert "the same command goes on" in json.loads(told.splitlines()[-1])["error"]["message"]
    assert 0 < made(job, tmp_path)["made"] < 40, "what was there was kept"
    merge_shards(read_job(job), tmp_path)
    assert tree(tmp_path / "dataset") == expected


def test_shards_that_are_missing_are_named_with_their_frames(tmp_path: Path) -> None:
    job = written(tmp_path, frames=6)
    with pytest.raises(InputError, match="holds no shards"):
        merge_shards(read_job(job), tmp_path)
    made(job, tmp_path, 1, 3)
    with pytest.raises(InputError, match=r"shard 0/3 \(frames 0 to 1\) is missing; shard 2/3 .*--shard INDEX/3"):
        merge_shards(read_job(job), tmp_path)
    made(job, tmp_path, 0, 2)
    with pytest.raises(OptionError, match="shards of 2 and of 3; say which"):
        merge_shards(read_job(job), tmp_path)


def test_a_shard_of_another_edition_of_the_job_is_not_merged_and_not_gone_on_with(tmp_path: Path) -> None:
    job = written(tmp_path, frames=4)
    made(job, tmp_path, 0, 2)
    written(tmp_path, frames=4, script=SCRIPT.replace("(0, -9, 4)", "(0, -8, 4)"))
    made(job, tmp_path, 1, 2)
    for again in (lambda: merge_shards(read_job(job), tmp_path), lambda: made(job, tmp_path, 0, 2)):
        with pytest.raises(InputError, match="00000-of-00002: was made by another edition"):
            again()


def test_the_classes_of_the_scene_are_one_list_for_all_shards(tmp_path: Path) -> None:
    trees = []
    for classes, name in (("scene", "scene"), ("[ball, crate, post]", "given")):
        job = written(
            tmp_path / name,
            frames=4,
            job="script: script.py\nnum_frames: {frames}\nwriter_config: {{formats: coco, labels: LABELS}}\n".replace(
                "LABELS", classes
            ),
        )
        for index in range(2):
            made(job, tmp_path / name, index, 2)
        merge_shards(read_job(job), tmp_path / name)
        trees.append(json.loads((tmp_path / name / "dataset" / "annotations" / "instances_default.json").read_text()))
    assert [category["name"] for category in trees[0]["categories"]] == ["ball", "crate", "post"]
    assert trees[0]["annotations"] == trees[1]["annotations"]


def test_shards_need_one_list_of_classes(tmp_path: Path) -> None:
    job = written(tmp_path, job="script: script.py\nnum_frames: {frames}\nwriter_config: {{formats: coco}}\n")
    with pytest.raises(OptionError, match="labels is missing"):
        made(job, tmp_path, 0, 2)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("raise ValueError('mine')", r"script.py, line \d+: ValueError: mine"),
        ("import sys; sys.exit(3)", "ended with 3 before all was captured"),
        ("randomize = 3", "make it a function"),
        ("rep.set_global_seed(7)", "sets the global seed to 7, .*write `seed: 7` in .*job.yaml"),
    ],
)
def test_a_script_that_fails_ends_the_shard(tmp_path: Path, added: str, said: str) -> None:
    job = written(tmp_path, frames=2, script=f"{SCRIPT}\n{added}\n")
    with pytest.raises(FramepressError, match=said):
        made(job, tmp_path)


def test_a_frame_that_cannot_be_written_ends_the_shard_with_its_reason(tmp_path: Path) -> None:
    job = written(tmp_path, frames=4, job=JOB.replace("[crate, ball, post]", "[crate, ball]"))
    with pytest.raises(FrameError, match="frame 000000: class 'post' is not in the label map"):
        made(job, tmp_path)


def test_what_a_failing_hook_left_is_gone_on_with(whole: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    full = "    if frame_index == 23 and __import__('os').path.exists(LOG + '.full'): raise OSError('full')\n"
    job = written(tmp_path, script=SCRIPT + full)
    (tmp_path / "hook.txt.full").touch()
    with pytest.raises(InputError, match=r"frame 000023: .*script.py, line \d+: OSError: full"):
        made(job, tmp_path, 1, 2)
    assert len(list(open_dataset(tmp_path / "shards" / "00001-of-00002").frames())) == 3
    (tmp_path / "hook.txt.full").unlink()
    assert made(job, tmp_path, 1, 2)["made"] == 17
    made(job, tmp_path, 0, 2)
    merge_shards(read_job(job), tmp_path)
    own = {path: content for path, content in tree(tmp_path / "dataset").items() if not path.startswith(".framepress")}
    assert own == {path: content for path, content in whole[1].items() if not path.startswith(".framepress")}


SCENE = (
    '#usda 1.0\n(\n    upAxis = "Z"\n    metersPerUnit = 1\n    startTimeCode = 5\n    timeCodesPerSecond = 10\n)\n'
    'def Cube "Crate" (\n    prepend apiSchemas = ["SemanticsLabelsAPI:class"]\n)\n{\n'
    '    token[] semantics:labels:class = ["crate"]\n'
    "    double3 xformOp:translate.timeSamples = {5: (-2, 0, 0), 11: (2, 0, 0)}\n"
    '    uniform token[] xformOpOrder = ["xformOp:translate"]\n}\n'
    'def Camera "Eye"\n{\n    double3 xformOp:translate = (0, 0, 9)\n'
    '    uniform token[] xformOpOrder = ["xformOp:translate"]\n}\n'
)

WALK = """
import omni.replicator.core as rep
import omni.usd
from pxr import Gf, UsdGeom

stage = omni.usd.get_context().get_stage()
place = UsdGeom.XformCommonAPI(stage.GetPrimAtPath("/Eye"))

def randomize(frame_index, rng):
    place.SetTranslate(Gf.Vec3d(*rng.uniform((-1, -1, 9), (1, 1, 9))))
"""


@pytest.mark.parametrize("script", ["", "script: walk.py\n"])
def test_as_in_isaac_sim_time_and_hook_alone_make_a_frame_what_it_is(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch for a real Isaac Sim, on the stand-in: no frame is gone through, the seed is the shard's own."""
    monkeypatch.setattr(hosts, "_stood_in", lambda: False)
    (tmp_path / "scene.usda").write_text(SCENE)
    (tmp_path / "walk.py").write_text(WALK)
    job = tmp_path / "job.yaml"
    job.write_text(
        f"scene: scene.usda\n{script}resolution: [64, 48]\nnum_frames: 7\n"
        "writer_config: {formats: native, labels: [crate]}\n"
    )
    trees = []
    for count in (1, 3):
        for index in range(count):
            assert made(job, tmp_path / str(count), index, count)["host"] == "isaac-sim"
        merge_shards(read_job(job), tmp_path / str(count))
        trees.append(tree(tmp_path / str(count) / "dataset"))
    assert trees[0] == trees[1]
    frames = list(open_dataset(tmp_path / "3" / "dataset").frames())
    first = 1 if script else 0  # time codes before the first frame
    assert [frame.time_ns for frame in frames] == [500_000_000 + 100_000_000 * (first + step) for step in range(7)]
    assert len({frame.view.camera.world_from_camera[0, 3] for frame in frames}) == (7 if script else 1)


def test_what_a_script_did_to_a_scene_is_gone_when_the_next_shard_opens_it(tmp_path: Path) -> None:
    (tmp_path / "scene.usda").write_text(SCENE)
    (tmp_path / "up.py").write_text(
        "import omni.usd\n"
        "eye = omni.usd.get_context().get_stage().GetPrimAtPath('/Eye').GetAttribute('xformOp:translate')\n"
        "eye.Set(eye.Get() + type(eye.Get())(0, 0, 1))\n"
        "def randomize(frame_index, rng): assert eye.Get()[2] == 10, eye.Get()\n"
    )
    job = tmp_path / "job.yaml"
    job.write_text("scene: scene.usda\nscript: up.py\nnum_frames: 2\nwriter_config: {formats: coco, labels: [crate]}\n")
    for index in range(2):
        assert made(job, tmp_path, index, 2)["made"] == 1


def test_as_in_isaac_sim_shards_do_not_repeat_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_stood_in", lambda: False)
    job = written(tmp_path, frames=6)
    for index in range(3):
        made(job, tmp_path, index, 3)
    merge_shards(read_job(job), tmp_path)
    frames = list(open_dataset(tmp_path / "dataset").frames())
    assert len({frame.view.channels["rgb"].tobytes() for frame in frames}) == 6


def test_a_scene_plays_on_through_its_shards(tmp_path: Path) -> None:
    (tmp_path / "scene.usda").write_text(SCENE)
    job = tmp_path / "job.yaml"
    job.write_text(
        "scene: scene.usda\nresolution: [64, 48]\nnum_frames: 7\nwriter_config: {formats: native, labels: [crate]}\n"
    )
    trees = []
    for count in (1, 3):
        for index in range(count):
            made(job, tmp_path / str(count), index, count)
        merge_shards(read_job(job), tmp_path / str(count))
        trees.append(tree(tmp_path / str(count) / "dataset"))
    assert trees[0] == trees[1]
    frames = list(open_dataset(tmp_path / "3" / "dataset").frames())
    middles = [frame.view.objects.box3d.center[0, 0] for frame in frames]
    assert middles == pytest.approx([-2 + 4 * step / 6 for step in range(7)], abs=1e-5)


def test_inside_an_editor_a_shard_is_made_without_blocking_it(tmp_path: Path) -> None:
    job = written(tmp_path, frames=3)
    script = tmp_path / "inside.py"
    script.write_text(f"""
import asyncio, builtins
import carb.settings
from framepress.jobs import run_shard, run_shard_async

builtins.ISAAC_LAUNCHED_FROM_TERMINAL = True
spec = {{"job": {str(job)!r}, "out": {str(tmp_path / "out")!r}}}
try:
    run_shard(spec)
except Exception as error:
    assert "run_shard_async" in str(error), error
else:
    raise AssertionError("it blocked")
carb.settings.get_settings().set("/omni/replicator/captureOnPlay", True)

async def go():
    done = await run_shard_async(spec)
    assert done["made"] == 3
    assert carb.settings.get_settings().get("/omni/replicator/captureOnPlay") is True

asyncio.ensure_future(go())
""")
    outcome = stand_in.run(script, stand_in=True)
    assert outcome.error is None, outcome.error_text
    alone = tmp_path / "alone"
    made(job, alone)
    assert tree(tmp_path / "out" / "shards") == tree(alone / "shards")


@pytest.mark.parametrize("arguments", [["--shard", "0/1"], ["--shards", "two"]])
def test_an_editor_without_a_window_ends_whatever_happens(arguments: list[str], tmp_path: Path) -> None:
    """Nobody else would end it: its GPU would stand idle until the scheduler's limit."""
    job = written(tmp_path, frames=2, script=SCRIPT + "    raise MemoryError('mine')\n")
    script = tmp_path / "exec.py"
    script.write_text(f"""
import builtins, runpy, sys
import omni.kit.app
from framepress.jobs import __main__ as jobs

original = omni.kit.app.get_app().post_quit
omni.kit.app.get_app().post_quit = lambda code=0: (print("ended with", code), original(code))
builtins.ISAAC_LAUNCHED_FROM_TERMINAL = True
sys.argv = [jobs.__file__, {str(job)!r}, {str(tmp_path / "out")!r}, *{arguments!r}]
runpy.run_path(jobs.__file__, run_name="__main__")
""")
    command = [sys.executable, "-m", "framepress.cli", "run", str(script), "--stand-in"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert f"ended with {4 if arguments[0] == '--shard' else 2}" in done.stdout, done.stderr


@pytest.mark.slow
def test_eight_shards_of_125_frames_are_one_of_1000_to_the_byte(tmp_path: Path) -> None:
    job = written(tmp_path, frames=1000)
    trees = []
    for count in (1, 8):
        for index in range(count):
            made(job, tmp_path / str(count), index, count)
        merge_shards(read_job(job), tmp_path / str(count))
        trees.append(tree(tmp_path / str(count) / "dataset"))
    assert trees[0] == trees[1]
