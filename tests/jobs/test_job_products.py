"""A job captures what its script makes: render products of one camera, of several, and of several in one picture."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

from making import made

import framepress

SCRIPT = """
import omni.replicator.core as rep

rep.create.cube(semantics=[("class", "crate")])
rep.create.light(light_type="dome")
cameras = [rep.create.camera(position=(x, -6, 3), look_at=(0, 0, 0), name=f"Eye_{x}") for x in range(3)]
"""
JOB = "script: script.py\nnum_frames: 1\nwriter_config: {formats: native, labels: [crate]}\n"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("rep.create.render_product(cameras, (32, 24))", ["Replicator", "Replicator_01", "Replicator_02"]),
        ("rep.create.render_product_tiled(cameras=cameras, tile_resolution=(32, 24))", ["Eye_0", "Eye_1", "Eye_2"]),
        (
            "rep.create.render_product(cameras[0], (32, 24), name='Own')\n"
            "rep.create.render_product_tiled(cameras=cameras[1:], tile_resolution=(32, 24))",
            ["Eye_1", "Eye_2", "Own"],
        ),
    ],
)
def test_each_camera_is_a_view(tmp_path: Path, line: str, names: list[str]) -> None:
    (tmp_path / "script.py").write_text(SCRIPT + line)
    (tmp_path / "job.yaml").write_text(JOB)
    made(tmp_path / "job.yaml", tmp_path, 0, 1)
    (folder,) = (tmp_path / "shards").iterdir()
    (frame,) = framepress.open(folder).frames()
    assert sorted(view.name for view in frame.views) == names
    assert [view.camera.size_wh for view in frame.views] == [(32, 24)] * 3
