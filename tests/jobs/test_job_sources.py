"""Shards of one job are made of the same files, also of those that the job's file does not name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

from making import made

from framepress.errors import InputError
from framepress.jobs.gather import merge_shards
from framepress.jobs.spec import read_job

PART = """#usda 1.0
def Xform "World" {
    def Camera "Eye" { double3 xformOp:translate = (0, 0, 9) uniform token[] xformOpOrder = ["xformOp:translate"] }
    def Cube "Cube" { double size = SIZE }
}
"""


def of_a_scene(folder: Path, size: int) -> Path:
    """A job whose scene has all that is seen in a sublayer."""
    folder.mkdir(exist_ok=True)
    text = PART.replace("SIZE", str(size)).replace("{ ", "{\n").replace(" }", "\n}").replace(" uniform", "\nuniform")
    (folder / "part.usda").write_text(text)
    (folder / "scene.usda").write_text("#usda 1.0\n( subLayers = [@./part.usda@] )\n")
    path = folder / "job.yaml"
    path.write_text(
        "scene: scene.usda\nnum_frames: 4\nresolution: [32, 24]\n"
        "writer_config: {formats: {coco: {segmentation: none}}, labels: [crate]}\n"
    )
    return path


def test_a_file_that_the_scene_refers_to_may_not_change_between_shards(tmp_path: Path) -> None:
    job = of_a_scene(tmp_path, 1)
    made(job, tmp_path, 0, 2)
    of_a_scene(tmp_path, 2)
    made(job, tmp_path, 1, 2)
    with pytest.raises(InputError, match=r"00001-of-00002: files is '[0-9a-f]{64}', but '[0-9a-f]{64}' in the first"):
        merge_shards(read_job(job), tmp_path)
    shutil.rmtree(tmp_path / "shards" / "00001-of-00002")
    of_a_scene(tmp_path, 1)
    made(job, tmp_path, 1, 2)
    assert merge_shards(read_job(job), tmp_path).frames == 4


def test_a_probe_that_shards_go_by_may_not_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = of_a_scene(tmp_path, 1)
    made(job, tmp_path, 0, 2)
    answers = {name: {"answer": "unknown"} for name in ("depth_unit", "aperture_sign")}
    document = {"schema": "framepress.probe", "version": 1, "host": {"stand_in": True}, "answers": answers}
    (tmp_path / "probe.json").write_text(json.dumps(document))
    monkeypatch.setenv("FRAMEPRESS_PROBE", str(tmp_path / "probe.json"))
    made(job, tmp_path, 1, 2)
    with pytest.raises(InputError, match=r"00001-of-00002: probe is '[0-9a-f]{64}', but None in the first"):
        merge_shards(read_job(job), tmp_path)
