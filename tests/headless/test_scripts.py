"""Ordinary Replicator scripts (`tests/scripts`: as users write them, with the calls of public documentation) run
unmodified in every release, give the same dataset, and what they leave is right.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

import scripted
from click.testing import CliRunner
from scripted import ALL, TABLE, BasicFrame, Run, Runs, basic_frames, bounds, corners_of, document, files_of, picture

from framepress.cli import main


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("scripts"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Every script once more, in another process that works while the first tests do."""
    root = tmp_path_factory.mktemp("process")
    process = scripted.in_another_process(root, iter(TABLE))

    def wait() -> Path:
        told, _ = process.communicate(timeout=300)
        assert process.returncode == 0, told
        return root

    return wait


# ---- the same in every release, process, and for the same seed -------------------------------------------------------

INVALID = {"0": "INVALID"}
NOTHING = {"0": "BACKGROUND", "1": "UNLABELLED"}


def as_in_51(name: str, content: bytes) -> Any:
    """A file without what a release prescribes otherwise than 5.1; each such difference is here.

    metadata.txt states the seed from 6.0 on. `camera_params` has OpenCV's focal lengths from 5.1 on, and six
    coefficients of a fisheye from 6.0 on. Ids of leaves know no background but an invalid prim in 6.0.
    """
    stem = name.rpartition("/")[2]
    if stem == "metadata.txt":
        stated = json.loads(content)
        stated.pop("replicator_global_seed:", None)
        return stated
    if stem.startswith("camera_params"):
        stated = json.loads(content)
        for key in ("cameraOpenCVFx", "cameraOpenCVFy"):
            stated.pop(key, None)
        assert not any(stated["cameraFisheyePolynomial"][5:])
        stated["cameraFisheyePolynomial"] = stated["cameraFisheyePolynomial"][:5]
        return stated
    if re.match(r"instance_id_segmentation.*\.json", stem):
        stated = json.loads(content)
        table = stated.get("idToLabels", stated)
        assert INVALID.items() <= table.items() or NOTHING.items() <= table.items()
        return {key: path for key, path in table.items() if key not in NOTHING}
    return content


@pytest.mark.parametrize("name", TABLE)
def test_a_script_runs_unmodified_in_every_release_and_leaves_the_same_files(
    runs: Runs, elsewhere: Callable[[], Path], name: str
) -> None:
    script = TABLE[name]
    for release in script.releases:
        outcome = runs.get(name, release).outcome
        assert outcome.error is None, outcome.error_text
        assert (outcome.failures, outcome.exit_code, outcome.frames) == ((), 0, script.frames)
    reference = {path: as_in_51(path, content) for path, content in runs.get(name).files.items()}
    assert reference
    for release in script.releases:
        found = {path: as_in_51(path, content) for path, content in runs.get(name, release).files.items()}
        assert [path for path in {**reference, **found} if reference.get(path) != found.get(path)] == []


def test_what_releases_have_differently_is_there(runs: Runs) -> None:
    """Otherwise `as_in_51` would leave out what is not there."""
    seeds = {release: document(runs.get("hello_world", release).folder / "_out_hello/metadata.txt") for release in ALL}
    assert [seeds[release].get("replicator_global_seed:") for release in ALL] == [None, None, 3]
    folders = {release: runs.get("annotators_by_hand", release).folder / "_out_annotators" for release in ALL}
    lenses = {release: document(folder / "camera_params_0.json") for release, folder in folders.items()}
    assert ["cameraOpenCVFx" in lenses[release] for release in ALL] == [False, True, True]
    assert [len(lenses[release]["cameraFisheyePolynomial"]) for release in ALL] == [5, 5, 6]
    leaves = {release: document(folder / "instance_id_segmentation_0.json") for release, folder in folders.items()}
    assert [leaves[release]["idToLabels"]["0"] for release in ALL] == ["BACKGROUND", "BACKGROUND", "INVALID"]


def test_a_script_of_a_later_release_is_told_what_an_earlier_one_lacks(runs: Runs) -> None:
    outcome = runs.get("functional_interface", "4.5").outcome
    assert isinstance(outcome.error, ModuleNotFoundError)
    assert "omni.replicator.core.functional" in str(outcome.error)
    assert "Isaac Sim 4.5" in str(outcome.error)


def test_the_same_seed_gives_the_same_bytes_in_another_process(runs: Runs, elsewhere: Callable[[], Path]) -> None:
    root = elsewhere()
    for name in TABLE:
        here, there = runs.get(name).files, files_of(root / name)
        assert [(name, path) for path in {**here, **there} if here.get(path) != there.get(path)] == []


@pytest.mark.parametrize("name", TABLE)
def test_another_seed_gives_another_dataset_unless_the_script_says_its_own(runs: Runs, name: str) -> None:
    first, other = runs.get(name), runs.get(name, seed=4)
    assert other.outcome.error is None, other.outcome.error_text
    assert list(first.files) == list(other.files), "as many frames of the same products"
    pictures = {path for path in first.files if path.endswith((".png", ".npy"))}
    changed = {path for path in pictures if first.files[path] != other.files[path]}
    assert bool(changed) != TABLE[name].seeded


def test_the_command_runs_a_script_as_the_library_does(runs: Runs, tmp_path: Path, monkeypatch: Any) -> None:
    for variable in ("ISAAC_PATH", "CARB_APP_PATH"):
        monkeypatch.delenv(variable, raising=False)
    script = scripted.SCRIPTS / "hello_world.py"
    result = CliRunner().invoke(
        main, ["run", str(script), "--out", str(tmp_path), "--release", "6.0", "--seed", "3"], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    assert files_of(tmp_path) == runs.get("hello_world", "6.0").files


def test_a_script_gets_its_arguments_through_the_command(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    script = scripted.SCRIPTS / "augmented_annotators.py"
    result = CliRunner().invoke(main, ["run", str(script), "--json", "--", "--num_frames", "1", "--unknown"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["frames"] == 1
    assert (tmp_path / "_out_augmented" / "rgb_0.png").is_file()
    assert not (tmp_path / "_out_augmented" / "rgb_1.png").exists()


@pytest.mark.slow
@pytest.mark.parametrize("release", ALL)
def test_every_script_runs_by_the_command_in_a_process_of_its_own(runs: Runs, tmp_path: Path, release: Any) -> None:
    for name, script in TABLE.items():
        if release in script.releases:
            folder = tmp_path / name
            folder.mkdir()
            command = [sys.executable, "-m", "framepress.cli", "run", str(scripted.SCRIPTS / f"{name}.py")]
            options = ["--out", str(folder), "--release", release, "--seed", "3", "--stand-in"]
            done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            here = runs.get(name, release).files
            assert [path for path, content in files_of(folder).items() if content != here.get(path)] == []


def test_every_folder_of_a_writer_says_who_made_it_and_none_that_it_was_isaac_sim(runs: Runs) -> None:
    stated = [path for name in TABLE for path in runs.get(name).folder.rglob("metadata.txt")]
    assert len(stated) >= 12
    assert {document(path)["producer"] for path in stated} == {"framepress stand-in"}
    for name in TABLE:
        for path, content in runs.get(name).files.items():
            assert b"isaac" not in content.lower(), f"{name}: {path}"


# ---- boxes, masks, depths --------------------------------------------------------------------------------------------


def with_masks(run: Run) -> list[BasicFrame]:
    """The frames of which both tight boxes and ids of instances were written."""
    masked = set(basic_frames(run.folder, "instance_segmentation"))
    return [frame for frame in basic_frames(run.folder, "bounding_box_2d_tight") if frame in masked]


@pytest.mark.parametrize(
    ("name", "count"),
    {
        "hello_world": 3,
        "several_products": 9,
        "scatter": 6,
        "get_and_modify": 4,
        "async_capture": 3,
        "opened_stage": 3,
        "framepress_writer": 8,
        "scene_based": 12,
        "functional_interface": 6,
    }.items(),
)
def test_tight_boxes_are_the_bounds_of_the_masks(runs: Runs, name: str, count: int) -> None:
    frames = with_masks(runs.get(name))
    assert len(frames) == count
    for frame in frames:
        masks = frame.masks()
        boxes = {path: corners_of(row) for path, _, row in frame.rows("bounding_box_2d_tight")}
        assert boxes == {path: bounds(mask) for path, mask in masks.items()}
        assert boxes, "something is seen"


def projected(points: Any, params: dict[str, Any]) -> Any:
    """float64 (N, 2): where points of the world are in the picture, by the matrices of `camera_params`."""
    view, projection = (np.reshape(params[f"camera{part}"], (4, 4)) for part in ("ViewTransform", "Projection"))
    clip = np.column_stack([points, np.ones(len(points))]) @ view @ projection
    width, height = params["renderProductResolution"]
    return (clip[:, :2] / clip[:, 3:] * [1, -1] + 1) * [width / 2, height / 2]


def eight_corners(box: Any) -> Any:
    """float64 (8, 3): corners of a row of 3D boxes, in the world."""
    sides = [(box[f"{axis}_min"], box[f"{axis}_max"]) for axis in "xyz"]
    corners = np.array([[x, y, z, 1.0] for x in sides[0] for y in sides[1] for z in sides[2]])
    return (corners @ box["transform"].astype(np.float64))[:, :3]


def pixels_within(points: Any, width: int, height: int) -> list[int]:
    """Inclusive bounds of the pixels whose centres are within the bounds of points, in the picture."""
    low, high = np.ceil(points.min(0) - 0.5), np.ceil(points.max(0) - 0.5) - 1
    sides = [max(low[0], 0), max(low[1], 0), min(high[0], width - 1), min(high[1], height - 1)]
    return [int(side) for side in sides]


def test_loose_boxes_of_cubes_fill_the_bounds_of_their_projected_3d_boxes(runs: Runs) -> None:
    """To the pixel, or one less where no pixel's centre is within the tip of a corner."""
    exact = []
    for frame in basic_frames(runs.get("run_until_complete").folder, "bounding_box_3d"):
        params = document(frame.path("camera_params", "", "json"))
        solids = {path: row for path, _, row in frame.rows("bounding_box_3d")}
        for path, labels, row in frame.rows("bounding_box_2d_loose"):
            assert labels == {"class": "box", "shape": "cuboid"}
            outline = projected(eight_corners(solids[path]), params)
            outer = pixels_within(outline, *params["renderProductResolution"])
            inward = (np.array(corners_of(row)) - outer) * [1, 1, -1, -1]
            assert set(inward) <= {0, 1}
            exact.extend(inward == 0)
    assert len(exact) >= 40
    assert np.mean(exact) > 0.9


def test_the_three_shapes_of_hello_world_fly_about(runs: Runs) -> None:
    frames = with_masks(runs.get("hello_world"))
    places: dict[str, list[list[int]]] = {}
    for frame in frames:
        for _, labels, row in frame.rows("bounding_box_2d_tight"):
            places.setdefault(labels["class"], []).append(corners_of(row))
        assert picture(frame.path("rgb", "", "png")).shape == (96, 160, 4)
    assert set(places) == {"torus", "sphere", "cube"}
    assert all(len({tuple(box) for box in boxes}) == len(boxes) for boxes in places.values())


def test_three_products_see_what_their_cameras_face(runs: Runs) -> None:
    folder = runs.get("several_products").folder / "_out_several"
    sizes = {"top": (96, 64), "side": (64, 96), "plain": (128, 72)}
    assert {path.name for path in folder.iterdir()} == {*sizes, "metadata.txt"}
    for name, (width, height) in sizes.items():
        for number in range(3):
            frame = BasicFrame(folder / name, f"{number:04d}")
            depth = np.load(frame.path("distance_to_image_plane", "", "npy"))
            away = np.load(frame.path("distance_to_camera", "", "npy"))
            assert depth.shape == away.shape == (height, width)
            hit = np.isfinite(depth)
            assert (hit == np.isfinite(away)).all()
            assert (away[hit] >= depth[hit] - 1e-4).all()
            grey = picture(frame.path("distance_to_image_plane", "", "png"))
            assert (grey[~hit] == 0).all()
            floor = frame.masks()["/Replicator/Plane_Xform"]
            assert hit[floor].all()
            if name == "top":  # nine metres above the middle, the floor one below it
                np.testing.assert_allclose(depth[floor], 10.0, rtol=1e-4)
            assert len([row for _, labels, row in frame.rows("bounding_box_2d_tight") if labels["class"] == "cone"]) > 0


def test_a_custom_writer_gets_what_it_asked_for(runs: Runs) -> None:
    folder = runs.get("custom_writer").folder / "_out_custom"
    kinds = (("rgb", "png"), ("depth", "npy"), ("labels", "json"))
    names = {f"{stem}_{number}.{kind}" for number in range(3) for stem, kind in kinds}
    assert {path.name for path in folder.iterdir()} == names
    for number in range(3):
        told = document(folder / f"labels_{number}.json")
        assert told["file"] == f"rgb_{number}.png"
        assert np.isclose(told["time"][0] / told["time"][1], (number + 1) / 60, atol=1e-6)
        assert [row["class"] for row in told["objects"]] == ["ball_0", "ball_0", "ball_1"]
        depth = np.load(folder / f"depth_{number}.npy")
        assert depth.shape == (97, 161)
        near = depth[(depth > 0) & (depth < 20)]
        assert 5 < near.min() < near.max() < 12
        boxes = np.array([row["box"] for row in told["objects"]])
        rows, columns = np.nonzero((depth > 0) & (depth < 20))
        assert [columns.min(), rows.min()] == boxes[:, :2].min(0).tolist()
        assert [columns.max(), rows.max()] == boxes[:, 2:].max(0).tolist()


# ---- augmentations ---------------------------------------------------------------------------------------------------


def test_augmented_annotators_give_the_changed_arrays(runs: Runs) -> None:
    folder = runs.get("augmented_annotators").folder / "_out_augmented"
    noise: dict[str, list[Any]] = {}
    for number in range(2):
        rgb = picture(folder / f"rgb_{number}.png")
        assert (picture(folder / f"bgr_{number}.png") == rgb[..., [2, 1, 0, 3]]).all()
        assert (picture(folder / f"small_{number}.png") == rgb[..., :3].mean(-1).astype(np.uint8)[::4, ::4]).all()
        depth = np.load(folder / f"depth_{number}.npy")
        assert np.isfinite(depth).all(), "the floor is below everything"
        for name, sigma in (("noisy_1", 0.1), ("noisy_2", 0.5)):
            away = np.load(folder / f"{name}_{number}.npy") - depth
            assert abs(away.std() / sigma - 1) < 0.05
            noise.setdefault(name, []).append(away / sigma)
        np.random.seed(11)  # noqa: NPY002
        seeded = depth + np.random.randn(*depth.shape) * 0.1  # noqa: NPY002
        np.testing.assert_array_equal(np.load(folder / f"seeded_{number}.npy"), seeded)
    drawn = [each.ravel() for several in noise.values() for each in several]
    likeness = np.corrcoef(drawn) - np.eye(4)
    assert np.abs(likeness).max() < 0.1, "noise of its own for each annotator and frame"


def test_an_augmented_writer_changes_only_what_was_augmented(runs: Runs) -> None:
    folder = runs.get("augmented_writer").folder / "_out_writer"
    plain, augmented = files_of(folder / "plain"), files_of(folder / "augmented")
    changed = sorted(path for path in {**plain, **augmented} if plain.get(path) != augmented.get(path))
    pictures = [f"{name}_{number:04d}" for name in ("distance_to_camera", "rgb") for number in range(2)]
    assert [path.rpartition(".")[0] for path in changed] == pictures
    for number in range(2):
        depth = np.load(folder / "plain" / f"distance_to_camera_{number:04d}.npy")
        steps = np.load(folder / "augmented" / f"distance_to_camera_{number:04d}.npy")
        np.testing.assert_array_equal(steps, (np.round(depth / 0.25) * 0.25).astype(np.float32))
        near, noisy = (picture(folder / kind / f"rgb_{number:04d}.png").astype(int) for kind in ("plain", "augmented"))
        assert (near[..., 3] == noisy[..., 3]).all()
        assert 2 < np.abs(near - noisy)[..., :3].mean() < 60


# ---- triggers, randomisers, queries ----------------------------------------------------------------------------------


def test_triggers_fire_by_frames_by_time_and_when_told(runs: Runs) -> None:
    folder = runs.get("triggers").folder / "_out_triggers"
    rows = [document(folder / "every" / f"frame_{number:02d}.json") for number in range(6)]
    assert [path.name for path in sorted((folder / "asked").glob("rgb_*"))] == ["rgb_0_0000.png"], "on_time told"

    times = np.diff([row["time"] for row in rows])
    np.testing.assert_allclose(times, [1 / 60, 1 / 60, 1 / 60, 0.05, 0.0], atol=1e-6)
    assert [row["triggers"]["second"] for row in rows] == [0, 0, 1, 1, 2, 2]
    # Every 0.05 s from the first frame on: at 0, 3/60 and 3/60 + 0.05.
    assert [row["triggers"]["on_time_ball"] for row in rows] == [0, 0, 0, 1, 2, 2]
    sizes = [row["size"]["ball_size"] for row in rows]
    assert [sizes[frame] == sizes[frame - 1] for frame in range(1, 6)] == [True, False, True, False, True]

    boxes = [{box[0]: box[1:] for box in row["boxes"]["above"]} for row in rows]
    large, small, _ = range(3)
    moved = {which: [boxes[f][which] != boxes[f - 1][which] for f in range(1, 6)] for which in (large, small)}
    assert moved[small] == [True, False, False, False, False], "moved by the script before the second frame"
    assert moved[large] == [False, True, True, False, False], "turned for the third, moved for the fourth"
    asked = np.load(folder / "asked" / "bounding_box_2d_tight_0_0000.npy")
    assert {int(box["semanticId"]): corners_of(box) for box in asked} == boxes[2]


def test_scattered_boxes_lie_on_the_table_and_keep_clear(runs: Runs) -> None:
    folder = runs.get("scatter").folder / "_out_scatter"
    layouts = []
    for number in range(3):
        views = [BasicFrame(folder / name, f"{number:04d}") for name in ("Replicator", "Replicator_01")]
        solids = {path: (labels["class"], row) for view in views for path, labels, row in view.rows("bounding_box_3d")}
        places = {path: row["transform"][3, :3] for path, (kind, row) in solids.items() if kind == "box"}
        assert len(places) == 6
        spots = np.array([places[path] for path in sorted(places)])
        layouts.append(spots)
        np.testing.assert_allclose(spots[:, 2], 0.25, atol=1e-6)
        assert (np.abs(spots[:, :2]) <= (3.0, 2.0)).all()
        away = np.abs(spots[:, None, :2] - spots[None, :, :2]).max(-1) + 10 * np.eye(6)
        assert away.min() >= 0.5, "boxes half a metre wide"
        assert np.abs(spots[:, :2]).max(-1).min() >= 0.5, "and the pillar in the middle"
        above = document(views[1].path("camera_params", "", "json"))
        assert np.allclose(np.linalg.inv(np.reshape(above["cameraViewTransform"], (4, 4)))[3, :3], (0, 0, 9))
    assert not np.array_equal(layouts[0], layouts[1])


def test_boxes_tell_the_ratios_that_the_occlusion_annotator_tells(runs: Runs) -> None:
    hidden = []
    for frame in basic_frames(runs.get("scatter").folder, "occlusion"):
        told = np.load(frame.path("occlusion", "", "npy"))["occlusionRatio"].tolist()
        seen = [float(row["occlusionRatio"]) for _, _, row in frame.rows("bounding_box_2d_tight")]
        assert set(seen) <= set(told)
        assert all(0 <= ratio < 1 for ratio in seen), "what has a box is seen in part"
        hidden.extend(ratio for ratio in seen if ratio > 0.1)
    assert hidden, "boxes stand before boxes"


def test_a_scene_is_placed_by_the_bounds_of_its_prims(runs: Runs) -> None:
    folder = runs.get("scene_based").folder
    corners = np.load(folder / "corners.npy")
    cones, boxes, trucks = [], 0, []
    for number in range(4):
        views = [BasicFrame(folder / "_out_scene_based" / name, f"{number:04d}") for name in ("TopView", "PalletView")]
        rows = [each for view in views for each in view.rows("bounding_box_3d")]
        pallet = next(row for _, labels, row in rows if labels["class"] == "pallet")
        trucks += [row["transform"] for _, labels, row in rows if labels["class"] == "truck"]
        cones += [row["transform"][3, :3] for _, labels, row in rows if labels["class"] == "trafficcone"]
        for _, labels, row in rows:
            if labels["class"] == "cardbox":
                x, y, z, _ = row["transform"][3].astype(float) @ np.linalg.inv(pallet["transform"].astype(float))
                assert abs(x) <= 0.45 + 1e-5
                assert abs(y) <= 0.3 + 1e-5
                assert np.isclose(z, pallet["z_max"], atol=1e-5)
                boxes += 1
    assert boxes >= 12
    assert len(np.unique(trucks, axis=0)) == 1
    places = np.unique(cones, axis=0)
    np.testing.assert_allclose(np.linalg.norm(places[:, None] - corners, axis=-1).min(1), 0, atol=1e-5)
    assert len(places) == 2, "told to move for every second frame"


def test_looks_change_from_frame_to_frame_where_they_were_asked_to(runs: Runs) -> None:
    folder = runs.get("looks_and_lights").folder / "_out_looks"
    colours: dict[str, list[Any]] = {}
    spread: list[float] = []
    for number in range(3):
        seen = picture(folder / f"semantic_segmentation_{number:04d}.png")
        rgb = picture(folder / f"rgb_{number:04d}.png")[..., :3].astype(float)
        table = document(folder / f"semantic_segmentation_labels_{number:04d}.json")
        classes = {labels["class"]: json.loads(f"[{key.strip('()')}]") for key, labels in table.items()}
        assert set(classes) >= {"floor", "painted", "textured", "bound"}
        for name in ("floor", "painted", "textured", "bound"):
            mask = (seen == classes[name]).all(-1)
            assert mask.sum() > 50
            colours.setdefault(name, []).append(rgb[mask].mean(0))
        spread.append(rgb[(seen == classes["textured"]).all(-1)].std())
        normals = picture(folder / f"normals_{number:04d}.png").astype(float) / 127.5 - 1
        hit = (seen != classes["BACKGROUND"]).any(-1)
        np.testing.assert_allclose(np.linalg.norm(normals[hit], axis=-1), 1.0, atol=0.02)
    assert all(np.ptp(np.array(several), axis=0).max() > 3 for several in colours.values())
    assert not np.allclose(*(table / np.linalg.norm(table) for table in colours["painted"][:2]), atol=0.02)


def test_prims_are_found_and_changed_by_label_path_and_type(runs: Runs) -> None:
    folder = runs.get("get_and_modify").folder / "_out_get"
    hidden, turned, widths, marks = [], [], [], []
    for number in range(4):
        frame = BasicFrame(folder, f"{number:04d}")
        tight = {path: (labels, row) for path, labels, row in frame.rows("bounding_box_2d_tight")}
        loose = {path: row for path, _, row in frame.rows("bounding_box_2d_loose")}
        items = [path for path in loose if "Shelf" in path]
        assert all(tight[path][0] == {"class": "shelf_item"} for path in items)
        hidden.append(4 - len(items))
        turned.append([corners_of(loose[path]) for path in items])
        labels, ball = tight["/World/Ball"]
        assert labels == {"class": "ball"}
        widths.append(corners_of(ball)[2] - corners_of(ball)[0])
        marker = next(path for path in tight if path.startswith("/Replicator/Sphere"))
        assert tight[marker][0] == {"class": "marker", "state": "new"}
        box = corners_of(tight[marker][1])
        marks.append((box[0] + box[2]) / 2)
        seen = scripted.ids(frame.path("instance_id_segmentation", "", "png"))
        leaves = document(frame.path("instance_id_segmentation", "_mapping", "json"))
        assert {leaves[str(key)] for key in np.unique(seen)} >= {"/World/Ball", *items}
        names = document(frame.path("semantic_segmentation", "_labels", "json"))
        assert {"class": "shelf_item"} in names.values() or not items
    assert 0 < sum(hidden) < 16, "now this one, now that one"
    assert len({str(boxes) for boxes in turned}) > 1
    assert len(set(widths)) > 2
    assert marks == sorted(marks), "a sequence goes on from frame to frame"
    assert len(set(marks)) == 4


# ---- annotators by hand, asynchronous, a stage from a file -----------------------------------------------------------

ARRAYS = {
    "rgb": ("uint8", (80, 128, 4)),
    "distance_to_camera": ("float32", (80, 128)),
    "distance_to_image_plane": ("float32", (80, 128)),
    "normals": ("float32", (80, 128, 4)),
    "motion_vectors": ("float32", (80, 128, 4)),
    "semantic_segmentation": ("uint32", (80, 128)),
    "instance_segmentation": ("uint32", (80, 128)),
    "instance_segmentation_fast": ("uint32", (80, 128)),
    "instance_id_segmentation": ("uint32", (80, 128)),
    "instance_id_segmentation_fast": ("uint32", (80, 128)),
}


def test_annotators_by_hand_have_the_types_of_the_contract(runs: Runs) -> None:
    folder = runs.get("annotators_by_hand").folder / "_out_annotators"
    for name, (dtype, shape) in ARRAYS.items():
        for number in range(2):
            array = np.load(folder / f"{name}_{number}.npy")
            assert (str(array.dtype), array.shape) == (dtype, shape), name
    tight = np.load(folder / "bounding_box_2d_tight_0.npy")
    assert tight.dtype.descr == [("semanticId", "<u4"), *((s, "<i4") for s in ("x_min", "y_min", "x_max", "y_max")),
                                 ("occlusionRatio", "<f4")]  # fmt: skip
    assert np.load(folder / "bounding_box_3d_0.npy").dtype["transform"].shape == (4, 4)
    labels = document(folder / "bounding_box_2d_tight_0.json")["idToLabels"]
    assert {"class": "near"} in labels.values()
    assert {"class": "far", "colour": "red,blue"} in labels.values()


def test_annotators_by_hand_agree_with_each_other(runs: Runs) -> None:
    folder = runs.get("annotators_by_hand").folder / "_out_annotators"
    params = document(folder / "camera_params_0.json")
    depth, away = (np.load(folder / f"distance_to_{kind}_0.npy") for kind in ("image_plane", "camera"))
    hit = np.isfinite(depth)
    rows, columns = np.nonzero(hit)

    projection = np.reshape(params["cameraProjection"], (4, 4))
    x = ((columns + 0.5) / 64 - 1) * depth[hit] / projection[0, 0]
    y = (1 - (rows + 0.5) / 40) * depth[hit] / projection[1, 1]
    seen = np.column_stack([x, y, -depth[hit]])
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), away[hit], rtol=1e-4)

    cloud = np.load(folder / "pointcloud_0.npy")
    places = np.floor(projected(cloud.astype(float), params)).astype(int)
    assert len(cloud) == hit.sum()
    assert {tuple(place) for place in places.tolist()} == set(zip(columns.tolist(), rows.tolist(), strict=True))

    normals = np.load(folder / "normals_0.npy")[..., :3][hit]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1.0, atol=1e-4)
    eye = np.linalg.inv(np.reshape(params["cameraViewTransform"], (4, 4)))
    towards = -(np.column_stack([seen, np.zeros(len(seen))]) @ eye)[:, :3]
    assert ((normals * towards).sum(1) > -1e-3).all(), "what is seen faces the camera"

    moved = np.load(folder / "motion_vectors_1.npy")[..., :2]
    instances = np.load(folder / "instance_segmentation_1.npy")
    names = document(folder / "instance_segmentation_1.json")["idToLabels"]
    near = next(int(key) for key, path in names.items() if path == "/Replicator/Cube_Xform")
    assert (np.abs(moved[instances == near]).max(-1) > 1).all()
    assert np.abs(moved[instances != near]).max() < 1e-3
    fast = document(folder / "instance_segmentation_fast_1.json")
    assert fast["idToLabels"] == names
    assert (np.load(folder / "instance_segmentation_fast_1.npy") == instances).all()


def test_an_async_script_steps_between_updates_of_the_application(runs: Runs) -> None:
    frames = with_masks(runs.get("async_capture"))
    assert [frame.number for frame in frames] == ["0000", "0001", "0002"]
    boxes = [corners_of(row) for frame in frames for _, _, row in frame.rows("bounding_box_2d_tight")]
    assert len({tuple(box) for box in boxes}) == 3, "turned and moved for each frame"


def test_a_stage_of_a_file_plays_while_its_camera_is_moved_with_plain_usd(runs: Runs) -> None:
    folder = runs.get("opened_stage").folder / "_out_opened"
    seconds, ball = np.load(folder / "seconds.npy"), np.load(folder / "ball.npy")
    np.testing.assert_allclose(seconds, [0.25, 0.5, 0.75], atol=1e-6)
    np.testing.assert_allclose(ball[:, 0], 2 * seconds - 1, atol=1e-6)
    eyes = []
    for number in range(3):
        frame = BasicFrame(folder, f"{number:04d}")
        solids = {labels["class"]: row for _, labels, row in frame.rows("bounding_box_3d")}
        assert set(solids) == {"ball", "bench", "funnel"}
        np.testing.assert_allclose(solids["ball"]["transform"][3, :3], ball[number], atol=1e-6)
        params = document(frame.path("camera_params", "", "json"))
        eyes.append(np.linalg.inv(np.reshape(params["cameraViewTransform"], (4, 4)))[3, :3].tolist())
        bench = projected(eight_corners(solids["bench"]), params)
        tight = {labels["class"]: corners_of(row) for _, labels, row in frame.rows("bounding_box_2d_tight")}
        x0, y0, x1, y1 = pixels_within(bench, 144, 96)
        assert (tight["bench"][0], tight["bench"][2]) == (x0, x1)
        assert y0 <= tight["bench"][1] <= tight["bench"][3] <= y1
    generator = np.random.default_rng(3)
    asked = [[generator.uniform(-1, 1), -4, 2 + generator.uniform(0, 0.5)] for _ in range(3)]
    np.testing.assert_allclose(eyes, asked, atol=1e-6)


# ---- FramepressWriter, the recorder, other people's writers ----------------------------------------------------------


def test_both_ways_into_a_dataset_agree(runs: Runs, tmp_path: Path) -> None:
    """FramepressWriter within the run, and a conversion of BasicWriter's folder of the same run."""
    folder = runs.get("framepress_writer").folder
    labels = tmp_path / "labels.txt"
    labels.write_text("Crate\nDrum\nfloor\n")
    arguments = ["--to", "coco,yolo,kitti,native", "--labels", labels, "--split", "train=.5,val=.5", "--seed", 1]
    command = ["convert", folder / "_out_basic", tmp_path / "out", *arguments]
    result = CliRunner().invoke(main, [str(argument) for argument in command], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    ours, converted = files_of(folder / "_out_framepress"), files_of(tmp_path / "out")
    names = [path for path in ours if not path.startswith(".framepress/")]
    assert names == [path for path in converted if not path.startswith(".framepress/")]
    for path in names:
        if path.startswith("coco/annotations/"):
            one, other = (_without_time(json.loads(content[path])) for content in (ours, converted))
            assert one == other
            assert one["annotations"]
        elif path.endswith(".png"):  # BasicWriter's have an alpha, and are passed on as they are
            one, other = (picture(root / path) for root in (folder / "_out_framepress", tmp_path / "out"))
            assert (one == (other[..., :3] if other.ndim == 3 and one.shape != other.shape else other)).all()
        elif not path.startswith("native/"):
            assert ours[path] == converted[path], path


def _without_time(coco: dict[str, Any]) -> dict[str, Any]:
    """BasicWriter keeps no time."""
    return {**coco, "images": [{k: v for k, v in image.items() if k != "time_ns"} for image in coco["images"]]}


def test_coco_of_framepress_writer_holds_the_boxes_that_basic_writer_saw(runs: Runs) -> None:
    folder = runs.get("framepress_writer").folder
    found: dict[tuple[str, str], list[int]] = {}
    for split in ("train", "val"):
        coco = document(folder / f"_out_framepress/coco/annotations/instances_{split}.json")
        names = {category["id"]: category["name"] for category in coco["categories"]}
        assert sorted(names.values()) == ["Crate", "Drum", "floor"]
        images = {image["id"]: image["file_name"].removesuffix(".png") for image in coco["images"]}
        for row in coco["annotations"]:
            x, y, width, height = row["bbox"]
            found[images[row["image_id"]], row["track"]] = [x, y, x + width - 1, y + height - 1]
    seen = {}
    for frame in basic_frames(folder / "_out_basic", "bounding_box_2d_tight"):
        for path, _, row in frame.rows("bounding_box_2d_tight"):
            seen[f"{frame.folder.name}/{frame.number}", path] = corners_of(row)
    assert found == seen
    assert len(found) == 40


def test_the_recorder_starts_writers_in_the_way_of_each_release(runs: Runs) -> None:
    for release in ALL:
        folder = runs.get("recorder", release).folder / "_out_recorder"
        coco = document(next((folder / "press" / "coco" / "annotations").glob("*.json")))
        cameras = {image["camera"]["name"] for image in coco["images"]}
        assert cameras == {"Replicator", "custom"}
        assert len(coco["images"]) == 6
        boxes = [[*row["bbox"]] for row in coco["annotations"]]
        seen = [
            corners_of(row)
            for frame in basic_frames(folder / "basic", "bounding_box_2d_tight")
            for _, _, row in frame.rows("bounding_box_2d_tight")
        ]
        assert sorted([x, y, x + w - 1, y + h - 1] for x, y, w, h in boxes) == sorted(seen)


def test_writers_of_others_get_the_old_layout_and_the_new(runs: Runs) -> None:
    folder = runs.get("writers_of_others").folder / "_out_others"
    alone, both = files_of(folder / "alone"), files_of(folder / "both" / "one")
    assert {path: content for path, content in alone.items() if path != "metadata.txt"} == both
    for name, size in (("one", (80, 128)), ("two", (128, 80))):
        for number in range(2):
            view = folder / "both" / name
            seen = picture(view / f"semantic_{number:04d}.png")
            assert seen.shape == (*size, 4)
            table = document(view / f"semantic_labels_{number:04d}.json")
            labels = document(view / f"boxes_2d_tight_idToLabels_{number:04d}.json")
            boxes = np.load(view / f"boxes_2d_tight_{number:04d}.npy")
            assert len(boxes) == 2
            for box in boxes:
                kind = labels[str(box["semanticId"])]["class"]
                colour = next(
                    json.loads(f"[{key.strip('()')}]") for key, value in table.items() if value["class"] == kind
                )
                assert corners_of(box) == bounds((seen == colour).all(-1))
            told = document(folder / "corners" / name / f"{number:06d}.json")
            poses = {each["class"]: each for each in told["objects"]}
            np.testing.assert_allclose(poses["block"]["location"], (-1.5, 0, 0), atol=1e-6)
            block = next(box for box in boxes if labels[str(box["semanticId"])]["class"] == "block")
            outline = pixels_within(np.array(poses["block"]["projected_corners"]), size[1], size[0])
            assert [a - b for a, b in zip(corners_of(block), outline, strict=True)] == [0, 0, 0, 0]


def test_prims_of_the_functional_interface_are_seen_until_they_are_hidden(runs: Runs) -> None:
    folder = runs.get("functional_interface").folder / "_out_functional"
    for name in ("top_view", "MyRenderProduct"):
        for number in range(3):
            rows = BasicFrame(folder / name, f"{number:04d}").rows("bounding_box_2d_tight")
            classes = {labels["class"]: path for path, labels, _ in rows}
            assert classes.get("my_cube") == "/World/Cube"
            assert ("my_sphere" in classes) == (number != 1)
    by_hand = picture(folder / "by_hand_2.png")
    assert (by_hand == picture(folder / "MyRenderProduct" / "rgb" / "rgb_0002.png")).all()
