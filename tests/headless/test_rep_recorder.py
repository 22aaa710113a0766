"""Isaac Sim's recorder starts a writer by name in two ways, up to 5.1 and from 6.0 on: each works in its releases."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from stand_in_session import CAMERA, RELEASES, SIZE, opened

from framepress.formats import basic
from framepress.headless import rep
from framepress.headless.host import Host

PARAMETERS = {"rgb": True, "camera_params": True, "bounding_box_2d_tight": True, "semantic_types": ["shape"]}


async def record(host: Host, folder: Path, frames: int) -> None:
    """As the recorder's loop."""
    writer = rep.WriterRegistry.get("BasicWriter")
    if host.release == "6.0":
        backend = rep.backends.get("DiskBackend")
        backend.initialize(output_dir=str(folder))
        writer.initialize(backend=backend, **PARAMETERS)
    else:
        writer.initialize(output_dir=str(folder), **PARAMETERS)
    products = [rep.create.render_product(CAMERA, SIZE, force_new=True, name=name) for name in (None, "custom")]
    writer.attach(products)
    for _ in range(frames):
        await rep.orchestrator.step_async(rt_subframes=2, delta_time=None, pause_timeline=False)
    await rep.orchestrator.wait_until_complete_async()
    writer.detach()
    for product in products:
        product.destroy()


@pytest.mark.parametrize("release", RELEASES)
def test_both_ways_record_the_same(release: Any, tmp_path: Path) -> None:
    host = opened(release)
    asyncio.run(record(host, tmp_path, 3))
    assert not host.failures
    assert host.products == {}
    frames = list(basic.read(tmp_path))
    assert [[view.name for view in frame.views] for frame in frames] == [["Replicator", "custom"]] * 3
    assert (tmp_path / "metadata.txt").is_file()


def test_a_parameter_file_with_a_folder_of_its_own_fails_as_there(tmp_path: Path) -> None:
    opened("5.1")
    writer = rep.WriterRegistry.get("BasicWriter")
    with pytest.raises(TypeError, match="output_dir"):
        writer.initialize(output_dir=str(tmp_path), **{"output_dir": "x"})


def test_recording_twice_in_a_session_starts_anew(tmp_path: Path) -> None:
    host = opened("5.0")
    for name in ("a", "b"):
        asyncio.run(record(host, tmp_path / name, 2))
        pictures = sorted(path.name for path in (tmp_path / name / "custom" / "rgb").iterdir())
        assert pictures == ["rgb_0000.png", "rgb_0001.png"]
