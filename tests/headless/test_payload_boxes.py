"""Boxes and occlusion against masks that are drawn by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.errors import OptionError
from framepress.headless.payloads import Quirks, value
from framepress.headless.scene import Lens
from headless.fake_shot import DRAWN, ENTITIES, HEIGHT, WIDTH, box_of, camera, placed, scene, shot, visible, whole

# As the contract of Replicator writes them down.
BOX_2D = [
    ("semanticId", "<u4"),
    ("x_min", "<i4"),
    ("y_min", "<i4"),
    ("x_max", "<i4"),
    ("y_max", "<i4"),
    ("occlusionRatio", "<f4"),
]
BOX_3D = [
    ("semanticId", "<u4"),
    ("x_min", "<f4"),
    ("y_min", "<f4"),
    ("z_min", "<f4"),
    ("x_max", "<f4"),
    ("y_max", "<f4"),
    ("z_max", "<f4"),
    ("transform", "<f4", (4, 4)),
    ("occlusionRatio", "<f4"),
]
LEAVES = {
    "/World/Car": ("/World/Car/Body", "/World/Car/Wheel/Mesh"),
    "/World/Car/Wheel": ("/World/Car/Wheel/Mesh",),
    "/World/Box": ("/World/Box/Mesh",),
    "/World/Hidden": ("/World/Hidden/Mesh",),
    "/World/Out": ("/World/Out/Mesh",),
    "/World/Other": ("/World/Other/Mesh",),
}


def rows(name: str, **options: Any) -> dict[str, np.void]:
    made = value(name, options.pop("shot", None) or shot(), options.pop("params", {}), **options)
    assert made.data is not None
    return dict(zip(made.info["primPaths"], made.data, strict=True))


def corners(row: np.void) -> tuple[int, ...]:
    return tuple(int(row[name]) for name in ("x_min", "y_min", "x_max", "y_max"))


@pytest.mark.parametrize("name", ["bounding_box_2d_tight", "bounding_box_2d_loose"])
@pytest.mark.parametrize("fast", ["", "_fast"])
def test_rows_and_what_stands_beside_them_are_as_replicator_has_them(name: str, fast: str) -> None:
    made = value(name + fast, shot())
    assert made.data is not None
    assert made.data.dtype == np.dtype(BOX_2D)
    assert made.data.ndim == 1
    assert sorted(made.info) == ["bboxIds", "idToLabels", "primPaths"]
    assert made.info["bboxIds"].dtype == np.uint32
    assert {type(path) for path in made.info["primPaths"]} == {str}
    assert {type(key) for key in made.info["idToLabels"]} == {int if fast else str}


def test_tight_boxes_bound_what_is_visible_of_a_prim_and_all_below_it() -> None:
    found = rows("bounding_box_2d_tight")
    masks = {path: visible(*leaves) for path, leaves in LEAVES.items()}
    assert {path: corners(row) for path, row in found.items()} == {
        path: box_of(mask) for path, mask in masks.items() if mask.any()
    }
    assert "/World/Hidden" not in found


def test_loose_boxes_bound_the_whole_prim_inside_the_frame_hidden_or_not() -> None:
    found = rows("bounding_box_2d_loose")
    masks = {path: np.any([whole(leaf) for leaf in leaves], axis=0) for path, leaves in LEAVES.items()}
    assert {path: corners(row) for path, row in found.items()} == {
        path: box_of(mask) for path, mask in masks.items() if mask.any()
    }
    assert corners(found["/World/Other"])[2] == WIDTH - 1  # it leaves the frame there
    assert "/World/Out" not in found


def test_occlusion_is_the_part_of_the_pixels_that_others_cover() -> None:
    for name in ("bounding_box_2d_loose", "bounding_box_3d"):
        found = rows(name)
        for path in ("/World/Car/Wheel", "/World/Box", "/World/Hidden", "/World/Other"):
            (leaf,) = LEAVES[path]
            assert found[path]["occlusionRatio"] == np.float32(1 - visible(leaf).sum() / whole(leaf).sum())
        assert found["/World/Hidden"]["occlusionRatio"] == 1
        assert found["/World/Car"]["occlusionRatio"] == -1  # its wheel is labelled too


def test_a_prim_whose_labelled_children_are_filtered_out_has_no_ratio_either() -> None:
    found = rows("bounding_box_2d_tight", params={"semanticFilter": "class:car"})
    assert list(found) == ["/World/Car"]
    assert corners(found["/World/Car"]) == box_of(visible(*LEAVES["/World/Car"]))
    assert found["/World/Car"]["occlusionRatio"] == -1


def test_semantic_ids_count_sets_of_labels_from_zero_in_the_order_of_the_rows() -> None:
    made = value("bounding_box_2d_loose_fast", shot())
    assert made.data is not None
    assert made.data["semanticId"].tolist() == [0, 1, 2, 3, 2]
    assert made.info["idToLabels"] == {
        0: {"class": "car"},
        1: {"class": "car,wheel"},
        2: {"class": "box,crate", "shape": "cube"},
        3: {"class": "toy"},
    }


@pytest.mark.parametrize("redraw", [None, 3])
def test_bbox_ids_join_the_annotators_of_a_frame_whatever_their_filters(redraw: int | None) -> None:
    path_of: dict[int, str] = {}
    for name, text in (
        ("bounding_box_2d_tight", "class:*"),
        ("bounding_box_2d_loose", "shape:*"),
        ("bounding_box_3d", "*:*"),
    ):
        made = value(name, shot(), {"semanticFilter": text}, quirks=Quirks(redraw=redraw))
        for number, path in zip(made.info["bboxIds"].tolist(), made.info["primPaths"], strict=True):
            assert path_of.setdefault(number, path) == path
    assert len(path_of) == 5
    other = value("bounding_box_2d_tight", shot(frame=1), quirks=Quirks(redraw=redraw)).info["bboxIds"]
    same = np.array_equal(other, value("bounding_box_2d_tight", shot(), quirks=Quirks(redraw=redraw)).info["bboxIds"])
    assert same is (redraw is None)


def test_a_scene_without_labels_has_no_rows() -> None:
    bare = scene(
        entities=(),
        placements=tuple(replace(p, entity=-1) for p in scene().placements),
        entity_matrices=np.empty((0, 4, 4)),
        entity_bounds=np.empty((0, 2, 3)),
    )
    counts, boxes = np.zeros(0, np.int64), np.empty((0, 4), np.int32)
    buffers = replace(shot().buffers, visible_count=counts, visible_box=boxes, amodal_count=counts, amodal_box=boxes)
    for name in ("bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d", "bounding_box_3d_360"):
        made = value(name, shot(scene=bare, buffers=buffers))
        assert made.data is not None
        assert made.data.shape == (0,)
        assert made.data.dtype.names is not None
        assert (made.info["idToLabels"], made.info["primPaths"], made.info["bboxIds"].shape) == ({}, [], (0,))


def test_a_prim_that_holds_only_a_labelled_prim_spans_it() -> None:
    bodiless = replace(shot().buffers)
    boxes, counts = bodiless.visible_box.copy(), bodiless.visible_count.copy()
    boxes[0], counts[0] = (0, 0, -1, -1), 0
    found = rows("bounding_box_2d_tight", shot=shot(buffers=replace(bodiless, visible_box=boxes, visible_count=counts)))
    assert corners(found["/World/Car"]) == box_of(visible("/World/Car/Wheel/Mesh"))


@pytest.mark.parametrize("occlusion", ["unknown", "nan"])
def test_ratios_that_are_not_known_can_be_asked_for(occlusion: Any) -> None:
    ratios = [
        float(row["occlusionRatio"])
        for row in rows("bounding_box_2d_loose", quirks=Quirks(occlusion=occlusion)).values()
    ]
    assert all(ratio == -1 if occlusion == "unknown" else np.isnan(ratio) for ratio in ratios)


def test_prims_of_several_meshes_can_be_left_without_a_ratio() -> None:
    two_meshes = tuple(replace(p, entity=2) if p.path == "/World/Floor" else p for p in scene().placements)
    found = rows(
        "bounding_box_2d_loose", shot=shot(scene=scene(placements=two_meshes)), quirks=Quirks(occlusion="single_mesh")
    )
    assert found["/World/Box"]["occlusionRatio"] == -1
    assert found["/World/Hidden"]["occlusionRatio"] == 1


def test_the_occlusion_annotator_has_rows_of_its_own() -> None:
    made = value("occlusion", shot())
    assert made.data is not None
    assert made.data.dtype == np.dtype([("instanceId", "<u4"), ("semanticId", "<u4"), ("occlusionRatio", "<f4")])
    loose = value("bounding_box_2d_loose", shot())
    assert loose.data is not None
    assert made.info == {}
    assert made.data["instanceId"].tolist() == loose.info["bboxIds"].tolist()
    assert made.data["occlusionRatio"].tolist() == loose.data["occlusionRatio"].tolist()


def test_3d_rows_hold_unscaled_extents_and_the_scale_in_the_transform() -> None:
    for name in ("bounding_box_3d", "bounding_box_3d_fast", "bounding_box_3d_360"):
        made = value(name, shot())
        assert made.data is not None
        assert made.data.dtype == np.dtype(BOX_3D)
    row = rows("bounding_box_3d_360")["/World/Hidden"]
    assert [float(row[f"{axis}_{end}"]) for end in ("min", "max") for axis in "xyz"] == [-0.5, -0.25, 0, 0.5, 0.25, 1]
    np.testing.assert_array_equal(row["transform"], placed(3).astype(np.float32))
    np.testing.assert_allclose(np.linalg.norm(row["transform"][:3, :3], axis=1), (2, 1, 0.5), rtol=1e-6)
    np.testing.assert_allclose(row["transform"][3, :3], placed(3)[3, :3])


def test_the_whole_stage_is_told_by_360_only_with_a_ratio_where_there_is_one() -> None:
    near, everywhere = rows("bounding_box_3d"), rows("bounding_box_3d_360")
    assert list(everywhere) == [entity.path for entity in ENTITIES]
    assert [path for path in everywhere if path not in near] == ["/World/Out"]
    assert np.isnan(everywhere["/World/Out"]["occlusionRatio"])
    assert {type(key) for key in value("bounding_box_3d_360", shot()).info["idToLabels"]} == {int}


def test_prims_without_geometry_have_no_3d_row() -> None:
    bounds = scene().entity_bounds.copy()
    bounds[2] = np.nan
    assert "/World/Box" not in rows("bounding_box_3d_360", shot=shot(scene=scene(entity_bounds=bounds)))


@pytest.mark.parametrize(
    ("at", "half", "seen"),
    [
        ((0, 0, 5), 0.1, True),
        ((0, 0, -5), 0.1, False),
        ((0, 0, 0), 50, True),  # the camera is inside
        ((3.2, 0, 5), 0.4, True),  # the image ends at x = 5 * 12 / 21.6 = 2.78
        ((3.5, 0, 5), 0.4, False),
        ((0, 1.9, 5), 0.4, True),
        ((0, 2.2, 5), 0.4, False),
        ((0, 0, 0.05), 0.01, False),  # nearer than near
        ((0, 0, 1200), 0.1, False),  # beyond far
        ((-6, 0, 5), 3.4, True),
    ],
)
def test_the_view_is_a_pyramid(at: tuple[float, float, float], half: float, seen: bool) -> None:
    """`at` is right, down, forward of the camera; the box is a cube that reaches `half` to each side."""
    to_world = np.linalg.inv(camera().view)
    matrices = np.tile(np.eye(4), (len(ENTITIES), 1, 1))
    matrices[2] = to_world
    matrices[2, 3, :3] = np.array((at[0], -at[1], -at[2])) @ to_world[:3, :3] + to_world[3, :3]
    bounds = np.full((len(ENTITIES), 2, 3), np.nan)
    bounds[2] = [[-half] * 3, [half] * 3]
    empty = np.tile(np.array([0, 0, -1, -1], np.int32), (len(ENTITIES), 1))
    buffers = replace(shot().buffers, amodal_box=empty)
    found = rows(
        "bounding_box_3d", shot=shot(scene=scene(entity_matrices=matrices, entity_bounds=bounds), buffers=buffers)
    )
    assert list(found) == (["/World/Box"] if seen else [])


def test_through_a_fisheye_a_prim_with_pixels_or_a_corner_in_the_image_is_in_view() -> None:
    lens = Lens("opencvFisheye", WIDTH, HEIGHT, 6, 6, 12, 7, (0.0,) * 4, 0.01, 1000, 2.0)
    wide = replace(camera(), lens=lens)
    assert "/World/Out" not in rows("bounding_box_3d", shot=shot(camera=wide))
    nothing = np.tile(np.array([0, 0, -1, -1], np.int32), (len(ENTITIES), 1))
    unseen = shot(camera=wide, buffers=replace(shot().buffers, amodal_box=nothing))
    assert "/World/Box" in rows("bounding_box_3d", shot=unseen)


def test_a_frame_without_whole_counts_names_what_has_to_be_rendered() -> None:
    bare = replace(shot().buffers, amodal_count=None, amodal_box=None)
    with pytest.raises(OptionError, match=r"bounding_box_2d_loose: frame 4 of /World/Camera .*without amodal_box"):
        value("bounding_box_2d_loose", shot(buffers=bare, frame=4))


GOLDEN = Path(__file__).parents[3] / "shared/data/isaacsim-golden/ros2_bbox_csv"


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="Isaac Sim's golden boxes are not beside this checkout")
def test_two_cubes_have_the_boxes_that_isaac_sim_stored() -> None:
    """Outlines of the two cubes as projected, pixels covered where their centre is inside; the first is nearer."""
    outlines = {"/World/Box": (162.72, 52.08, 1117.28, 667.92), "/World/Hidden": (937.72, 274.51, 1139.92, 433.90)}
    masks = {}
    for path, (u0, v0, u1, v1) in outlines.items():
        mask = np.zeros((720, 1280), bool)
        mask[
            np.ix_(
                *(
                    np.flatnonzero((np.arange(n) + 0.5 > a) & (np.arange(n) + 0.5 < b))
                    for n, a, b in ((720, v0, v1), (1280, u0, u1))
                )
            )
        ] = True
        masks[path] = mask
    seen = {"/World/Box": masks["/World/Box"], "/World/Hidden": masks["/World/Hidden"] & ~masks["/World/Box"]}
    none = np.zeros((720, 1280), bool)

    def counted(by_path: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        held = [by_path.get(entity.path, none) for entity in ENTITIES]
        return np.array([mask.sum() for mask in held]), np.array([box_of(mask) for mask in held], np.int32)

    (count, box), (whole_count, whole_box) = counted(seen), counted(masks)
    buffers = replace(
        shot().buffers, visible_count=count, visible_box=box, amodal_count=whole_count, amodal_box=whole_box
    )
    for kind in ("tight", "loose"):
        stored = np.loadtxt(GOLDEN / f"golden_bbox_two_cubes_occlusion_1280x720_{kind}.csv", delimiter=",", skiprows=1)
        found = rows(f"bounding_box_2d_{kind}", shot=shot(buffers=buffers))
        assert [corners(row) for row in found.values()] == [tuple(line[1:].astype(int).tolist()) for line in stored]


def test_the_drawn_scene_has_each_case() -> None:
    """A hidden prim, one partly hidden, one over the edge, one outside: else the tests above could not fail."""
    assert not visible("/World/Hidden/Mesh").any()
    assert whole("/World/Hidden/Mesh").any()
    assert 0 < visible("/World/Other/Mesh").sum() < whole("/World/Other/Mesh").sum()
    assert not whole("/World/Out/Mesh").any()
    assert [leaf[1] for leaf in DRAWN].count(-1) == 1
