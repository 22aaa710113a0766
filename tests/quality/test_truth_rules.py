"""Truth rules find what is broken, where it is, and nothing in frames that are true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

import frames as painted_frames
from framepress.capture.accounts import Accounts
from framepress.capture.boxes3d import quaternions
from framepress.capture.cameras import world_from_camera
from framepress.capture.policy import Policy
from framepress.core import Boxes3D, Camera, Frame, Objects, View
from framepress.formats import basic
from quality.good_frames import recording
from quality.mutations.truth import MUTATIONS, VIEW, Mutation, chosen_row, with_camera, with_channels, with_objects
from quality.truth_found import OF_FRAME, OF_PAIR, found_in


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    """Three frames of two cameras, in which things move, with every channel and a clock."""
    return [
        frame.replaced(
            time_ns=(index + 1) * 100_000_000,
            views=tuple(
                with_channels(
                    view, normal=facing(view.channels["depth"]), flow=np.zeros((*view.camera.size_wh[::-1], 2), "f4")
                )
                for view in frame.views
            ),
        )
        for index, frame in enumerate(recording(tmp_path_factory.mktemp("recording"), 3))
    ]


def facing(depth: np.ndarray) -> np.ndarray:
    """float32 (H, W, 3): unit vectors that turn with the distance; 0 0 0 where nothing is."""
    turn = np.nan_to_num(depth, posinf=0.0)
    normals = np.stack([np.sin(turn), np.zeros_like(turn), np.cos(turn)], axis=-1)
    return np.asarray(normals * (turn > 0)[..., None], np.float32)


def test_the_frames_to_be_broken_are_true(good: list[Frame]) -> None:
    assert not found_in(good)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_what_is_broken_is_found_where_it_is(good: list[Frame], mutation: Mutation) -> None:
    broken = mutation.change(good)
    found = found_in(broken)
    codes = {code for code, _ in found}
    assert mutation.code in codes, codes
    assert codes <= {mutation.code} | mutation.also, [(code, issue.message) for code, issue in found]
    view = next(view for view in good[mutation.frame].views if view.name == VIEW)
    row = chosen_row(view)
    hits = [
        issue
        for code, issue in found
        if code == mutation.code
        and issue.frame == good[mutation.frame].id
        and issue.view in (VIEW, "")
        and mutation.place in ("", issue.place)
        and (not mutation.row or issue.prim == view.objects.track[row])
    ]
    assert hits, found
    for issue in hits:
        assert issue.message
        assert "\n" not in issue.message
        if mutation.row:
            assert issue.box is not None


def test_every_rule_has_a_way_to_break_it() -> None:
    assert {mutation.code for mutation in MUTATIONS} == {rule.code for rule in (*OF_FRAME, *OF_PAIR)}


def test_a_wrong_camera_is_one_finding_and_not_one_an_object(good: list[Frame]) -> None:
    broken = next(mutation for mutation in MUTATIONS if mutation.name == "a camera matrix transposed").change(good)
    assert Counter(code for code, _ in found_in(broken)) == {"TRU-020": 1}


# ---- frames that are true --------------------------------------------------------------------------------------------


PAINTED: Mapping[str, Callable[[], Sequence[Frame]]] = {
    "mono": painted_frames.mono,
    "rig": painted_frames.rig,
    "imported": painted_frames.imported,
    "many": lambda: list(painted_frames.many(12)),
}


@pytest.mark.parametrize("name", PAINTED)
def test_nothing_is_found_in_painted_frames(name: str) -> None:
    """Holes, parts, one pixel, borders, crowds, hidden objects, masks without an instance map."""
    assert not found_in(PAINTED[name]())


def test_nothing_is_found_in_a_recording_with_a_frame_without_objects(capture: Path) -> None:
    assert not found_in(list(basic.read(capture, sequence="capture")))


@pytest.mark.parametrize("capture_name", ["adjacentClose", "fallRight", "mess"])
def test_nothing_is_found_in_real_captures(shared: Path, capture_name: str) -> None:
    """Simple_Warehouse: 291 to 567 objects a frame, occluded, cut off, of one pixel; range, boxes and camera agree."""
    folder = shared / "basicwriter-palletstability" / f"_out_sdrec_{capture_name}"
    frames = list(basic.read(folder, policy=Policy(comma="joined")))
    assert len(frames) == 1
    assert len(frames[0].view.objects) > 250
    assert not found_in(frames)


def test_a_wrong_camera_of_a_real_capture_is_found(shared: Path) -> None:
    folder = shared / "basicwriter-palletstability" / "_out_sdrec_mess"
    (frame,) = basic.read(folder, policy=Policy(comma="joined"))
    view = frame.view
    assert view.camera.K is not None
    # The vertical focal length that the stage's vertical aperture would give: the trap of this very recording.
    wrong = with_camera(view, K=view.camera.K * np.array([[1, 1, 1], [1, 854.5 / 1108.51, 1], [1, 1, 1]]))
    assert "TRU-020" in {code for code, _ in found_in([frame.replaced(views=(wrong,))])}


@pytest.mark.parametrize("product", ["rp1", "rp2"])
@pytest.mark.parametrize(("model", "wrong"), [("pinhole", False), ("pinholeOpenCV", True)])
def test_a_lens_that_isaac_sims_pose_writer_ignores_is_found(
    shared: Path, product: str, model: str, wrong: bool
) -> None:
    """PoseWriter states a pinhole's intrinsics for both: those of the second miss its own pixels by up to 38."""
    file = shared / f"isaacsim-golden/pose_writer/_out_test_pose_writer_{model}/{product}/000000.json"
    stored = json.loads(file.read_text())
    numbers = stored["camera_data"]["intrinsics"]
    K = np.array([[numbers["fx"], 0, numbers["cx"]], [0, numbers["fy"], numbers["cy"]], [0, 0, 1]])
    pose = world_from_camera(np.array(stored["camera_data"]["camera_view_matrix"]), 1.0, Accounts(), "golden")
    points = np.array([entry["cuboid_keypoints_world_frame"] for entry in stored["objects"]])
    pixels = np.array([entry["cuboid_keypoints_projected"] for entry in stored["objects"]])[:, 1:]
    sides = points[:, [5, 3, 2]] - points[:, [1]]  # of x, y and z, from the corner that is low in all
    size = np.linalg.norm(sides, axis=2)
    rotation = quaternions(np.swapaxes(sides / size[..., None], 1, 2))
    objects = Objects.build(
        [entry["label"] for entry in stored["objects"]],
        box=np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1),
        box3d=Boxes3D(points[:, 0], size, rotation),
    )
    view = View(Camera(512, 512, K, None, pose), objects=objects)
    codes = {code for code, _ in found_in([Frame("golden", 0, (view,))])}
    assert codes in (({"TRU-020"}, {"TRU-021"}) if wrong else (set(),))


def test_an_object_without_id_and_track_is_named_by_its_row(good: list[Frame]) -> None:
    frame = good[0]
    view = frame.views[0]
    objects = view.objects
    row = int(np.argmax(np.isfinite(objects.box[:, 0]) & np.isfinite(objects.box3d.center[:, 0])))
    center = objects.box3d.center.copy()
    center[row] += (0, 0, 3)
    bare = Objects.build(
        [objects.classes[code] for code in objects.label.tolist()],
        box=objects.box,
        box3d=Boxes3D(center, objects.box3d.size, objects.box3d.rotation),
    )
    issues = [
        issue for code, issue in found_in([Frame("0", 0, (View(view.camera, objects=bare),))]) if code == "TRU-021"
    ]
    assert [issue.object for issue in issues] == [row]
    assert f"object {row} " in issues[0].message


def test_objects_that_were_left_out_are_no_more_than_a_note(good: list[Frame]) -> None:
    """As `min_pixels` and `unlisted=drop` leave frames: ids stay in the pixels, also below objects that are kept."""
    view = good[0].views[0]
    for kept in range(0, len(view.objects), 3):
        keep = np.arange(len(view.objects)) % 3 != kept % 3
        left = good[0].replaced(views=(view.replaced(objects=view.objects.take(keep)),))
        assert {code for code, _ in found_in([left])} <= {"TRU-006"}


def test_a_region_of_several_objects_with_holes_and_parts_is_true() -> None:
    frame = painted_frames.mono()[0]
    assert frame.view.objects.crowd.any()
    assert not found_in([frame])


def test_boxes_below_a_labelled_prim_count_to_it(good: list[Frame]) -> None:
    """A parent's box encloses its parts; without them in the table it would be larger than its pixels."""
    view = next(view for view in good[0].views if view.name == VIEW)
    tracks = view.objects.track
    parents = [row for row, track in enumerate(tracks) if any(other.startswith(f"{track}/") for other in tracks)]
    assert parents
    grown = view.objects.box.copy()
    grown[parents[0]] += (0, 0, 1, 0)
    broken = good[0].replaced(views=(with_objects(view, box=grown),))
    assert "TRU-001" in {code for code, _ in found_in([broken])}
