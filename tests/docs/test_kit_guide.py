"""docs/kit.md: what it says can be run here is run here, and what it names is there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

import framepress
from framepress.cli import main
from framepress.jobs.spec import _KEYS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "kit.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^<!-- file: (\S+) -->\n```python\n(.*?)^```", PAGE, re.M | re.S))
COMMANDS = [
    line
    for block in re.findall(r"^<!-- run -->\n```sh\n(.*?)^```", PAGE, re.M | re.S)
    for line in block.strip().splitlines()
]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's folders as the page expects them, with few and small frames."""
    for variable in ("ISAAC_PATH", "CARB_APP_PATH", "JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "RANK"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "python"))
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "data").mkdir()
    for name in ("python", "data/scenes"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    shrunk(ROOT / "data" / "aisle.py", tmp_path / "data" / "aisle.py", "(960, 540)", "(96, 54)")
    job = tmp_path / "config" / "jobs" / "warehouse.yaml"
    shrunk(job, job, "num_frames: 24", "num_frames: 3")
    for name, code in FILES.items():
        (tmp_path / name).write_text(code)
    return tmp_path


def shrunk(source: Path, target: Path, before: str, after: str) -> None:
    text = source.read_text()
    assert before in text
    target.write_text(text.replace(before, after))


def files_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "ledger.jsonl")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_every_command_that_can_run_here_does(checkout: Path) -> None:
    assert len(COMMANDS) >= 8
    for command in COMMANDS:
        name, *arguments = shlex.split(command)
        assert name == "framepress"
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, f"{command}\n{done.output}"
    out = checkout / "out"
    assert (out / "exts" / "framepress.replicator" / "config" / "extension.toml").is_file()
    assert files_of(out / "two" / "dataset") == files_of(out / "three" / "dataset")
    assert len(list(framepress.open(out / "first").frames())) == 3
    (rig,) = framepress.open(out / "rig").frames()
    assert [(view.name, len(view.objects)) for view in rig.views] == [("Left", 1), ("Right", 1), ("Top", 1)]
    assert json.loads((out / "probe.json").read_text())["answers"]["depth_unit"]["answer"] == "scene units"


@pytest.mark.parametrize("release", ["5.1", "6.0"])
def test_the_recorders_parameters_make_a_dataset_in_both_of_its_ways(release: str, checkout: Path) -> None:
    script = FILES["first.py"].replace('labels=["crate"]', "**parameters").replace('formats="coco,yolo", ', "")
    assert script.count("**parameters") == 1
    script = (
        "import json\nfrom pathlib import Path\nparameters = json.loads(Path('config/recorder.json').read_text())\n"
        + script
    )
    if release == "6.0":
        script = script.replace("writer.initialize(output_dir=str(", "backend = rep.backends.get('DiskBackend')\n"
                                "backend.initialize(output_dir=str(").replace(
            "absolute()), **parameters)", "absolute()))\nwriter.initialize(backend=backend, **parameters)")  # fmt: skip
    (checkout / "recorded.py").write_text(script)
    done = CliRunner().invoke(main, ["run", "recorded.py", "--stand-in", "--release", release])
    assert done.exit_code == 0, done.output
    dataset = framepress.open(checkout / "out" / "first")
    assert dataset.labels().names == ("crate",)
    assert len(list(dataset.frames())) == 3


class Tensor(np.ndarray[Any, Any]):
    """As much of a tensor as the page uses."""

    def cpu(self) -> np.ndarray[Any, Any]:
        return np.array(self)


def tensor(values: Any) -> Tensor:
    return np.asarray(values).view(Tensor)


def test_frames_of_isaac_lab_become_a_dataset(tmp_path: Path) -> None:
    module = ModuleType("lab")
    exec(compile(FILES["lab.py"], "lab.py", "exec"), module.__dict__)
    ids = np.zeros((2, 30, 40, 1), np.int32)
    ids[0, 5:12, 8:20] = 3
    ids[1, 20:30, 0:4] = 7
    paths = [{3: "/World/env_0/Cube", 9: "/World/env_0/Floor"}, {"7": "/World/env_1/Cube"}]
    half = np.sqrt(0.5)
    data = SimpleNamespace(
        output={
            "rgb": tensor(np.full((2, 30, 40, 4), 90, np.uint8)),
            "distance_to_image_plane": tensor(np.full((2, 30, 40, 1), 2.5, np.float32)),
            "instance_segmentation_fast": tensor(ids),
        },
        pos_w=tensor([[0.0, 0, 1], [4, 0, 1]]),
        quat_w_ros=tensor([[1.0, 0, 0, 0], [half, half, 0, 0]]),
        intrinsic_matrices=tensor([[[50.0, 0, 20], [0, 50, 15], [0, 0, 1]]] * 2),
        info=[{"instance_segmentation_fast": {"idToLabels": entry}} for entry in paths],
    )
    labels_of = {f"/World/env_{number}/Cube": "cube" for number in range(2)}
    report = module.press(SimpleNamespace(data=data), labels_of, range(2), tmp_path / "set")
    assert (report.frames, report.objects) == (4, 4)
    frames = list(framepress.open(tmp_path / "set").frames())
    assert [frame.sequence for frame in frames] == ["env0", "env1", "env0", "env1"]
    np.testing.assert_array_equal(frames[0].view.objects.box, [[8, 5, 20, 12]])
    np.testing.assert_array_equal(frames[1].view.objects.box, [[0, 20, 4, 30]])
    assert frames[0].view.objects.area[0] == 7 * 12
    assert frames[1].view.objects.track == ("/World/env_1/Cube",)
    np.testing.assert_allclose(frames[1].view.camera.world_from_camera[:3] @ [0, 0, 1, 1], [4, -1, 1], atol=1e-6)


def test_the_page_names_every_key_of_a_job_and_files_that_are_there() -> None:
    table = PAGE.partition("| key | meaning |")[2].partition("\n\n")[0]
    named = {key for row in table.splitlines()[2:] for key in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(_KEYS) - {"writer", "arguments"}
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link


def test_the_application_file_switches_off_what_spoils_a_capture() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no TOML reader")
    with (ROOT / "config" / "framepress.kit").open("rb") as stream:
        document = tomllib.load(stream)
    settings = document["settings"]
    assert settings["omni"]["replicator"] == {"asyncRendering": False, "captureOnPlay": False}
    assert settings["persistent"]["omni"]["replicator"]["captureOnPlay"] is False
    assert settings["app"]["asyncRendering"] is False
    assert {"omni.replicator.core", "framepress.replicator"} <= set(document["dependencies"])
    folder = settings["app"]["exts"]["folders"]["++"][0]
    assert (ROOT / "config" / folder.removeprefix("${app}/") / "framepress.replicator").is_dir()
