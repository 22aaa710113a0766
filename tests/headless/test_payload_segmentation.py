"""Id maps against masks that are drawn by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from framepress.errors import OptionError
from framepress.headless.payloads import Quirks, value
from framepress.headless.scene import Entity, Placement
from headless.fake_shot import ENTITIES, HEIGHT, WIDTH, nearest, scene, shot, visible

CAR, WHEEL, BOX, OTHER, FLOOR = (
    visible(path)
    for path in ("/World/Car/Body", "/World/Car/Wheel/Mesh", "/World/Box/Mesh", "/World/Other/Mesh", "/World/Floor")
)
NOTHING = nearest()[0] < 0


def where(data: np.ndarray, labels: dict[Any, Any], text: Any) -> np.ndarray:
    """bool (H, W): the pixels whose entry is this."""
    keys = [key for key, entry in labels.items() if entry == text]
    assert len(keys) == 1, f"{text} in {labels}"
    return data == packed(keys[0])


def packed(key: Any) -> int:
    if isinstance(key, str):
        key = tuple(json.loads(key.replace("(", "[").replace(")", "]"))) if key.startswith("(") else int(key)
    return int(np.array(key, np.uint8).view("<u4")[0]) if isinstance(key, tuple) else key


@pytest.mark.parametrize("colorize", [False, True])
@pytest.mark.parametrize("fast", ["", "_fast"])
def test_semantic_ids_stand_for_sets_of_labels(fast: str, colorize: bool) -> None:
    made = value(f"semantic_segmentation{fast}", shot(), {"colorize": colorize})
    assert made.data is not None
    assert (made.data.dtype, made.data.shape) == (np.uint32, (HEIGHT, WIDTH))
    assert list(made.info) == ["idToLabels"]
    labels = made.info["idToLabels"]
    assert list(labels.values()) == [
        {"class": "BACKGROUND"},
        {"class": "UNLABELLED"},
        {"class": "car"},
        {"class": "car,wheel"},
        {"class": "box,crate", "shape": "cube"},  # of two prims, in whichever order it was authored
    ]
    np.testing.assert_array_equal(where(made.data, labels, {"class": "BACKGROUND"}), NOTHING)
    np.testing.assert_array_equal(where(made.data, labels, {"class": "UNLABELLED"}), FLOOR)
    np.testing.assert_array_equal(where(made.data, labels, {"class": "car"}), CAR)
    np.testing.assert_array_equal(where(made.data, labels, {"class": "car,wheel"}), WHEEL)
    np.testing.assert_array_equal(where(made.data, labels, {"class": "box,crate", "shape": "cube"}), BOX | OTHER)


def test_ids_count_from_two_and_keys_are_of_the_right_type() -> None:
    assert list(value("semantic_segmentation", shot()).info["idToLabels"]) == ["0", "1", "2", "3", "4"]
    slow, fast = value("instance_segmentation", shot()).info, value("instance_segmentation_fast", shot()).info
    for name in ("idToLabels", "idToSemantics"):
        assert list(slow[name]) == ["0", "1", "2", "3", "4", "5"]
        assert list(fast[name]) == [0, 1, 2, 3, 4, 5]
        assert {type(key) for key in fast[name]} == {int}


def test_colour_keys_are_tuples_of_ints_or_their_text() -> None:
    slow, fast = (
        list(value(f"instance_segmentation{end}", shot(), {"colorize": True}).info["idToLabels"])
        for end in ("", "_fast")
    )
    assert slow[:2] == ["(0, 0, 0, 0)", "(0, 0, 0, 255)"]
    assert fast[:2] == [(0, 0, 0, 0), (0, 0, 0, 255)]
    assert slow == [str(key) for key in fast]
    assert {type(part) for key in fast for part in key} == {int}
    assert {key[3] for key in fast[1:]} == {255}


@pytest.mark.parametrize("colorize", [False, True])
@pytest.mark.parametrize("fast", ["", "_fast"])
def test_instances_are_the_lowest_labelled_prims(fast: str, colorize: bool) -> None:
    made = value(f"instance_segmentation{fast}", shot(), {"colorize": colorize})
    assert made.data is not None
    assert (made.data.dtype, made.data.shape) == (np.uint32, (HEIGHT, WIDTH))
    labels, semantics = made.info["idToLabels"], made.info["idToSemantics"]
    assert list(labels) == list(semantics)
    for text, mask in (
        ("BACKGROUND", NOTHING),
        ("UNLABELLED", FLOOR),
        ("/World/Car", CAR),
        ("/World/Car/Wheel", WHEEL),
        ("/World/Box", BOX),
        ("/World/Other", OTHER),
    ):
        np.testing.assert_array_equal(where(made.data, labels, text), mask)
    assert semantics[next(key for key, path in labels.items() if path == "/World/Other")] == {
        "class": "box,crate",
        "shape": "cube",
    }
    assert "/World/Hidden" not in labels.values()


def test_a_colourised_pixel_has_its_bytes_in_the_order_of_its_key() -> None:
    made = value("instance_segmentation_fast", shot(), {"colorize": True})
    assert made.data is not None
    pixel = made.data.view(np.uint8).reshape(HEIGHT, WIDTH, 4)[4, 15]  # of the box
    assert made.info["idToLabels"][tuple(pixel.tolist())] == "/World/Box"


@pytest.mark.parametrize(("release", "reserved"), [("4.5", ["BACKGROUND", "UNLABELLED"]), ("6.0", ["INVALID"])])
def test_instance_ids_are_leaf_geometry_labelled_or_not(release: str, reserved: list[str]) -> None:
    made = value("instance_id_segmentation_fast", shot(), release=release)
    assert made.data is not None
    assert list(made.info) == ["idToLabels"]
    labels = made.info["idToLabels"]
    leaves = ["/World/Car/Body", "/World/Car/Wheel/Mesh", "/World/Box/Mesh", "/World/Other/Mesh", "/World/Floor"]
    assert list(labels.values()) == [*reserved, *leaves]
    for leaf in leaves:
        np.testing.assert_array_equal(where(made.data, labels, leaf), visible(leaf))
    np.testing.assert_array_equal(made.data == 0, NOTHING)


def test_pixels_of_a_prim_that_is_filtered_out_go_to_the_one_above_that_passes() -> None:
    made = value("instance_segmentation_fast", shot(), {"semanticFilter": "class:!wheel"})
    assert made.data is not None
    labels = made.info["idToLabels"]
    assert "/World/Car/Wheel" not in labels.values()
    np.testing.assert_array_equal(where(made.data, labels, "/World/Car"), CAR | WHEEL)


def test_pixels_without_a_prim_above_that_passes_are_unlabelled() -> None:
    made = value("instance_segmentation_fast", shot(), {"semanticFilter": "class:wheel"})
    assert made.data is not None
    labels = made.info["idToLabels"]
    assert list(labels.values()) == ["BACKGROUND", "UNLABELLED", "/World/Car/Wheel"]
    np.testing.assert_array_equal(where(made.data, labels, "UNLABELLED"), CAR | BOX | OTHER | FLOOR)
    # A filter decides which prims there are, not which of their labels: what is inherited stays.
    assert made.info["idToSemantics"][2] == {"class": "car,wheel"}


@pytest.mark.parametrize(
    "params", [{"semanticTypes": ["shape"]}, {"semanticTypes": "shape:*"}, {"semanticFilter": "shape:*"}]
)
def test_types_that_are_not_asked_for_are_not_told(params: dict[str, Any]) -> None:
    labels = value("semantic_segmentation", shot(), params).info["idToLabels"]
    assert labels == {"0": {"class": "BACKGROUND"}, "1": {"class": "UNLABELLED"}, "2": {"shape": "cube"}}


def test_the_filter_of_the_application_comes_first() -> None:
    only_toys = replace(shot(), semantic_filter="class:toy")
    labels = value("instance_segmentation_fast", only_toys, {"semanticFilter": "class:*"}).info["idToLabels"]
    assert labels == {0: "BACKGROUND", 1: "UNLABELLED"}


@pytest.mark.parametrize(
    ("joined", "text"), [("sorted", "car,wheel"), ("own_first", "wheel,car"), ("own_last", "car,wheel")]
)
def test_labels_join_in_the_chosen_order(joined: Any, text: str) -> None:
    labels = value("semantic_segmentation", shot(), quirks=Quirks(joined=joined)).info["idToLabels"]
    assert labels["3"] == {"class": text}


def test_several_inherited_labels_come_nearest_first_after_the_own_ones() -> None:
    chain = (
        Entity("/A", {"class": ("Zoo",)}, {}, -1, True),
        Entity("/A/B", {"class": ("Pen",)}, {"class": ("Zoo",)}, 0, True),
        Entity("/A/B/C", {"class": ("Ant", "zoo")}, {"class": ("Pen", "Zoo")}, 1, False),
    )
    placements = (Placement("/A/B/C/m", 0, (0,), 2), *scene().placements[1:])
    made = shot(scene=scene(entities=chain, placements=tuple(replace(p, entity=min(p.entity, 2)) for p in placements)))
    made = replace(made, buffers=replace(made.buffers, visible_count=np.array([0, 0, 9])))
    labels = value("semantic_segmentation", made, quirks=Quirks(joined="own_first")).info["idToLabels"]
    assert labels["2"] == {"class": "ant,zoo,pen"}  # in lower case the own and the inherited label are one


def test_labels_that_are_hard_to_write_down_arrive_whole() -> None:
    odd = 'Größe "a/b":c'
    changed = (replace(ENTITIES[0], own={"class": (odd,)}, has_children=False), *ENTITIES[1:])
    labels = value("semantic_segmentation", shot(scene=scene(entities=changed))).info["idToLabels"]
    assert labels["2"] == {"class": 'größe "a/b":c'}


def test_a_scene_without_labels_is_unlabelled() -> None:
    bare = scene(entities=(), placements=tuple(replace(p, entity=-1) for p in scene().placements))
    made = replace(shot(scene=bare).buffers, visible_count=np.zeros(0, np.int64), entity=np.full((HEIGHT, WIDTH), -1))
    result = value("instance_segmentation_fast", shot(scene=bare, buffers=made))
    assert result.info["idToLabels"] == {0: "BACKGROUND", 1: "UNLABELLED"}
    np.testing.assert_array_equal(result.data, (~NOTHING).astype(np.uint32))


def test_a_frame_in_which_nothing_is_hit_is_background() -> None:
    empty = scene(entities=(), placements=())
    nothing = replace(shot().buffers, placement=np.full((HEIGHT, WIDTH), -1, np.int32), visible_count=np.zeros(0, int))
    for name in ("semantic_segmentation", "instance_segmentation", "instance_id_segmentation"):
        made = value(name, shot(scene=empty, buffers=nothing))
        assert made.data is not None
        assert not made.data.any()


def test_colours_follow_the_text_and_are_distinct() -> None:
    first = value("semantic_segmentation_fast", shot(), {"colorize": True}).info["idToLabels"]
    few = value("semantic_segmentation_fast", shot(), {"colorize": True, "semanticFilter": "class:wheel"})
    wheel = next(key for key, labels in first.items() if labels == {"class": "car,wheel"})
    assert few.info["idToLabels"][wheel] == {"class": "car,wheel"}
    assert wheel == (0x5C, 0x0A, 0x7D, 255)  # printf "/0/class:car,wheel" | b2sum -l 24


def test_a_mapping_gives_colours_to_classes() -> None:
    mapping = json.dumps({"class:Car": [255, 0, 0, 255], "shape:cube": [1, 2, 3], "class:absent": [9, 9, 9, 255]})
    labels = value("semantic_segmentation_fast", shot(), {"colorize": True, "mapping": mapping}).info["idToLabels"]
    assert labels[255, 0, 0, 255] == {"class": "car"}
    assert labels[1, 2, 3, 255] == {"class": "box,crate", "shape": "cube"}
    assert {"class": "car,wheel"} in labels.values()


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("{", "is not read"),
        ('{"class:car": [1, 2]}', "is not read"),
        ('{"class:car": [1, 2, 300, 255]}', r"0\.\.255"),
        ('["class:car"]', "is not read"),
        ('{"class:car": [7, 7, 7, 255], "class:car,wheel": [7, 7, 7, 255]}', "both class:car and class:car,wheel"),
    ],
)
def test_a_mapping_that_loses_a_class_is_refused(mapping: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        value("semantic_segmentation", shot(), {"colorize": True, "mapping": mapping})


def test_redrawn_ids_differ_from_frame_to_frame_and_mean_the_same() -> None:
    maps = []
    for frame in range(3):
        made = value("instance_segmentation_fast", shot(frame=frame), quirks=Quirks(redraw=1))
        assert made.data is not None
        maps.append(made.info["idToLabels"])
        np.testing.assert_array_equal(where(made.data, maps[-1], "/World/Box"), BOX)
        np.testing.assert_array_equal(where(made.data, maps[-1], "BACKGROUND"), NOTHING)
    assert len({tuple(labels) for labels in maps}) == 3
    again = value("instance_segmentation_fast", shot(frame=2), quirks=Quirks(redraw=1))
    assert again.info["idToLabels"] == maps[2]


def test_stale_semantics_are_those_of_the_frame_before_while_as_many_prims_are_visible() -> None:
    # In the frame before the wheel was called a tyre.
    before = shot(scene=scene(entities=(ENTITIES[0], replace(ENTITIES[1], own={"class": ("Tyre",)}), *ENTITIES[2:])))
    now = shot(former=before)
    stale, fresh = (
        value("semantic_segmentation", now, quirks=Quirks(stale_semantics=stale)).info["idToLabels"]["3"]
        for stale in (True, False)
    )
    assert (stale, fresh) == ({"class": "car,tyre"}, {"class": "car,wheel"})
    hidden = replace(before.buffers, visible_count=before.buffers.visible_count * [1, 0, 1, 1, 1, 1])
    fewer = shot(former=replace(before, buffers=hidden))
    labels = value("semantic_segmentation", fewer, quirks=Quirks(stale_semantics=True)).info["idToLabels"]
    assert labels["3"] == {"class": "car,wheel"}
