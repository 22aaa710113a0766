"""Classes out of comma-joined, lower-cased labels; pixels out of ids and colours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.replicator_payloads import boxed, payload, rows_2d
from framepress.capture.accounts import Accounts
from framepress.capture.payload import frame_from_payload
from framepress.capture.policy import Policy
from framepress.capture.segmentation import boxes_of_ids
from framepress.capture.semantics import ancestors, id_of, labels_of, split_labels
from framepress.core import LabelMap, View
from framepress.errors import InputError, LabelError, OptionError

SIZE = (24, 8)


def taken(annotators: dict[str, Any], policy: Policy | None = None) -> tuple[View, Accounts]:
    data = payload("renderProduct", {"rp": annotators}, SIZE)
    frame, accounts = frame_from_payload(data, frame_id="0", index=0, policy=policy)
    assert frame is not None
    assert accounts.unaccounted == 0
    return frame.view, accounts


def tight(labels: dict[str, Any]) -> dict[str, Any]:
    boxes = [(3 * row, 0, 3 * row + 1, 5) for row in range(len(labels))]
    return {"bounding_box_2d_tight_fast": boxed(rows_2d(*boxes), list(labels.values()), list(labels))}


RACK = {"/W/Rack": "rack", "/W/Rack/Shelf": "rack,rack_shelf", "/W/Rack/Shelf/Tag": "barcode,rack,rack_shelf"}


def test_a_prims_own_label_is_the_one_its_ancestors_lack() -> None:
    view, _ = taken(tight(RACK))
    assert view.objects.labels == ["rack", "rack_shelf", "barcode"]


def test_a_child_that_repeats_its_parents_labels_is_of_its_class() -> None:
    view, accounts = taken(tight({"/W/Rack": "rack", "/W/Rack/Part": "rack,rack"}))
    assert view.objects.labels == ["rack"]
    assert accounts.counts["merged unverified"] == 1


def test_with_a_class_list_a_prims_own_label_comes_before_what_it_inherits() -> None:
    policy = Policy(labels=LabelMap.of(["Rack_Shelf", "Rack", "Barcode"]))
    view, accounts = taken(tight(RACK), policy)
    assert view.objects.labels == ["Rack", "Rack_Shelf", "Barcode"]
    assert "labels: further ones passed over" not in accounts.counts


def test_a_driver_of_a_labelled_forklift_stays_a_person_in_whatever_order_classes_are_listed() -> None:
    rows = {"/W/Forklift": "forklift", "/W/Forklift/Mast": "forklift", "/W/Forklift/Driver": "forklift,person"}
    for names in (["forklift", "person"], ["person", "forklift"]):
        view, accounts = taken(tight(rows), Policy(labels=LabelMap.of(names)))
        assert view.objects.labels == ["forklift", "person"]
        assert accounts.counts["merged unverified"] == 1  # the mast


def test_what_a_prim_inherits_decides_where_its_own_label_is_not_listed() -> None:
    view, accounts = taken(tight(RACK), Policy(labels=LabelMap.of(["Rack_Shelf", "Rack"])))
    assert view.objects.labels == ["Rack", "Rack_Shelf"]  # the tag is part of its shelf
    assert accounts.examples["labels: further ones passed over"][0] == "frame 0, rp: /W/Rack/Shelf/Tag: barcode"


def test_of_several_labels_of_its_own_the_first_listed_is_taken_and_the_rest_is_counted() -> None:
    view, accounts = taken(
        tight({"/W/Decal": "floor,floor_decal"}), Policy(labels=LabelMap.of(["Floor_Decal", "Floor"]))
    )
    assert view.objects.labels == ["Floor_Decal"]
    assert accounts.counts["labels: further ones passed over"] == 1
    assert accounts.examples["labels: further ones passed over"] == ["frame 0, rp: /W/Decal: floor"]


def test_a_class_that_is_not_listed_is_left_for_the_writer_to_judge() -> None:
    view, _ = taken(tight({"/W/A": "cone", "/W/B": "ghost"}), Policy(labels=LabelMap.of(["Cone"])))
    assert view.objects.labels == ["Cone", "ghost"]


@pytest.mark.parametrize(("comma", "label"), [("first", "floor"), ("joined", "floor,floor_decal")])
def test_labels_that_cannot_be_told_apart_follow_the_choice_made(comma: str, label: str) -> None:
    view, accounts = taken(tight({"/W/Decal": "floor,floor_decal"}), Policy(comma=comma))
    assert view.objects.labels == [label]
    assert accounts.counts[f"labels: several, {comma}"] == 1


def test_labels_that_cannot_be_told_apart_are_refused_by_default() -> None:
    with pytest.raises(LabelError, match="/W/Decal: has several labels"):
        taken(tight({"/W/Decal": "floor,floor_decal"}))


def test_hidden_prims_with_several_labels_refuse_nothing() -> None:
    annotators = tight({"/W/Crowd": "person", "/W/Crowd/A": "person"})
    annotators["bounding_box_2d_loose"] = boxed(rows_2d((1, 1, 2, 2)), ["floor,floor_decal"], ["/W/Decal"])
    assert taken(annotators)[0].objects.labels == ["person"]


@pytest.mark.parametrize("label", ["BACKGROUND", "UNLABELLED", "", " , ", None])
def test_rows_without_a_label_are_dropped_by_name(label: str | None) -> None:
    view, accounts = taken(tight({"/W/A": label, "/W/B": "cone"}))
    assert view.objects.labels == ["cone"]
    assert accounts.examples["dropped: no label of type class"] == ["/W/A"]


def test_a_class_called_background_in_lower_case_is_a_class() -> None:
    assert split_labels("background, BACKGROUND ,a,,a") == ("background", "a")


def test_ancestors_go_up_and_end_below_the_root() -> None:
    assert list(ancestors("/A/B/C")) == ["/A/B", "/A"]
    assert list(ancestors("/A")) == []


def test_real_nested_labels_are_read(shared: Path) -> None:
    path = shared / "isaac51-warehouse-render/renders/forklift_closeup/segmentation_labels.json"
    found = labels_of(json.loads(path.read_text()), "class", str(path))
    assert found[0] == found[1] == ()
    assert found[10] == ("rack", "rack_shelf")
    assert found[12] == ("forklift",)


def test_policies_that_do_not_exist_are_refused() -> None:
    for wrong in ({"comma": "last"}, {"nested": "both"}, {"nested_by_class": {"x": "none"}}, {"touching_m": -1.0}):
        with pytest.raises(OptionError, match="must be"):
            Policy(**wrong)  # type: ignore[arg-type]


COLOURS = {
    (0, 0, 0, 0): "BACKGROUND",
    (0, 0, 0, 255): "UNLABELLED",
    (35, 198, 233, 255): "banana",
    (9, 220, 11, 255): "crate",
}


def coloured(pixels: np.ndarray, keys: type = str) -> dict[str, Any]:
    return {
        "semantic_segmentation": {"data": pixels, "idToLabels": {keys(k): {"class": v} for k, v in COLOURS.items()}}
    }


def painting() -> np.ndarray:
    """uint8 (8, 24, 4): stripes of the four colours."""
    table = np.array(list(COLOURS), np.uint8)
    return table[np.arange(24)[None].repeat(8, 0) // 6]


@pytest.mark.parametrize("keys", [str, tuple])
@pytest.mark.parametrize("packed", [True, False])
def test_colours_become_numbers_in_the_order_of_their_parts(keys: type, packed: bool) -> None:
    pixels = painting()
    pixels = np.ascontiguousarray(pixels).view("<u4")[..., 0] if packed else pixels
    view, _ = taken(coloured(pixels, keys))
    assert dict(view.names) == {2: "crate", 3: "banana"}
    assert view.channels["semantic"][0].tolist() == [0] * 6 + [1] * 6 + [3] * 6 + [2] * 6


def test_a_colour_without_an_entry_is_named_with_its_first_pixel() -> None:
    pixels = painting().copy()
    pixels[5, 7:9] = (1, 2, 3, 255)
    view, _ = taken(coloured(pixels))
    with pytest.raises(
        InputError, match=r"semantic_segmentation: colour \(1, 2, 3, 255\) at pixel x 7, y 5 has no entry"
    ):
        view.channels["semantic"]


@pytest.mark.parametrize("number", [7, 70_000, 4_000_000_000])
def test_an_id_without_an_entry_is_named_with_its_first_pixel(number: int) -> None:
    pixels = np.zeros((8, 24), np.uint32)
    pixels[2, 3] = number
    view, _ = taken(
        {"semantic_segmentation": {"data": pixels, "idToLabels": {"2": {"class": "a"}, "9": {"class": "b"}}}}
    )
    with pytest.raises(InputError, match=f"id {number} at pixel x 3, y 2 has no entry"):
        view.channels["semantic"]


def test_coloured_instances_are_numbered_and_joined_by_path() -> None:
    annotators = tight({"/W/A": "cone", "/W/B": "box"})
    keys = {"(0, 0, 0, 0)": "BACKGROUND", "(200, 1, 0, 255)": "/W/A", "(3, 1, 0, 255)": "/W/B"}
    pixels = np.zeros((8, 24, 4), np.uint8)
    pixels[:, :4], pixels[:, 8:] = (200, 1, 0, 255), (3, 1, 0, 255)
    annotators["instance_segmentation"] = {"data": pixels, "idToLabels": keys}
    view, _ = taken(annotators)
    assert view.objects.id.tolist() == [3, 2]
    assert view.channels["instance"][0].tolist() == [3] * 4 + [0] * 4 + [2] * 16


def test_leaf_geometry_belongs_to_the_nearest_prim_with_a_row() -> None:
    annotators = tight({"/W/A": "cone", "/W/A/B": "box"})
    names = {0: "INVALID", 4: "/W/A/mesh", 5: "/W/A/B/lid/mesh", 6: "/W/Floor/mesh", 7: "/W/A/mesh2"}
    pixels = np.repeat(np.array([0, 4, 5, 6, 7, 4], np.uint32)[None], 8, 0).repeat(4, 1)
    annotators["instance_id_segmentation_fast"] = {"data": pixels, "idToLabels": names}
    view, accounts = taken(annotators)
    assert view.objects.id.tolist() == [4, 5]
    assert view.channels["instance"][0, ::4].tolist() == [0, 4, 5, 0, 4, 4]
    assert accounts.counts["instance map: prims that are no object here"] == 1


def test_ids_delivered_as_signed_numbers_are_the_same_bits() -> None:
    pixels = np.full((8, 24), 3_000_000_000, np.uint32)
    names = {"3000000000": {"class": "a"}}
    view, _ = taken({"semantic_segmentation": {"data": pixels.view(np.int32), "idToLabels": names}})
    assert (view.channels["semantic"] == 3_000_000_000).all()


@pytest.mark.parametrize("key", ["(1, 2, 3)", "(1, 2, 3, 256)", "x", -1, 1 << 32, None, "(1, 2, 3, a)"])
def test_keys_that_are_neither_id_nor_colour_are_refused(key: Any) -> None:
    with pytest.raises(InputError, match="neither an id nor a colour"):
        id_of(key, "here")


@given(st.tuples(*[st.integers(0, 255)] * 4))
def test_a_colour_key_is_the_value_of_its_pixels(colour: tuple[int, int, int, int]) -> None:
    pixel = int(np.array(colour, np.uint8).view("<u4")[0])
    assert id_of(colour, "") == id_of(str(colour), "") == id_of(pixel, "") == id_of(str(pixel), "") == pixel


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_bounds_of_ids_are_those_of_their_pixels(seed: int, height: int, width: int, kinds: int) -> None:
    rng = np.random.default_rng(seed)
    ids = rng.choice(rng.integers(0, 2**32, kinds, np.uint32), (height, width))
    found, box = boxes_of_ids(ids)
    assert found.tolist() == np.unique(ids).tolist()
    for number, bounds in zip(found, box.tolist(), strict=True):
        y, x = np.nonzero(ids == number)
        assert bounds == [x.min(), y.min(), x.max() + 1, y.max() + 1]
