"""A writer's options ask for the annotators that its formats need, and for no others."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from framepress.core import LabelMap
from framepress.errors import LabelError, OptionError
from framepress.replicator.options import Options

ALWAYS = {"bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d", "camera_params"}


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"formats": "coco"}, {"rgb", "instance_segmentation_fast"}),
        ({"formats": {"coco": {"images": "none", "segmentation": "none"}}}, set()),
        ({"formats": "kitti"}, {"rgb"}),
        ({"formats": {"kitti": {"depth": True}}}, {"rgb", "distance_to_image_plane"}),
        ({"formats": ["yolo", "kitti"]}, {"rgb"}),
        (
            {"formats": "native"},
            {"rgb", "instance_segmentation_fast", "semantic_segmentation", "distance_to_image_plane"},
        ),
        ({"formats": "native", "channels": "flow"}, {"motion_vectors", "instance_segmentation_fast"}),
        (
            {"formats": "coco", "labels": [{"name": "person", "keypoints": ["Head"]}, "box"]},
            {"rgb", "instance_segmentation_fast", "skeleton_data"},
        ),
    ],
)
def test_only_what_the_formats_can_keep_is_rendered(options: dict[str, object], more: set[str]) -> None:
    assert set(Options.of(**options).annotators) == ALWAYS | more  # type: ignore[arg-type]


def test_options_may_come_from_a_json_file(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("pallet\nbox\n")
    text = json.dumps(
        {
            "formats": {"coco": {"segmentation": "polygon"}},
            "labels": str(tmp_path / "classes.txt"),
            "split": "train=.5,val=.5",
            "seed": 3,
            "policy": {"comma": "first"},
            "workers": 1,
        }
    )
    chosen = Options.of(**json.loads(text))
    assert chosen.labels == LabelMap.of(["pallet", "box"])
    assert chosen.split is not None
    assert chosen.split.seed == 3
    assert chosen.policy.comma == "first"
    assert chosen.policy.labels == chosen.labels
    assert chosen.writing == {"workers": 1}


def test_key_points_can_be_asked_for_and_left_out() -> None:
    person = [{"name": "person", "keypoints": ["Head"]}]
    for labels, asked, expected in (
        (person, None, True),
        (person, False, False),
        (["person"], None, False),
        (None, True, True),
    ):
        chosen = Options.of(labels=labels, keypoints=asked)
        assert ("skeleton_data" in chosen.annotators) == expected
        if labels == person:
            assert chosen.labels is not None
            assert bool(chosen.labels.labels[0].keypoints) == expected


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "coco"}, "no option 'format'; it has formats,"),
        ({"formats": "cocco"}, "cocco"),
        ({"formats": {"coco": {"segmentation": "x"}}}, "segmentation='x'"),
        ({"channels": "rgb,dept"}, "'dept' is none of rgb,"),
        ({"policy": {"coma": "first"}}, "'coma' is none of taxonomy,"),
        ({"policy": {"comma": "last"}}, "comma='last'"),
    ],
)
def test_an_option_that_cannot_be_is_told_before_anything_is_attached(options: dict[str, object], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Options.of(**options)  # type: ignore[arg-type]


def test_two_classes_that_differ_in_case_only_are_refused() -> None:
    with pytest.raises(LabelError, match="Box"):
        Options.of(labels=["box", "Box"])


def test_options_can_be_copied_as_hosts_copy_writers() -> None:
    chosen = Options.of(formats="coco,kitti", split="train=1")
    assert copy.deepcopy(chosen) == chosen


def test_labels_of_another_taxonomy_make_no_objects() -> None:
    asked = Options.of(formats="native").annotators
    filtered = {name for name, params in asked.items() if params.get("semanticFilter") == "class:*"}
    boxes = {"bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d"}
    assert filtered == boxes | {"instance_segmentation_fast", "semantic_segmentation"}
    chosen = Options.of(formats="coco", policy={"taxonomy": "shape"}).annotators
    assert chosen["bounding_box_2d_tight"] == {"semanticFilter": "shape:*"}
    chosen = Options.of(formats="coco", semantic_filter="class:car|truck").annotators
    assert chosen["bounding_box_2d_tight"] == {"semanticFilter": "class:car|truck"}


def test_taxonomies_may_be_named_in_place_of_a_predicate() -> None:
    asked = Options.of(formats="coco", semantic_types=["class", "shape"]).annotators
    assert asked["bounding_box_2d_tight"] == {"semanticFilter": "class:*; shape:*"}
    asked = Options.of(formats="coco", semantic_types="class").annotators
    assert asked["instance_segmentation_fast"]["semanticFilter"] == "class:*"


def test_an_encoding_goes_to_every_format_that_has_it_and_names_none_of_its_own() -> None:
    given = {"coco": {}, "yolo": {"images": "png"}, "kitti": {}, "native": {}}
    chosen = Options.of(formats=given, images="jpeg", quality=80, depth="tiff").formats
    assert {name: options["images"] for name, options in chosen.items()} == {
        "coco": "jpeg",
        "yolo": "png",
        "kitti": "jpeg",
        "native": "jpeg",
    }
    assert chosen["native"]["depth"] == "tiff"
    assert "depth" not in chosen["kitti"]  # which has an option of that name: whether there is any
    assert {options["quality"] for options in chosen.values()} == {80}


def test_boxes_of_tiles_are_measured_in_an_instance_map_that_is_asked_for() -> None:
    chosen = Options.of(formats="yolo", tiles=json.loads('{"rp": {"size": [4, 3], "cameras": ["/W/A", "/W/B"]}}'))
    assert set(chosen.annotators) == ALWAYS | {"rgb", "instance_segmentation_fast"}
    assert chosen.annotators["instance_segmentation_fast"]["semanticFilter"] == "class:*"
    assert chosen.tiles["rp"].mosaic_wh == (8, 3)


def test_pixels_are_counted_in_an_instance_map_that_is_asked_for() -> None:
    assert "instance_segmentation_fast" in Options.of(formats="kitti", min_pixels=10).annotators
    assert "instance_segmentation_fast" not in Options.of(formats="kitti", min_visibility=0.2).annotators


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"semantic_types": ["class"], "semantic_filter": "class:*"}, "exclude each other"),
        ({"semantic_types": ["shape"]}, "lacks 'class'"),
        ({"formats": "kitti", "depth": "npy"}, "depth='npy': none of the formats kitti"),
        ({"formats": "coco", "images": "gif"}, "images='gif'"),
        ({"min_pixels": 2.5}, "min_pixels=2.5"),
        ({"min_pixels": -1}, "min_pixels=-1"),
        ({"min_visibility": 1.5}, "min_visibility=1.5"),
        ({"min_visibility": float("nan")}, "min_visibility=nan"),
        ({"on_error": "ignore"}, "on_error='ignore': must be one of raise, count, stop"),
        ({"world_up": "up"}, "world_up='up'"),
        ({"provenance": {"seed": object()}}, "provenance=.*plain JSON"),
        ({"first_frame": -1}, "first_frame=-1"),
        ({"formats": []}, r"formats=\[\]: must be .*at least one"),
        ({"formats": {"coco": None}}, "formats={'coco': None}: must be "),
        ({"labels": 5}, "labels=5: must be the path of a label file, or a list"),
        ({"channels": 5}, "channels=5: must be a text or a list"),
        ({"policy": "object"}, "policy='object': must be a mapping"),
        ({"seed": "1"}, "seed='1': must be a whole number"),
        ({"split": 0.8}, "split=0.8: must be a text such as"),
        ({"sequence": None}, "sequence=None: must be a text"),
        ({"min_visibility": "half"}, "min_visibility='half': must be a share"),
        ({"semantic_filter": ["class"]}, r"semantic_filter=\['class'\]: must be a text"),
        ({"unlisted": "keep"}, "unlisted='keep': must be one of error, drop"),
        ({"existing": "overwrite"}, "existing='overwrite': must be one of error, append, resume"),
        ({"on_full": "block"}, "on_full='block': must be one of wait, drop"),
        ({"workers": "2"}, "workers='2': must be a whole number of at least 1"),
        ({"queue_bytes": "1GB"}, "queue_bytes='1GB': must be a whole number of bytes"),
        ({"origin": "me"}, "origin='me': must be plain JSON"),
        ({"keypoints": "yes"}, "keypoints='yes': must be true or false"),
        ({"policy": {"points": ["person"]}}, "'points' is none of taxonomy,"),
        ({"tiles": ["/W/A"]}, "tiles=.*must be a mapping"),
        ({"tiles": {"rp": ["/W/A"]}}, r"tiles\['rp'\]: .*expected {'size'"),
        ({"tiles": {"rp": {"size": [4, 3], "cameras": ["/W/A"], "order": "rows"}}}, r"tiles\['rp'\]: .*'order'"),
        ({"tiles": {"rp": {"size": [4, 0], "cameras": ["/W/A"]}}}, r"size \[4, 0\]"),
        ({"tiles": {"rp": {"size": [4.0, 3], "cameras": ["/W/A"]}}}, r"size \[4.0, 3\]"),
        ({"tiles": {"rp": {"size": "43", "cameras": ["/W/A"]}}}, "size '43'"),
        ({"tiles": {"rp": {"size": [4, 3], "cameras": []}}}, r"cameras \[\]"),
        ({"tiles": {"rp": {"size": [4, 3], "cameras": ["A"]}}}, r"cameras \['A'\]"),
        ({"tiles": {"rp": {"size": [4, 3], "cameras": "/W/A"}}}, "cameras '/W/A'"),
        ({"tiles": {"rp": {"size": [4, 3], "cameras": ["/W/A", "/W/A"]}}}, "/W/A is named twice"),
    ],
)
def test_bounds_and_choices_that_cannot_be_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Options.of(**options)  # type: ignore[arg-type]


def test_a_world_that_is_not_as_formats_expect_it_is_stated_with_every_frame() -> None:
    assert Options.of(world_up="z").meta == {}
    assert Options.of(world_up="y").meta == {"world_up": "y"}
