"""A writer without `labels` lists the classes of the open stage first, as the stage is at the first frame."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pxr import Gf, Sdf, Usd, UsdGeom, UsdSkel, Vt
from staging import camera, cube, labelled, opened, product

from framepress.capture.policy import Policy
from framepress.dataset.opening import open_dataset
from framepress.headless import rep
from framepress.replicator.writer import build_writer

RED = (255, 0, 0)


def capture(
    folder: Path,
    stage: Usd.Stage,
    *,
    frames: int = 1,
    before: Callable[[int], None] = lambda _: None,
    **options: Any,
) -> Any:
    """A camera that looks from (0, -5, 0) to the origin; `before` is told the number of each frame."""
    writer = build_writer(rep)(output_dir=folder, **{"formats": "coco", "channels": "rgb", **options})
    writer.attach(product(camera(stage, "/World/Camera", (0, -5, 0)), (32, 24)))
    for number in range(frames):
        before(number)
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    return writer.report


def coco(folder: Path, name: str = "instances_default") -> Any:
    return json.loads((folder / f"annotations/{name}.json").read_text())


def categories(folder: Path) -> list[str]:
    return [category["name"] for category in coco(folder)["categories"]]


def painted(thing: UsdGeom.Gprim, colour: tuple[float, float, float]) -> None:
    thing.CreateDisplayColorAttr(Vt.Vec3fArray([Gf.Vec3f(*colour)]))


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "ledger.jsonl")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_classes_that_no_frame_shows_are_listed_and_those_that_come_later_follow(tmp_path: Path) -> None:
    host = opened()
    cube(host.stage, "/World/Near", "Zebra")
    cube(host.stage, "/World/Behind", "Ape", at=(0, -90, 0))

    def before(number: int) -> None:
        if number == 1:
            cube(host.stage, "/World/Late", "bee", at=(1.5, 0, 0))

    report = capture(tmp_path / "out", host.stage, frames=2, before=before)
    assert not host.failures
    assert categories(tmp_path / "out") == ["Ape", "Zebra", "bee"]
    assert report.run["written"] == 2
    used = [entry["category_id"] for entry in coco(tmp_path / "out")["annotations"]]
    assert used.count(2) == 2
    assert used.count(3) == 1
    assert 1 not in used


def test_labels_that_a_randomiser_gives_before_the_first_frame_count(tmp_path: Path) -> None:
    host = opened()
    near, behind = cube(host.stage, "/World/Near"), cube(host.stage, "/World/Behind", at=(0, -90, 0))

    def before(number: int) -> None:
        labelled(near, "zebra")
        labelled(behind, "ape")

    capture(tmp_path / "out", host.stage, before=before)
    assert categories(tmp_path / "out") == ["ape", "zebra"]


@pytest.mark.parametrize(("policy", "written"), [({"comma": "refuse"}, 0), ({"comma": "first"}, 1)])
def test_a_prim_with_several_labels_is_left_to_the_policy(tmp_path: Path, policy: Any, written: int) -> None:
    host = opened()
    cube(host.stage, "/World/Both", "zebra", "ape")
    cube(host.stage, "/World/Behind", "bee", at=(0, -90, 0))
    report = capture(tmp_path / "out", host.stage, policy=policy, on_error="count")
    assert report.frames == written
    assert categories(tmp_path / "out") == (["bee", "ape"] if written else [])


def test_a_predicate_of_the_users_own_leaves_the_classes_to_the_frames(tmp_path: Path) -> None:
    host = opened()
    cube(host.stage, "/World/Near", "zebra")
    cube(host.stage, "/World/Behind", "ape", at=(0, -90, 0))
    capture(tmp_path / "out", host.stage, semantic_filter="class:zebra")
    assert categories(tmp_path / "out") == ["zebra"]


def test_classes_that_are_given_are_all(tmp_path: Path) -> None:
    host = opened()
    painted(cube(host.stage, "/World/Near", "zebra"), (1, 0, 0))
    cube(host.stage, "/World/Behind", "ape", at=(0, -90, 0))
    capture(tmp_path / "out", host.stage, labels=["Zebra"])
    assert coco(tmp_path / "out")["categories"] == [{"id": 1, "name": "Zebra", "supercategory": ""}]


@pytest.mark.parametrize("labels", [None, "scene"])
@pytest.mark.parametrize("policy", [{"taxonomy": "look"}, Policy(taxonomy="look")], ids=["options", "value"])
def test_classes_are_those_of_the_taxonomy_that_is_asked_for(tmp_path: Path, policy: Any, labels: str | None) -> None:
    host = opened()
    near = cube(host.stage, "/World/Near", "zebra")
    labelled(near, "Striped", taxonomy="look")
    capture(tmp_path / "out", host.stage, policy=policy, labels=labels)
    assert categories(tmp_path / "out") == ["Striped"]


def test_colours_arrive_where_a_format_has_them_and_change_nothing_elsewhere(tmp_path: Path) -> None:
    for name, colours in (("plain", ((1, 0, 0), (0, 1, 0))), ("agreed", ((1, 0, 0), (1, 0, 0)))):
        host = opened()
        painted(cube(host.stage, "/World/Near", "zebra"), colours[0])
        painted(cube(host.stage, "/World/Behind", "zebra", at=(0, -90, 0)), colours[1])
        capture(tmp_path / name, host.stage, formats="coco,native,yolo,kitti")
    plain, agreed = files(tmp_path / "plain"), files(tmp_path / "agreed")
    assert plain.keys() == agreed.keys()
    differing = {path for path in plain if plain[path] != agreed[path] and not path.startswith(".framepress")}
    assert differing == {"coco/annotations/instances_default.json", "native/dataset.json", "kitti/framepress.json"}
    for name in ("coco", "native", "kitti"):
        assert open_dataset(tmp_path / "agreed", name).labels().labels[0].colour == RED
        assert open_dataset(tmp_path / "plain", name).labels().labels[0].colour is None


@pytest.mark.parametrize("release", ["4.5", "5.1", "6.0"])
def test_every_release_lists_the_same_in_whichever_schema_it_labels(tmp_path: Path, release: Any) -> None:
    host = opened(release=release)
    rep.create.cube(semantics=[("class", "Zebra")])
    rep.create.cube(semantics=[("class", "Ape")], position=(0, -90, 0))
    capture(tmp_path / "out", host.stage)
    assert not host.failures
    assert categories(tmp_path / "out") == ["Ape", "Zebra"]


def character(stage: Usd.Stage, path: str, *joints: str) -> UsdSkel.Skeleton:
    """A SkelRoot of class Person with a cube of edge 1 and a skeleton whose joints all stand in front of it."""
    labelled(UsdSkel.Root.Define(stage, path), "Person")
    cube(stage, f"{path}/Body")
    skeleton = UsdSkel.Skeleton.Define(stage, f"{path}/Bones")
    skeleton.CreateJointsAttr(list(joints))
    poses = [Gf.Matrix4d().SetTranslate(Gf.Vec3d(0.0, -0.6 if at == 0 else 0.0, 0.0)) for at in range(len(joints))]
    skeleton.CreateRestTransformsAttr(poses)
    skeleton.CreateBindTransformsAttr([Gf.Matrix4d().SetTranslate(Gf.Vec3d(0, -0.6, 0))] * len(joints))
    return skeleton


def test_skeletons_of_the_stage_become_key_points(tmp_path: Path) -> None:
    host = opened()
    character(host.stage, "/World/Anna", "Hips", "Hips/Head")
    capture(tmp_path / "out", host.stage)
    assert not host.failures
    (person,) = coco(tmp_path / "out", "person_keypoints_default")["categories"]
    assert (person["keypoints"], person["skeleton"]) == (["Hips", "Head"], [[1, 2]])
    (annotation,) = coco(tmp_path / "out", "person_keypoints_default")["annotations"]
    assert annotation["num_keypoints"] == 2
    # Both stand on the optical axis: at the middle of 32 x 24, whose pixel centre is half a pixel less.
    assert annotation["keypoints"] == pytest.approx([15.5, 11.5, 2, 15.5, 11.5, 2], abs=1e-3)


def test_key_points_that_are_not_wanted_are_not_named_either(tmp_path: Path) -> None:
    host = opened()
    character(host.stage, "/World/Anna", "Hips", "Hips/Head")
    capture(tmp_path / "out", host.stage, keypoints=False)
    assert coco(tmp_path / "out")["categories"] == [{"id": 1, "name": "Person", "supercategory": ""}]
    assert not (tmp_path / "out/annotations/person_keypoints_default.json").exists()


def test_a_skeleton_with_other_joints_that_comes_later_fails_nothing(tmp_path: Path) -> None:
    host = opened()
    character(host.stage, "/World/Anna", "Hips", "Hips/Head")

    def before(number: int) -> None:
        if number == 1:
            host.stage.RemovePrim("/World/Anna")
            character(host.stage, "/World/Bert", "Tail", "Tail/Hips", "Tail/Hips/Head", "Tail/Fin")
        if number == 2:
            labels = host.stage.GetPrimAtPath("/World/Bert").GetAttribute("semantics:labels:class")
            labels.Set(Vt.TokenArray(["merman"]))

    report = capture(tmp_path / "out", host.stage, frames=3, before=before)
    assert not host.failures
    assert report.frames == 3
    assert [category["keypoints"] for category in coco(tmp_path / "out", "person_keypoints_default")["categories"]] == [
        ["Hips", "Head"]
    ]
    assert report.run["skeletons: of a class without key points"] == 1


def test_a_run_that_is_gone_on_with_has_the_classes_of_one_that_was_not_cut(tmp_path: Path) -> None:
    """In the stage, a class appears where no camera sees it, after the first frame; and the first one's colour goes."""
    for name, parts in (("cut", (range(2), range(2, 4))), ("whole", (range(4),))):
        for frames in parts:
            host = opened()
            near = cube(host.stage, "/World/Near", "zebra")
            cube(host.stage, "/World/Behind", "ape", at=(0, -90, 0))
            painted(near, (1, 0, 0))

            def before(number: int, first: int = frames.start, stage: Usd.Stage = host.stage, near: Any = near) -> None:
                if first + number >= 1:
                    cube(stage, "/World/Else", "aardvark", at=(0, -90, 0))
                    painted(near, (0, 1, 0))

            going_on = {"existing": "resume" if frames.start else "error", "first_frame": frames.start}
            capture(tmp_path / name, host.stage, frames=len(frames), before=before, **going_on)
    assert categories(tmp_path / "cut") == ["ape", "zebra"]
    assert coco(tmp_path / "cut")["categories"][1]["color"] == list(RED)
    cut, whole = coco(tmp_path / "cut"), coco(tmp_path / "whole")
    assert len(cut["images"]) == 4
    for name in ("categories", "annotations"):  # images have the clock, which started anew
        assert cut[name] == whole[name]


def test_a_stage_that_labels_nothing_that_is_listed_writes_as_before(tmp_path: Path) -> None:
    host = opened()
    cube(host.stage, "/World/Near").GetPrim().CreateAttribute("note", Sdf.ValueTypeNames.String).Set("zebra")
    report = capture(tmp_path / "out", host.stage)
    assert report.frames == 1
    assert categories(tmp_path / "out") == []
