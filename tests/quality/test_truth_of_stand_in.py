"""Truth rules on what the stand-in renders: crowds, nested and multiplied prims, balls, a room, a puppet; each lens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
pytest.importorskip("warp", reason="rendering needs warp-lang")
from pxr import Usd

from framepress.core import Frame, Objects, View
from headless.true_frames import LENSES
from headless.true_scenes import SCENES
from quality.good_frames import SIZE, session, stand_in
from quality.mutations.truth import inverted, opengl, transposed, with_camera, with_channels
from quality.truth_found import found_in

FILES = Path(__file__).parents[2] / "data/scenes"
STAGES = [("tabletop", "Main"), ("tabletop", "Side"), ("warehouse", "Front"), ("warehouse", "Aisle")]
COUNT = 3


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("scene", SCENES)
def test_nothing_is_found_in_what_is_rendered_while_all_moves(scene: str, lens: str) -> None:
    frames = stand_in(scene, lens, COUNT)
    assert all(len(frame.view.objects) > 2 for frame in frames)
    assert not found_in(frames)


@pytest.mark.parametrize(("scene", "camera"), STAGES)
def test_nothing_is_found_in_the_demo_scenes(scene: str, camera: str) -> None:
    stage = Usd.Stage.Open(str(FILES / scene / f"{scene}.usda"))
    path = next(str(prim.GetPath()) for prim in stage.Traverse() if prim.GetName() == camera)
    frames = session(stage, path, (320, 180))
    assert len(frames[0].view.objects) > 4
    assert not found_in(frames)


def turned(degrees: float) -> Callable[[np.ndarray], np.ndarray]:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return lambda pose: pose @ np.array([[cos, 0, sin, 0], [0, 1, 0, 0], [-sin, 0, cos, 0], [0, 0, 0, 1]])


POSES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "transposed": transposed,
    "inverted": inverted,
    "opengl": opengl,
    "turned by 5 degrees": turned(5),
    "0.3 m away": lambda pose: pose + np.array([[0, 0, 0, 0.3], [0] * 4, [0] * 4, [0] * 4]),
}


@pytest.mark.parametrize("wrong", POSES)
@pytest.mark.parametrize("scene", SCENES)
def test_a_wrong_pose_is_found_in_each_scene(scene: str, wrong: str) -> None:
    view = stand_in(scene, "pinhole", COUNT)[0].view
    assert view.camera.world_from_camera is not None
    codes = codes_of(with_camera(view, world_from_camera=POSES[wrong](view.camera.world_from_camera)))
    assert codes & {"TRU-020", "TRU-021"}


def codes_of(view: View) -> set[str]:
    return {code for code, _ in found_in([Frame("0", 0, (view,))])}


@pytest.mark.parametrize("lens", [lens for lens in LENSES if lens != "pinhole"])
@pytest.mark.parametrize("scene", SCENES)
def test_a_lens_that_is_taken_for_a_pinhole_is_found(scene: str, lens: str) -> None:
    """By depth and range always; without range by the 3D boxes where the lens moves things by more than a pixel."""
    view = stand_in(scene, lens, COUNT)[0].view
    assert view.camera.K is None
    fx, fy, cx, cy = (LENSES[lens][name] / 2 for name in ("fx", "fy", "cx", "cy"))
    ignored = with_camera(view, K=np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]))
    assert "TRU-008" in codes_of(ignored)
    alone = codes_of(with_channels(ignored, range=None))
    if (scene, lens) in {("crowd", "opencvPinhole"), ("nested", "opencvPinhole"), ("crowd", "opencvFisheye")}:
        assert "TRU-020" in alone


@pytest.mark.parametrize("scene", ["crowd", "nested", "balls", "around", "multiplied"])
def test_labels_of_the_frame_before_are_found(scene: str) -> None:
    frames = stand_in(scene, "pinhole", COUNT)
    shifted = [
        after.replaced(views=(after.view.replaced(objects=before.view.objects),)) for before, after in pairwise(frames)
    ]
    codes = [code for code, _ in found_in(shifted)]
    assert "TRU-101" in codes
    assert "TRU-001" in codes


@pytest.mark.parametrize("scene", ["crowd", "nested", "balls", "around"])
def test_depth_that_lags_is_found_without_any_box(scene: str) -> None:
    frames = stand_in(scene, "pinhole", COUNT)
    lagging = []
    for before, after in pairwise(frames):
        stale = with_channels(after.view, depth=before.view.channels["depth"], range=None)
        assert SIZE == stale.camera.size_wh
        lagging.append(after.replaced(views=(stale.replaced(objects=without_boxes(stale)),)))
    assert "TRU-102" in {code for code, _ in found_in(lagging)}


def without_boxes(view: View) -> Objects:
    return Objects.build(view.objects.labels, id=view.objects.id, track=view.objects.track)
