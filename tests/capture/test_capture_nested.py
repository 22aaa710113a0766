"""Rows of prims inside prims: no person is lost, no forklift counted twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.replicator_payloads import boxed, camera_params, payload, rows_2d, rows_3d, transform, view_matrix
from framepress.capture.accounts import Accounts
from framepress.capture.nested import in_one_piece
from framepress.capture.payload import frame_from_payload
from framepress.capture.policy import Policy
from framepress.core import View

SIZE = (64, 48)
Solid = tuple[str, str, Sequence[float], Sequence[float]]  # path, label, low and high corner [m, world]


def taken(
    tight: Sequence[tuple[str, str]],
    solids: Sequence[Solid] = (),
    policy: Policy | None = None,
    ids: dict[int, str] | None = None,
) -> tuple[View, Accounts]:
    """A view whose tight boxes are 4 px wide, 8 px apart, in the order of `tight` = (path, label) rows."""
    boxes = [(8 * row, 10, 8 * row + 3, 19) for row in range(len(tight))]
    values = {
        "camera_params": camera_params(view_matrix((0, -20, 2), (0, 0, 1)), SIZE),
        "bounding_box_2d_tight_fast": boxed(rows_2d(*boxes), [row[1] for row in tight], [row[0] for row in tight]),
    }
    if solids:
        rows = rows_3d(*((low, high, transform()) for _, _, low, high in solids))
        values["bounding_box_3d_fast"] = boxed(rows, [row[1] for row in solids], [row[0] for row in solids], first=3)
    if ids is not None:
        pixels = np.zeros(SIZE[::-1], np.uint32)
        for row, number in enumerate(ids):
            pixels[10:20, 8 * row : 8 * row + 4] = number
        names = {0: "BACKGROUND", 1: "UNLABELLED", **ids}
        values["instance_segmentation_fast"] = {"data": pixels, "idToLabels": names}
    data = payload("renderProduct", {"rp": values}, SIZE)
    frame, accounts = frame_from_payload(data, frame_id="0000", index=0, policy=policy)
    assert frame is not None
    assert accounts.unaccounted == 0
    return frame.view, accounts


def named(view: View) -> dict[str, str]:
    return dict(zip(view.objects.track, view.objects.labels, strict=True))


BODY = ("/W/Fork", "forklift", (-1, -1, 0), (1, 2, 2))
MAST = ("/W/Fork/Mast", "forklift", (-0.5, -1, 0), (0.5, -0.8, 2))
DRIVER = ("/W/Fork/Driver", "person", (-0.3, 0, 0.7), (0.3, 0.6, 1.9))
WHEELS = [
    (f"/W/Fork/Wheel{n}", "forklift", (x, y, 0), (x + 0.2, y + 0.4, 0.4))
    for n, (x, y) in enumerate([(-1, -1), (0.8, -1), (-1, 1.6), (0.8, 1.6)])
]
CROWD = ("/W/Crowd", "person", (-3, 0, 0), (3, 0.5, 1.8))
PEOPLE = [(f"/W/Crowd/P{n}", "person", (x, 0, 0), (x + 0.5, 0.5, 1.8)) for n, x in enumerate((-3.0, 0.0, 2.5))]


def rows(*solids: Solid) -> list[tuple[str, str]]:
    return [(path, label) for path, label, _, _ in solids]


def test_a_forklift_with_a_labelled_mast_is_one_object() -> None:
    view, accounts = taken(rows(BODY, MAST), [BODY, MAST])
    assert named(view) == {"/W/Fork": "forklift"}
    assert accounts.counts["merged"] == 1
    assert view.objects.box[0].tolist() == [0, 10, 12, 20]  # both rows' pixels
    np.testing.assert_allclose(view.objects.box3d.size[0], (2, 3, 2))  # the whole prim's own 3D box


def test_a_driver_in_a_forklift_stays_a_person() -> None:
    view, accounts = taken(rows(BODY, MAST, DRIVER), [BODY, MAST, DRIVER])
    assert named(view) == {"/W/Fork": "forklift", "/W/Fork/Driver": "person"}
    assert accounts.counts["rows"] == 3
    assert accounts.counts["objects"] == 2


def test_a_crowd_is_its_persons() -> None:
    view, accounts = taken(rows(CROWD, *PEOPLE), [CROWD, *PEOPLE])
    assert named(view) == {f"/W/Crowd/P{n}": "person" for n in range(3)}
    assert accounts.counts["dropped: group"] == 1
    assert accounts.examples["dropped: group"] == ["/W/Crowd"]


def test_a_crowd_stays_a_crowd_when_all_but_one_of_it_are_hidden() -> None:
    view, _ = taken(rows(CROWD, PEOPLE[1]), [CROWD, *PEOPLE])
    assert named(view) == {"/W/Crowd/P1": "person"}


@pytest.mark.parametrize("others", [[], [("/W/Crowd/Bench", "bench", (0.6, 0, 0), (1.5, 0.5, 0.5))]])
def test_a_crowd_of_which_everybody_is_hidden_is_no_person(others: list[Solid]) -> None:
    # Its own row shows what lies between the persons, labelled or not.
    view, accounts = taken(rows(CROWD, *others), [CROWD, *PEOPLE, *others])
    assert named(view) == dict(rows(*others))
    assert accounts.counts["dropped: group"] == 1


def test_a_crowd_whose_own_row_is_missing_is_its_persons() -> None:
    view, accounts = taken(rows(*PEOPLE), [CROWD, *PEOPLE])
    assert len(view.objects) == 3
    assert "dropped: group" not in accounts.counts


def test_wheels_apart_from_each_other_belong_to_the_body_that_joins_them() -> None:
    view, accounts = taken(rows(BODY, *WHEELS), [BODY, *WHEELS])
    assert named(view) == {"/W/Fork": "forklift"}
    assert accounts.counts["merged"] == 4


def test_parts_are_one_object_even_where_the_whole_has_no_visible_row_of_its_own() -> None:
    frame = ("/W/Fork/Frame", "forklift", (-1, -0.8, 0), (1, 2, 2))
    view, accounts = taken(rows(frame, MAST), [BODY, frame, MAST])
    assert named(view) == {"/W/Fork": "forklift"}
    assert accounts.counts["merged"] == 1


def test_a_group_of_forklifts_with_parts_gives_each_of_them_once() -> None:
    def moved(solid: Solid, by: float) -> Solid:
        path, label, low, high = solid
        return path.replace("/W/", f"/W/Fleet/F{by:.0f}/"), label, (low[0] + by, *low[1:]), (high[0] + by, *high[1:])

    fleet = ("/W/Fleet", "forklift", (-1, -1, 0), (11, 2, 2))
    solids = [fleet, *(moved(solid, by) for by in (0.0, 10.0) for solid in (BODY, MAST))]
    view, accounts = taken(rows(*solids), solids)
    assert set(named(view)) == {"/W/Fleet/F0/Fork", "/W/Fleet/F10/Fork"}
    assert accounts.counts["dropped: group"] == 1
    assert accounts.counts["merged"] == 2


def test_a_crowd_in_a_turned_group_is_still_a_crowd() -> None:
    # The group's own box is turned with it: its world bounds stick out of everybody's, its own extents do not.
    angle = np.radians(35)
    axes = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    solids = [(low, high, transform(axes)) for _, _, low, high in (CROWD, *PEOPLE)]
    paths, labels = zip(*rows(CROWD, *PEOPLE), strict=True)
    values = {
        "camera_params": camera_params(view_matrix((0, -20, 2), (0, 0, 1)), SIZE),
        "bounding_box_2d_tight": boxed(rows_2d(*((8 * n, 1, 8 * n + 3, 9) for n in range(4))), labels, paths),
        "bounding_box_3d": boxed(rows_3d(*solids), labels, paths),
    }
    frame, accounts = frame_from_payload(payload("annotator", {"rp": values}, SIZE), frame_id="0", index=0)
    assert frame is not None
    assert len(frame.view.objects) == 3
    assert accounts.counts["dropped: group"] == 1


def test_without_3d_rows_a_family_is_merged_and_said_to_be_unverified() -> None:
    view, accounts = taken(rows(BODY, MAST))
    assert named(view) == {"/W/Fork": "forklift"}
    assert accounts.counts["merged unverified"] == 1


def test_a_merged_object_has_no_occlusion_but_its_own_rows() -> None:
    view, accounts = taken(rows(("/W/Fork/Frame", "forklift", (-1, -0.8, 0), (1, 2, 2)), MAST), [BODY, MAST])
    assert np.isnan(view.objects.visibility).sum() == accounts.counts["occlusion unknown"] == 1


def test_what_follows_a_merged_part_keeps_its_own_occlusion() -> None:
    cone = ("/W/Cone", "cone", (5, 0, 0), (6, 1, 1))
    solids = [MAST, BODY, cone]
    boxes = rows_2d(*((8 * n, 1, 8 * n + 3, 9) for n in range(3)), occlusion=[0.75, 0.5, 0.25])
    paths, labels = zip(*rows(*solids), strict=True)
    values = {
        "camera_params": camera_params(view_matrix((0, -20, 2), (0, 0, 1)), SIZE),
        "bounding_box_2d_tight": boxed(boxes, labels, paths),
        "bounding_box_3d": boxed(rows_3d(*((low, high, transform()) for _, _, low, high in solids)), labels, paths),
    }
    frame, _ = frame_from_payload(payload("annotator", {"rp": values}, SIZE), frame_id="0", index=0)
    assert frame is not None
    found = dict(zip(frame.view.objects.track, frame.view.objects.visibility.tolist(), strict=True))
    assert found == {"/W/Fork": 0.5, "/W/Cone": 0.75}


@pytest.mark.parametrize(("gap", "objects"), [(0.015, 1), (0.03, 2)])
def test_parts_two_centimetres_apart_still_touch(gap: float, objects: int) -> None:
    halves = [("/W/X/A", "x", (0, 0, 0), (1, 1, 1)), ("/W/X/B", "x", (1 + gap, 0, 0), (2, 1, 1))]
    whole = ("/W/X", "x", (0, 0, 0), (2, 1, 1))
    assert len(taken(rows(whole, *halves), [whole, *halves])[0].objects) == objects


@pytest.mark.parametrize(("beyond", "objects"), [(0.04, 2), (0.08, 1)])
def test_a_prim_has_geometry_of_its_own_from_a_hundredth_of_its_side_on(beyond: float, objects: int) -> None:
    parts = [("/W/X/A", "x", (0, 0, 0), (1, 1, 1)), ("/W/X/B", "x", (4, 0, 0), (5, 1, 1))]
    whole = ("/W/X", "x", (0, 0, 0), (5 + beyond, 1, 1))
    assert len(taken(rows(whole, *parts), [whole, *parts])[0].objects) == objects


@pytest.mark.parametrize(
    ("nested", "tracks"),
    [
        ("outermost", {"/W/Crowd"}),
        ("innermost", {"/W/Crowd/P0", "/W/Crowd/P1", "/W/Crowd/P2"}),
        ("all", {"/W/Crowd", "/W/Crowd/P0", "/W/Crowd/P1", "/W/Crowd/P2"}),
    ],
)
def test_other_policies_do_what_their_names_say(nested: str, tracks: set[str]) -> None:
    assert set(named(taken(rows(CROWD, *PEOPLE), [CROWD, *PEOPLE], Policy(nested=nested))[0])) == tracks


def test_a_policy_may_hold_for_one_class_only() -> None:
    solids = [BODY, MAST, CROWD, *PEOPLE]
    policy = Policy(nested="outermost", nested_by_class={"Person": "innermost"})
    view, _ = taken(rows(*solids), solids, policy)
    assert set(named(view)) == {"/W/Fork", "/W/Crowd/P0", "/W/Crowd/P1", "/W/Crowd/P2"}


def test_mask_pixels_of_merged_parts_carry_the_objects_id() -> None:
    ids = {9: "/W/Fork", 5: "/W/Fork/Mast", 7: "/W/Fork/Driver"}
    view, _ = taken(rows(BODY, MAST, DRIVER), [BODY, MAST, DRIVER], ids=ids)
    assert dict(zip(view.objects.track, view.objects.id.tolist(), strict=True)) == {"/W/Fork": 9, "/W/Fork/Driver": 7}
    instance = view.channels["instance"]
    assert {int(number): int((instance == number).sum()) for number in np.unique(instance) if number} == {9: 80, 7: 40}


def test_pixels_of_a_dropped_group_are_nobodys() -> None:
    ids = {2: "/W/Crowd", 3: "/W/Crowd/P0", 4: "/W/Crowd/P1", 5: "/W/Crowd/P2"}
    view, _ = taken(rows(CROWD, *PEOPLE), [CROWD, *PEOPLE], ids=ids)
    assert np.unique(view.channels["instance"]).tolist() == [0, 3, 4, 5]


def test_paths_that_merely_begin_alike_are_no_family() -> None:
    view, _ = taken([("/W/Fork", "forklift"), ("/W/Fork2", "forklift"), ("/W/Forklift/Fork", "forklift")])
    assert len(view.objects) == 3


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=8))
def test_boxes_are_in_one_piece_exactly_when_a_walk_over_their_neighbours_reaches_all(
    cells: list[tuple[int, int]],
) -> None:
    # Unit squares on a grid touch when their cells are at most one apart: a flood fill is the witness.
    low = np.array([(x, y, 0) for x, y in cells], float)
    reached, front = set(), {cells[0]}
    while front:
        reached |= front
        front = {(x, y) for x, y in cells if any(max(abs(x - a), abs(y - b)) <= 1 for a, b in front)} - reached
    assert in_one_piece(low, low + 1, margin=0.0) == (reached == set(cells))


families = st.lists(
    st.tuples(st.lists(st.sampled_from("ABC"), min_size=1, max_size=4), st.sampled_from(["person", "forklift"])),
    min_size=1,
    max_size=7,
    unique_by=lambda row: tuple(row[0]),
)


@given(families, st.sampled_from(["object", "outermost", "innermost", "all"]), st.booleans())
def test_every_row_ends_as_an_object_merged_or_dropped_under_every_policy(
    prims: list[tuple[list[str], str]], nested: str, with_3d: bool
) -> None:
    tight = [("/" + "/".join(parts), label) for parts, label in prims]
    solids = [(path, label, (row, 0, 0), (row + 1.5, 1, 1)) for row, (path, label) in enumerate(tight)]
    view, _ = taken(tight, solids if with_3d else (), Policy(nested=nested))  # checks the balance
    classes = dict(tight)
    assert all(classes[track] == label for track, label in named(view).items())
    assert {label for _, label in tight} == set(view.objects.labels)  # no class ever vanishes
