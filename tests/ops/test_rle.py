from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from id_maps import EDGE_CASES, random_maps

from framepress.core.rle import Rle
from framepress.errors import InputError
from framepress.ops import rle
from framepress.ops.runs import counts_of_text, text_of_counts

VECTORS = [  # rows of the mask, its counts, its text
    (["001100", "011110", "011110", "000010"], [5, 2, 1, 3, 1, 3, 2, 3, 4], "521100102"),
    (["111", "111"], [0, 6], "06"),
    (["10000", "01000", "00100", "00010", "00001"], [0, 1, 5, 1, 5, 1, 5, 1, 5, 1], "0150000000"),
    (["1111", "1001", "1001", "1111"], [0, 5, 2, 2, 2, 5], "052M03"),
    (["000", "000"], [6], "6"),
]


def pixels(rows: list[str]) -> np.ndarray:
    return np.array([[pixel == "1" for pixel in row] for row in rows])


def some_masks(count: int, seed: int) -> list[np.ndarray]:
    return [id_map == id_map.max() for id_map in random_maps(count, seed)]


@pytest.mark.parametrize(("rows", "counts", "text"), VECTORS)
def test_published_examples_hold_both_ways(rows, counts, text):
    mask = pixels(rows)
    assert rle.encode(mask) == Rle(*mask.shape, text)
    assert text_of_counts(np.array(counts)) == text
    assert counts_of_text(text.encode()).tolist() == counts
    assert np.array_equal(rle.decode(Rle(*mask.shape, text)), mask)


def test_a_published_rectangle_has_the_published_text():
    mask = np.zeros((480, 640), bool)
    mask[50:150, 100:300] = True
    text = rle.encode(mask).counts
    assert text.startswith("bm^1T3l;00")
    assert text.endswith("00^Zo4")
    assert rle.area(rle.encode(mask)) == 20000


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools under numpy 2
def test_pycocotools_reads_and_writes_the_same():
    mask_api = pytest.importorskip("pycocotools.mask", reason="the witness is pycocotools")
    for mask in some_masks(300, seed=2):
        ours = rle.encode(mask)
        theirs = mask_api.encode(np.asfortranarray(mask))
        assert ours.counts.encode() == theirs["counts"]
        assert np.array_equal(rle.decode(ours), mask_api.decode(theirs).astype(bool))
        assert rle.area(ours) == mask_api.area(theirs)
        x, y, width, height = mask_api.toBbox(theirs)
        assert rle.bounds(ours) == (x, y, x + width, y + height)


@given(st.lists(st.integers(0, rle.MAX_PIXELS), min_size=1, max_size=40))
def test_any_counts_survive_the_text(counts):
    assert counts_of_text(text_of_counts(np.array(counts)).encode()).tolist() == counts


@given(st.binary(max_size=60))
def test_any_bytes_are_counts_or_an_input_error(text):
    try:
        assert counts_of_text(text).dtype == np.int64
    except InputError:
        pass


@given(st.text(max_size=30), st.integers(1, 50), st.integers(1, 50))
def test_any_text_is_a_whole_mask_or_an_input_error(text, height, width):
    try:
        mask = rle.decode(Rle(height, width, text))
    except InputError:
        return
    assert mask.shape == (height, width)


def test_runs_are_where_the_mask_is():
    for mask in some_masks(60, seed=4):
        down = np.zeros(mask.size, bool)
        for start, end in zip(*rle.runs(rle.encode(mask)), strict=True):
            assert not down[max(start - 1, 0) : end + 1].any()
            down[start:end] = True
        assert np.array_equal(down.reshape(mask.shape[::-1]).T, mask)


def test_an_empty_mask_has_no_area_and_no_bounds():
    empty = rle.encode(np.zeros((3, 5), bool))
    assert rle.area(empty) == 0
    assert rle.bounds(empty) == (0, 0, 0, 0)
    assert not rle.decode(empty).any()


def test_every_coco_form_is_read_to_the_same_mask():
    size, counts = [4, 6], [5, 2, 1, 3, 1, 3, 2, 3, 4]
    wanted = Rle(4, 6, "521100102")
    for form in (
        {"size": size, "counts": "521100102"},
        {"size": size, "counts": b"521100102"},
        {"size": tuple(size), "counts": counts},
        {"size": size, "counts": np.array(counts, np.uint32)},
        wanted,
    ):
        assert rle.checked(form, "a.json", size=(4, 6)) == wanted


def test_empty_runs_are_closed_up_without_changing_the_mask():
    loose = {"size": [2, 5], "counts": [1, 2, 0, 3, 0, 0, 2, 1, 1, 0]}
    assert rle.checked(loose, "a.json") == rle.encode(pixels(["01101", "11100"]))
    assert rle.checked({"size": [2, 2], "counts": [0, 0, 0, 4, 0]}, "a.json").counts == "04"
    assert rle.bounds(Rle(2, 5, text_of_counts(np.array(loose["counts"])))) == (0, 0, 5, 2)


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        ({"size": [4, 6], "counts": "521100103"}, "add up to 25"),
        ({"size": [4, 6], "counts": "5211"}, "24"),
        ({"size": [4, 6], "counts": ""}, "add up to 0"),
        ({"size": [4, 6], "counts": "52N9"}, "run 2"),
        ({"size": [4, 6], "counts": [10, -2, 16]}, r"counts\[1\] is -2"),
        ({"size": [4, 6], "counts": [10, 2.0, 12]}, r"counts\[1\] is 2.0"),
        ({"size": [4, 6], "counts": [10, float("nan")]}, "nan"),
        ({"size": [4, 6], "counts": [True, 23]}, "True"),
        ({"size": [4, 6], "counts": [10**30]}, r"counts\[0\]"),
        ({"size": [4, 6], "counts": "5211 0102"}, "' ' at 4"),
        ({"size": [4, 6], "counts": "52é1"}, "'é' at 2"),
        ({"size": [4, 6], "counts": "52110010b"}, "ends within a number"),
        ({"size": [4, 6], "counts": "o" * 40 + "0"}, "35 bits"),
        ({"size": [4, 6], "counts": "b'521100102'"}, "print of a Python bytes object"),
        ({"size": [4, 6], "counts": None}, "None"),
        ({"size": [4, 6], "counts": {"a": 1}}, "list of integers"),
        ({"size": [6, 4], "counts": "521100102"}, "swapped"),
        ({"size": [4, 5], "counts": "521100102"}, r"\[4, 5\]"),
        ({"size": [4], "counts": "521100102"}, r"\[4\]"),
        ({"size": [4.0, 6.0], "counts": "521100102"}, r"\[4.0, 6.0\]"),
        ({"size": [0, 6], "counts": ""}, r"\[0, 6\]"),
        ({"size": [-4, -6], "counts": "521100102"}, "-4"),
        ({"size": "46", "counts": "521100102"}, "46"),
        ({"size": [1 << 20, 1 << 20], "counts": [1 << 40]}, "limit"),
        ({"size": [10**12, 10**12], "counts": "0"}, "limit"),
        ({"counts": "521100102"}, "size and counts"),
        ([[1, 2, 3, 4, 5, 6]], "size and counts"),
        (None, "None"),
    ],
)
def test_a_bad_mask_is_refused_with_its_place_and_value(mask, told):
    with pytest.raises(InputError, match=told) as refusal:
        rle.checked(mask, "instances.json: annotation 17", size=(4, 6))
    assert str(refusal.value).startswith("instances.json: annotation 17: ")


@pytest.mark.parametrize("use", [rle.decode, rle.area, rle.bounds, rle.runs])
def test_runs_that_do_not_add_up_are_never_used(use):
    with pytest.raises(InputError, match="add up"):
        use(Rle(100, 100, "5211"))


def test_painting_gives_the_id_map_back():
    for id_map in (*random_maps(60, seed=9), *EDGE_CASES.values()):
        ids = [value for value in np.unique(id_map) if value]
        painted = rle.paint([rle.encode(id_map == value) for value in ids], ids, *id_map.shape)
        assert painted.dtype == np.uint32
        assert np.array_equal(painted, id_map)


def test_where_painted_masks_overlap_the_later_shows():
    below, above = rle.encode(pixels(["1110", "1110"])), rle.encode(pixels(["0011", "0000"]))
    assert rle.paint([below, above], [5, 9], 2, 4).tolist() == [[5, 5, 9, 9], [5, 5, 5, 0]]


def test_a_mask_of_another_size_is_not_painted():
    with pytest.raises(InputError, match="mask 0 is 2 x 3"):
        rle.paint([Rle(2, 3, "06")], [1], 3, 2)


def test_what_is_no_mask_is_not_encoded():
    with pytest.raises(InputError, match="two axes"):
        rle.encode(np.zeros((2, 2, 2), bool))
    with pytest.raises(InputError, match="pixels"):
        rle.encode(np.zeros((0, 2), bool))
