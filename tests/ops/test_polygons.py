from __future__ import annotations

import numpy as np
import pytest
from id_maps import EDGE_CASES, random_maps

from framepress.core.rle import Rle
from framepress.errors import InputError
from framepress.ops import rle
from framepress.ops.masks import mask_table
from framepress.ops.polygons import bridged_ring, coco_rings, pixel_centres, rings_of_mask, rings_of_rles
from framepress.ops.rings import Rings

RING = np.array([[1, 1, 1, 1, 1], [1, 0, 0, 0, 1], [1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]], bool)


def some_instances(count: int, seed: int):
    """(mask, rings, row) of every instance of `count` random maps and of the maps at which kernels break."""
    for id_map in (*random_maps(count, seed), *EDGE_CASES.values()):
        table = mask_table(id_map, rings=True)
        for row, value in enumerate(table.ids):
            yield id_map == value, table.rings, row


def crossings(ring: np.ndarray, height: int, width: int) -> np.ndarray:
    """How often the ring winds round each pixel centre, by the upward and downward sides to the left of it."""
    winding = np.zeros((height, width), np.int64)
    centre_x = np.arange(width) + 0.5
    for (x0, y0), (x1, y1) in zip(ring.tolist(), np.roll(ring, -1, axis=0).tolist(), strict=True):
        sign = 1 if y1 < y0 else -1
        if sign > 0:
            x0, y0, x1, y1 = x1, y1, x0, y0
        for y in range(max(0, int(np.ceil(y0 - 0.5))), min(height, int(np.ceil(y1 - 0.5)))):
            winding[y] += sign * (centre_x > x0 + (y + 0.5 - y0) * (x1 - x0) / (y1 - y0))
    return winding


def coco_filled(segmentation: list[list[float]], shape: tuple[int, int]) -> np.ndarray:
    mask_api = pytest.importorskip("pycocotools.mask", reason="the witness is pycocotools")
    text = mask_api.merge(mask_api.frPyObjects(segmentation, *shape))["counts"].decode()
    return rle.decode(Rle(*shape, text))


def opencv_filled(ring: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """As Ultralytics does it: divided by the size at 8 decimals, multiplied back, truncated, filled with the rim."""
    cv2 = pytest.importorskip("cv2", reason="the witness is OpenCV")
    size = np.array(shape[::-1])
    written = np.array([[float(f"{value:.8f}") for value in corner] for corner in ring / size])
    filled = np.zeros(shape, np.uint8)
    cv2.fillPoly(filled, [(written * size).astype(np.int32)], 1)
    return filled.astype(bool)


def steps(ring: np.ndarray) -> float:
    """Pixels that a pen moves to on its way round."""
    return float(np.abs(np.roll(ring, -1, axis=0) - ring).max(axis=1).sum())


def test_outer_rings_wind_once_round_the_mask_and_holes_take_away(twin):
    for mask, rings, row in some_instances(150, seed=21):
        outers = [crossings(ring, *mask.shape) for ring in rings.outers(row)]
        holes = [crossings(ring, *mask.shape) for ring in rings.holes(row)]
        assert all(set(np.unique(winding)) <= {0, 1} for winding in outers)
        assert all(set(np.unique(winding)) == {0, -1} for winding in holes)
        assert np.array_equal(sum(outers + holes), mask)


def test_each_part_has_one_outer_ring_and_each_hole_one(twin):
    cv2 = pytest.importorskip("cv2", reason="the witness is OpenCV")
    for mask, rings, row in some_instances(150, seed=22):
        parts, _ = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
        gaps, _ = cv2.connectedComponents(np.pad(~mask, 1, constant_values=True).astype(np.uint8), connectivity=8)
        assert len(rings.outers(row)) == parts - 1
        assert len(rings.holes(row)) == gaps - 2  # neither OpenCV's background nor the outside is a hole


def test_no_ring_runs_from_one_part_to_another(twin):
    cv2 = pytest.importorskip("cv2", reason="the witness is OpenCV")
    for mask, rings, row in some_instances(150, seed=23):
        _, part = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
        for ring in (*rings.outers(row), *rings.holes(row)):
            column, line = (pixel_centres(ring) - 0.5).astype(int).T
            assert len(set(part[line, column].tolist()) - {0}) == 1


def test_no_corner_could_be_left_out(twin):
    for _, rings, row in some_instances(60, seed=24):
        for ring in (*rings.outers(row), *rings.holes(row)):
            sides = np.roll(ring, -1, axis=0) - ring
            assert ring.dtype == np.int32
            assert len(ring) >= 4
            assert (sides[0::2, 1] == 0).all()
            assert (sides[0::2, 0] != 0).all()
            assert (sides[1::2, 0] == 0).all()
            assert (sides[1::2, 1] != 0).all()


def test_rings_begin_at_their_top_and_follow_in_reading_order(twin):
    for _, rings, row in some_instances(60, seed=25):
        first, last = rings.row_start[row], rings.row_start[row + 1]
        begins = []
        for number in range(first, last):
            ring = rings.xy[rings.start[number] : rings.start[number + 1]]
            begins.append((ring[0, 1], min(ring[0, 0], ring[1, 0])))
            assert ring[0, 1] == ring[:, 1].min()
        assert begins == sorted(begins)


def test_the_full_frame_is_its_four_corners(twin):
    rings = rings_of_mask(np.ones((4, 7), bool))
    assert [ring.tolist() for ring in rings.outers(0)] == [[[0, 0], [7, 0], [7, 4], [0, 4]]]
    assert rings.holes(0) == []


def test_parts_that_touch_at_a_corner_stay_apart(twin):
    rings = rings_of_mask(np.array([[1, 0], [0, 1]]))
    assert [ring.tolist() for ring in rings.outers(0)] == [
        [[0, 0], [1, 0], [1, 1], [0, 1]],
        [[1, 1], [2, 1], [2, 2], [1, 2]],
    ]


def test_coco_polygons_that_hold_give_the_mask_back_bit_for_bit(twin):
    held = 0
    for mask, rings, row in some_instances(400, seed=26):
        segmentation, holds = coco_rings(rings, row)
        assert all(type(number) is int for ring in segmentation for number in ring)
        assert all(len(ring) >= 8 for ring in segmentation)
        assert np.array_equal(coco_filled(segmentation, mask.shape), mask) == holds
        held += holds
    assert held > 500


def test_a_mask_with_a_hole_is_said_not_to_fit_polygons(twin):
    assert not coco_rings(rings_of_mask(RING), 0).holds
    assert coco_rings(rings_of_mask(RING[:, :4]), 0).holds  # cut open, it has none


def test_rings_of_run_lengths_are_the_rings_of_the_map(twin):
    for id_map in (*random_maps(150, seed=27), *EDGE_CASES.values()):
        table = mask_table(id_map, rings=True)
        again = rings_of_rles([table.rle(row) for row in range(len(table))])
        for name in ("xy", "start", "hole", "row_start"):
            assert np.array_equal(getattr(again, name), getattr(table.rings, name))


def test_run_lengths_that_overlap_or_are_empty_keep_their_rows(twin):
    below, above = np.ones((3, 5), bool), np.pad(np.ones((1, 3), bool), 1)
    rings = rings_of_rles([rle.encode(mask) for mask in (below, np.zeros((3, 5), bool), above)])
    assert len(rings) == 3
    assert [len(rings.outers(row)) for row in range(3)] == [1, 0, 1]
    assert rings.outers(2)[0].tolist() == [[1, 1], [4, 1], [4, 2], [1, 2]]


def test_rings_of_a_mask_are_one_row_even_when_it_is_empty(twin):
    for mask in (RING, RING.astype(np.int64) * 300, np.asfortranarray(RING)):
        rings = rings_of_mask(mask)
        assert (len(rings), len(rings.outers(0)), len(rings.holes(0))) == (1, 2, 1)
    empty = rings_of_mask(np.zeros((2, 3), bool))
    assert (len(empty), empty.outers(0), empty.holes(0)) == (1, [], [])
    assert len(rings_of_rles([])) == 0


def test_a_bridged_ring_fills_as_the_mask_by_every_edge_rule(twin):
    for mask, rings, row in some_instances(150, seed=28):
        ring = bridged_ring(rings.outers(row), rings.holes(row))
        winding = crossings(ring, *mask.shape)
        assert np.array_equal(winding % 2 == 1, mask), "even-odd"
        assert np.array_equal(winding != 0, mask), "nonzero"
        assert np.array_equal(coco_filled([ring.reshape(-1).tolist()], mask.shape), mask), "pycocotools"


def test_a_bridged_ring_keeps_every_corner_and_adds_two_for_each_seam(twin):
    for _, rings, row in some_instances(60, seed=29):
        parts = [*rings.outers(row), *rings.holes(row)]
        ring = bridged_ring(rings.outers(row), rings.holes(row))
        assert len(ring) == sum(map(len, parts)) + 2 * (len(parts) - 1)
        assert {tuple(corner) for part in parts for corner in part.tolist()} == {tuple(c) for c in ring.tolist()}


def test_seams_are_short():
    left, right = np.zeros((9, 30), bool), np.zeros((9, 30), bool)
    left[2:7, 1:10], right[3:5, 12:29] = True, True
    ring = bridged_ring(rings_of_mask(left | right).outers(0))
    seam_at = next(k for k in range(len(ring)) if {ring[k, 0], ring[k - 1, 0]} == {10, 12})
    assert abs(ring[seam_at] - ring[seam_at - 1]).sum() <= 3


def test_hundreds_of_parts_become_one_ring():
    mask = np.indices((31, 40)).sum(axis=0) % 2 == 0
    rings = rings_of_mask(mask)
    assert len(rings.outers(0)) == 620
    ring = bridged_ring(rings.outers(0), rings.holes(0))
    assert np.array_equal(crossings(ring, *mask.shape) % 2 == 1, mask)


def test_a_mask_in_one_part_survives_opencv_fill_with_its_rim(twin):
    seen = 0
    for mask, rings, row in some_instances(300, seed=30):
        if len(rings.outers(row)) == 1 and not rings.holes(row):
            ring = bridged_ring(rings.outers(row), raster="fillpoly")
            assert np.array_equal(opencv_filled(ring, mask.shape), mask)
            seen += 1
    assert seen > 100


def test_seams_cost_opencv_a_few_pixels_and_never_one_of_the_mask(twin):
    for mask, rings, row in some_instances(150, seed=31):
        ring = bridged_ring(rings.outers(row), rings.holes(row), raster="fillpoly")
        filled = opencv_filled(ring, mask.shape)
        assert (filled | ~mask).all()
        parts = [pixel_centres(part) for part in (*rings.outers(row), *rings.holes(row))]
        seams = (steps(ring) - sum(map(steps, parts))) / 2  # there and back
        assert (filled & ~mask).sum() <= seams


def test_a_hole_survives_opencv_fill(twin):
    mask = np.ones((9, 13), bool)
    mask[3:6, 4:9] = False
    rings = rings_of_mask(mask)
    ring = bridged_ring(rings.outers(0), rings.holes(0), raster="fillpoly")
    assert np.array_equal(opencv_filled(ring, mask.shape), mask)


def test_pixel_centres_lie_in_the_mask_half_a_pixel_from_each_corner(twin):
    for mask, rings, row in some_instances(60, seed=32):
        for ring in (*rings.outers(row), *rings.holes(row)):
            centres = pixel_centres(ring)
            assert (np.abs(centres - ring) == 0.5).all()
            column, line = (centres - 0.5).astype(int).T
            assert mask[line, column].all()


def test_a_ring_of_a_single_pixel_keeps_the_points_that_a_polygon_needs():
    ring = bridged_ring(rings_of_mask(np.ones((1, 1), bool)).outers(0), raster="fillpoly")
    assert ring.tolist() == [[0.5, 0.5]] * 4


def test_nothing_to_bridge_is_refused():
    with pytest.raises(InputError, match="outer ring"):
        bridged_ring([])


@pytest.mark.parametrize("no_mask", [np.zeros(3, bool), np.zeros((0, 3), bool), np.zeros((2, 2))])
def test_what_is_no_mask_is_refused_with_its_shape(no_mask):
    with pytest.raises(InputError, match=r"\(H, W\)"):
        rings_of_mask(no_mask)


def test_no_rows_are_a_value_too():
    assert len(Rings.none(0)) == 0
    assert Rings.none(2).outers(1) == []
