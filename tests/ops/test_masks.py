from __future__ import annotations

import numpy as np
import pytest
from id_maps import EDGE_CASES, random_maps

from framepress.errors import InputError, OptionError
from framepress.ops.masks import MaskTable, mask_table

pytestmark = pytest.mark.usefixtures("twin")


def assert_pycocotools_agrees(id_map: np.ndarray, table: MaskTable) -> None:
    mask_api = pytest.importorskip("pycocotools.mask", reason="the witness is pycocotools")
    assert table.ids.tolist() == [value for value in np.unique(id_map).tolist() if value != 0]
    assert len(table) == len(table.counts) == len(table.box) == len(table.area)
    for row, value in enumerate(table.ids):
        witness = mask_api.encode(np.asfortranarray(id_map == value))
        assert table.counts[row].encode() == witness["counts"]
        assert table.area[row] == mask_api.area(witness)
        x, y, width, height = mask_api.toBbox(witness)
        assert table.box[row].tolist() == [x, y, x + width, y + height]


def test_a_thousand_random_maps_equal_pycocotools_byte_for_byte():
    for id_map in random_maps(1000, seed=1):
        assert_pycocotools_agrees(id_map, mask_table(id_map))


@pytest.mark.parametrize("name", EDGE_CASES)
def test_maps_at_which_kernels_break_equal_pycocotools(name):
    assert_pycocotools_agrees(EDGE_CASES[name], mask_table(EDGE_CASES[name]))


def test_a_frame_of_usual_size_with_big_ids_equals_pycocotools():
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:360, :640]
    id_map = np.zeros((360, 640), np.uint32)
    for value in (3, 70_000, 2**24 + 7, 2**31 + 1, 2**32 - 1):
        cx, cy, r = rng.uniform(0, 640), rng.uniform(0, 360), rng.uniform(40, 160)
        id_map[np.hypot(x - cx, y - cy) < r * (1 + 0.3 * np.sin(7 * np.arctan2(y - cy, x - cx)))] = value
    assert_pycocotools_agrees(id_map, mask_table(id_map))


def test_the_published_example_has_the_published_text():
    rows = ["001100", "011110", "011110", "000010"]
    table = mask_table(np.array([[int(pixel) for pixel in row] for row in rows]))
    assert table.counts == ("521100102",)
    assert table.area.tolist() == [11]
    assert table.box.tolist() == [[1, 0, 5, 4]]


def test_columns_have_the_stated_types():
    for id_map in (EDGE_CASES["one row"], EDGE_CASES["nothing but background"]):
        table = mask_table(id_map, rings=True)
        assert (table.ids.dtype, table.box.dtype, table.area.dtype) == (np.uint32, np.int32, np.int64)
        assert table.box.shape == (len(table), 4)
        assert len(table.rings) == len(table)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.uint64, np.int64, ">u2", ">i4"])
def test_any_integer_type_gives_the_same_masks(dtype):
    id_map = np.array([[0, 9, 9], [100, 9, 0]], np.uint32)
    assert mask_table(id_map.astype(dtype)).counts == mask_table(id_map).counts
    assert mask_table(id_map.astype(dtype)).ids.tolist() == [9, 100]


def test_a_bool_map_is_one_instance():
    assert mask_table(np.array([[False, True]])).ids.tolist() == [1]


def test_memory_order_does_not_matter():
    id_map = next(random_maps(1, seed=3))
    big = np.zeros((2 * id_map.shape[0], 2 * id_map.shape[1]), np.uint32)
    big[::2, ::2] = id_map
    for same in (np.asfortranarray(id_map), big[::2, ::2], id_map[:, ::-1].copy()[:, ::-1]):
        assert mask_table(same).counts == mask_table(id_map).counts


def test_a_map_in_the_middle_of_a_buffer_is_read():
    id_map = EDGE_CASES["runs that wrap from a column to the next"]
    inside = np.frombuffer(b"\0" + id_map.tobytes(), np.uint32, offset=1).reshape(id_map.shape)
    assert not inside.flags.aligned
    assert mask_table(inside).counts == mask_table(id_map).counts


def test_the_map_is_left_as_it_was():
    id_map = EDGE_CASES["one row"].copy()
    id_map.flags.writeable = False
    mask_table(id_map, rings=True)
    assert np.array_equal(id_map, EDGE_CASES["one row"])


def test_ignored_ids_get_no_row():
    id_map = np.array([[0, 1, 2, 3]], np.uint32)
    assert mask_table(id_map, ignore=(0, 1)).ids.tolist() == [2, 3]
    assert mask_table(id_map, ignore=()).ids.tolist() == [0, 1, 2, 3]
    assert mask_table(id_map, ignore=range(100)).ids.tolist() == []


def test_ids_that_the_maps_type_cannot_hold_may_be_listed():
    id_map = np.array([[0, 1, 2, 3]], np.uint8)
    assert mask_table(id_map, ignore=(0, 257)).ids.tolist() == [1, 2, 3]
    assert mask_table(id_map, only=(257, 2)).ids.tolist() == [2]


def test_only_wanted_ids_get_a_row_if_the_map_shows_them():
    id_map = np.array([[0, 8, 8], [2**32 - 1, 8, 4]], np.uint32)
    table = mask_table(id_map, only=[8, 5, 2**32 - 1])
    assert table.ids.tolist() == [8, 2**32 - 1]
    assert table.counts == tuple(
        text for value, text in zip((4, 8, 2**32 - 1), mask_table(id_map).counts, strict=True) if value != 4
    )
    assert mask_table(id_map, only=[]).ids.tolist() == []


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64])
def test_a_negative_id_is_refused_with_its_value(dtype):
    with pytest.raises(InputError, match="-3"):
        mask_table(np.array([[0, -3, 1]], dtype))


def test_an_id_above_32_bits_is_refused_with_its_value():
    with pytest.raises(InputError, match=str(2**32)):
        mask_table(np.array([[0, 2**32]], np.uint64))
    with pytest.raises(OptionError, match="-1"):
        mask_table(np.array([[0, 1]]), ignore=(0, -1))


@pytest.mark.parametrize(
    "no_map",
    [np.zeros((2, 2), np.float32), np.zeros((2, 2, 1), np.uint8), np.zeros((0, 4), np.uint8), np.zeros(4, int)],
)
def test_what_is_no_map_is_refused_with_its_shape(no_map):
    with pytest.raises(InputError, match=r"\(H, W\)"):
        mask_table(no_map)


def test_a_row_gives_its_mask_as_a_value():
    table = mask_table(EDGE_CASES["one row"])
    rle = table.rle(0)
    assert (rle.height, rle.width, rle.counts) == (1, 6, table.counts[0])
