"""Box rows: what they say, and what they say wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.replicator_payloads import BOX_2D, boxed, camera_params, payload, rows_2d, rows_3d, transform, view_matrix
from framepress.capture.accounts import Accounts
from framepress.capture.boxes3d import quaternions, truncations
from framepress.capture.payload import frame_from_payload
from framepress.core import View
from framepress.errors import InputError

SIZE = (64, 48)
UNIT = ((-0.5, -0.5, -0.5), (0.5, 0.5, 0.5))


def taken(**annotators: Any) -> tuple[View, Accounts]:
    values = {"camera_params": camera_params(view_matrix((0, -6, 0), (0, 0, 0)), SIZE), **annotators}
    frame, accounts = frame_from_payload(payload("renderProduct", {"rp": values}, SIZE), frame_id="0004", index=4)
    assert frame is not None
    assert accounts.unaccounted == 0
    return frame.view, accounts


def tight(*boxes: tuple[int, ...], **fields: Any) -> dict:
    value = boxed(rows_2d(*boxes), ["cone"] * len(boxes), [f"/W/C{row}" for row in range(len(boxes))])
    return {**value, **fields}


def solid(*matrices: np.ndarray) -> dict:
    rows = rows_3d(*((*UNIT, matrix) for matrix in matrices))
    return boxed(rows, ["cone"] * len(rows), [f"/W/C{row}" for row in range(len(rows))])


def test_a_box_of_one_pixel_is_one_pixel_wide() -> None:
    view, _ = taken(bounding_box_2d_tight=tight((5, 7, 5, 7)))
    assert view.objects.box.tolist() == [[5, 7, 6, 8]]


def test_a_row_that_stands_for_no_entity_is_dropped_and_counted() -> None:
    none = np.iinfo(np.int32).max
    view, accounts = taken(bounding_box_2d_tight=tight((none, none, -none, -none), (1, 2, 3, 4)))
    assert view.objects.track == ("/W/C1",)
    assert accounts.counts["dropped: no entity"] == 1


def test_a_box_that_sticks_out_is_clipped_and_counted() -> None:
    view, accounts = taken(bounding_box_2d_tight=tight((-3, 40, 5, 60)))
    assert view.objects.box.tolist() == [[0, 40, 6, 48]]
    assert accounts.examples["boxes clipped to the image"] == ["/W/C0"]


@pytest.mark.parametrize("box", [(70, 1, 80, 5), (1, -9, 5, -2), (64, 1, 64, 5)])
def test_a_visible_box_wholly_outside_is_refused_with_row_path_and_numbers(box: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"row 1 \(/W/C1\).*outside the 64 x 48 image"):
        taken(bounding_box_2d_tight=tight((1, 1, 2, 2), box))


def test_an_inverted_box_is_refused() -> None:
    with pytest.raises(InputError, match=r"\[9, 1, 7, 5\] is inverted"):
        taken(bounding_box_2d_tight=tight((9, 1, 7, 5)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"primPaths": ["/W/C0"]}, "2 rows but 1 prim paths"),
        ({"primPaths": ["/W/C0", "/W/C0"]}, "rows 0 and 1 have the same prim path /W/C0"),
        (
            {"idToLabels": {5: {"class": "cone"}}},
            r"row 0 \(/W/C0\) has semanticId 0, which idToLabels lacks \(it has 5\)",
        ),
        ({"idToLabels": {"x": {"class": "cone"}}}, "key 'x' is neither an id nor a colour"),
        ({"idToLabels": {0: 4}}, r"idToLabels\[0\] is 4"),
        ({"idToLabels": None}, "idToLabels is None; expected id -> "),
        ({"data": None}, "None is no array of numbers"),
        ({"data": np.zeros((2, 5))}, "dtype float64; expected structured rows"),
        ({"data": np.zeros(2, BOX_2D[["semanticId", "x_min"]])}, "rows have no field y_min"),
    ],
)
def test_rows_that_contradict_what_came_beside_them_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(InputError, match=f"frame 0004, rp: bounding_box_2d_tight: .*{message}"):
        taken(bounding_box_2d_tight=tight((1, 1, 2, 2), (3, 3, 4, 4), **fields))


@pytest.mark.parametrize("ratio", [-1.0, np.nan, 1.5, -0.2])
def test_an_occlusion_that_was_not_computed_is_not_known(ratio: float) -> None:
    value = boxed(rows_2d((1, 1, 2, 2), occlusion=[ratio]), ["cone"], ["/W/C"])
    view, accounts = taken(bounding_box_2d_tight=value)
    assert np.isnan(view.objects.visibility[0])
    assert accounts.counts["occlusion unknown"] == 1


def test_the_ends_of_the_occlusion_scale_are_known() -> None:
    value = boxed(rows_2d((1, 1, 2, 2), (3, 3, 4, 4), occlusion=[0, 1]), ["cone"] * 2, ["/W/A", "/W/B"])
    assert taken(bounding_box_2d_tight=value)[0].objects.visibility.tolist() == [1, 0]


def test_rows_of_a_release_without_occlusion_are_read() -> None:
    value = tight((1, 1, 2, 2))
    value["data"] = value["data"][["semanticId", "x_min", "y_min", "x_max", "y_max"]].copy()
    assert np.isnan(taken(bounding_box_2d_tight=value)[0].objects.visibility[0])


def test_a_nan_in_a_3d_row_costs_that_row_only_and_is_counted() -> None:
    boxes = solid(transform(), transform(at=(1, 0, 0)))
    boxes["data"]["transform"][0, 3, 1] = np.nan
    view, accounts = taken(bounding_box_2d_tight=tight((1, 1, 2, 2), (3, 3, 4, 4)), bounding_box_3d=boxes)
    assert view.objects.box3d.known.tolist() == [False, True]
    assert np.isnan(view.objects.box_full[0]).all()
    assert accounts.examples["3d rows: no finite box"] == ["/W/C0"]


@pytest.mark.parametrize(
    "matrix", [np.diag([0.0, 1, 1, 1]), np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])]
)
def test_a_transform_that_flattens_is_no_box(matrix: np.ndarray) -> None:
    view, accounts = taken(bounding_box_2d_tight=tight((1, 1, 2, 2)), bounding_box_3d=solid(matrix))
    assert not view.objects.box3d.known[0]
    assert accounts.counts["3d rows: no finite box"] == 1


def rotations(count: int, seed: int) -> np.ndarray:
    matrices, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(count, 3, 3)))
    return matrices * np.sign(np.linalg.det(matrices))[:, None, None]


def test_boxes_have_the_corners_that_the_transform_gives() -> None:
    rng = np.random.default_rng(1)
    for rotation in rotations(40, 5):
        scale, at = rng.uniform(0.1, 3, 3), rng.uniform(-1, 1, 3)
        scale *= rng.choice([-1, 1], 3)  # mirrored prims too
        matrix = transform(np.diag(scale) @ rotation, at)
        boxes = taken(bounding_box_3d=solid(matrix))[0].objects.box3d
        unit = np.array([(x, y, z, 1) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
        expected = (unit @ matrix.astype(np.float32))[:, :3]
        distance = np.linalg.norm(boxes.corners()[0][:, None] - expected[None], axis=2)
        assert distance.min(0).max() < 1e-5
        np.testing.assert_allclose(sorted(boxes.size[0]), sorted(np.abs(scale)), rtol=1e-5)
        assert np.linalg.det(boxes.axes()[0]) == pytest.approx(1)


def test_quaternions_turn_as_their_matrices_do_and_have_no_negative_w() -> None:
    half_turns = np.array([np.diag(signs) for signs in ([1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1])], float)
    matrices = np.concatenate([rotations(200, 2), half_turns])
    quaternion = quaternions(matrices)
    w, vector = quaternion[:, :1], quaternion[:, 1:]
    assert (w >= 0).all()
    points = np.random.default_rng(0).normal(size=(len(matrices), 3))
    # Rodrigues: p + 2 w (v x p) + 2 v x (v x p)
    turned = points + 2 * w * np.cross(vector, points) + 2 * np.cross(vector, np.cross(vector, points))
    np.testing.assert_allclose(turned, np.einsum("nij,nj->ni", matrices, points), atol=1e-12)


def test_a_sheared_prim_gets_the_nearest_rotation_and_is_counted() -> None:
    sheared = transform([[1, 0.2, 0], [0, 1, 0], [0, 0, 1]])
    view, accounts = taken(bounding_box_3d=solid(sheared))
    axes = view.objects.box3d.axes()[0]
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    assert accounts.counts["3d boxes with shear: nearest rotation taken"] == 1


def test_a_box_around_the_camera_is_cut_at_the_near_plane_and_never_mirrored() -> None:
    view, _ = taken(bounding_box_3d=solid(transform(np.diag([2, 20, 2]))))
    x0, y0, x1, y1 = view.objects.box_full[0]
    assert x0 < 0 < 64 < x1
    assert y0 < 0 < 48 < y1
    assert 0.99 < view.objects.truncation[0] < 1
    # The cut is on the plane z = near = 0.01 m: 1 m to either side, f = 55.43 px.
    assert x1 - x0 == pytest.approx(2 / 0.01 * 64 * 18.14756202697754 / 20.954999923706055, rel=1e-4)


def test_a_box_behind_the_camera_has_no_place_in_the_image() -> None:
    boxes = solid(transform(at=(0, -9, 0)))
    view, _ = taken(bounding_box_2d_tight=tight((1, 1, 2, 2)), bounding_box_3d=boxes)
    assert np.isnan(view.objects.box_full[0]).all()
    assert np.isnan(view.objects.truncation[0])
    assert view.objects.box3d.known[0]


def test_a_loose_box_clear_of_the_border_is_taken_before_the_projected_one() -> None:
    loose = tight((1, 1, 5, 5), (0, 1, 5, 5))
    # The corners of the first 3D box leave the image, though all of the object is in it: corners overestimate.
    boxes = solid(transform(np.diag([9, 1, 1])), transform())
    view, _ = taken(
        bounding_box_2d_tight=tight((1, 1, 2, 2), (3, 3, 4, 4)), bounding_box_2d_loose=loose, bounding_box_3d=boxes
    )
    objects = view.objects
    assert objects.box_full[0].tolist() == [1, 1, 6, 6]
    assert objects.truncation[0] == 0
    half = 0.5 / 5.5 * 64 * 18.14756202697754 / 20.954999923706055
    np.testing.assert_allclose(objects.box_full[1], (32 - half, 24 - half, 32 + half, 24 + half), atol=1e-4)


@pytest.mark.parametrize(
    ("box", "clear"),
    [((1, 1, 62, 46), True), ((0, 1, 62, 46), False), ((1, 0, 62, 46), False), ((1, 1, 63, 46), False),
     ((1, 1, 62, 47), False)],
)  # fmt: skip
def test_a_loose_box_on_any_border_may_have_been_cut_there(box: tuple[int, ...], clear: bool) -> None:
    view, accounts = taken(bounding_box_2d_tight=tight((5, 5, 6, 6)), bounding_box_2d_loose=tight(box))
    assert (view.objects.truncation[0] == 0) == clear
    assert accounts.counts.get("box_full: loose box at the border", 0) == (not clear)


def test_a_box_seen_edge_on_has_no_area_and_counts_as_cut_off() -> None:
    flat = np.array([[30.0, 10, 30, 20], [70, 10, 80, 20], [-10, 10, 10, 20]])
    assert truncations(flat, SIZE).tolist() == [1, 1, 0.5]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_rows_are_joined_by_path_in_whatever_order_they_come(numbers: list[int], random: Any) -> None:
    shuffled = random.sample(numbers, len(numbers))
    first = boxed(
        rows_2d(*((8 * n, 1, 8 * n + 2, 5) for n in numbers)), [f"c{n}" for n in numbers], [f"/W/{n}" for n in numbers]
    )
    other = boxed(
        rows_3d(*((*UNIT, transform(at=(n, 0, 0))) for n in shuffled)),
        [f"c{n}" for n in shuffled],
        [f"/W/{n}" for n in shuffled],
        first=random.randrange(50),
    )
    objects = taken(bounding_box_2d_tight=first, bounding_box_3d=other)[0].objects
    for thing, n in zip(objects, numbers, strict=True):
        assert (thing.track, thing.label) == (f"/W/{n}", f"c{n}")
        assert thing.box3d is not None
        assert thing.box3d.center[0].tolist() == [n, 0, 0]
