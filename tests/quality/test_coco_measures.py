"""Areas and bounds of masks, against pycocotools."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from framepress.quality.coco.raster import painted_bounds
from framepress.quality.coco.runs import NEGATIVE, NOT_TEXT, SOUND, measured_counts, measured_texts

NOWHERE = [np.nan] * 4


def bounds_of(mask: np.ndarray) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1] if rows.size else NOWHERE


def masks(count: int) -> list[np.ndarray]:
    """Noise of all densities, rectangles, empty and full ones; up to 120 x 900 px."""
    rng = np.random.default_rng(4)
    made = []
    for _ in range(count):
        height, width = rng.integers(1, 40, 2) * rng.choice([1, 3]) if rng.random() < 0.9 else (7, 900)
        mask = rng.random((height, width)) < rng.choice([0, 0.01, 0.2, 0.6, 0.97, 1])
        if rng.random() < 0.4:
            (x0, x1), (y0, y1) = np.sort(rng.integers(0, width + 1, 2)), np.sort(rng.integers(0, height + 1, 2))
            mask = np.zeros_like(mask)
            mask[y0:y1, x0:x1] = True
        made.append(mask)
    return made


def texts_of(made: list[np.ndarray]) -> list[bytes]:
    return [coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"] for mask in made]


def test_run_lengths_are_measured_as_their_pixels_are_counted() -> None:
    made = masks(400)
    texts = texts_of(made)
    height = np.array([mask.shape[0] for mask in made])
    found = measured_texts(b"".join(texts), np.array(list(map(len, texts))), height)
    assert (found.verdict == SOUND).all()
    assert found.total.tolist() == [mask.size for mask in made]
    assert found.area.tolist() == [int(mask.sum()) for mask in made]
    np.testing.assert_array_equal(found.box, [bounds_of(mask) for mask in made])


def test_lists_of_counts_are_measured_alike() -> None:
    made = masks(60)
    lists = []
    for mask in made:
        down = mask.T.ravel()
        changes = np.flatnonzero(np.diff(down)) + 1
        lists.append(np.diff([0, *([0] if down[0] else []), *changes, down.size]).tolist())
    found = measured_counts(lists, np.array([mask.shape[0] for mask in made]))
    assert found.area.tolist() == [int(mask.sum()) for mask in made]
    np.testing.assert_array_equal(found.box, [bounds_of(mask) for mask in made])


def test_a_large_mask_is_measured_without_its_pixels() -> None:
    """Two runs of an image of 2^28 pixels."""
    found = measured_counts([[1 << 27, 5, (1 << 27) - 5]], np.array([1 << 14]))
    assert (found.total[0], found.area[0], found.box[0].tolist()) == (1 << 28, 5, [8192, 0, 8193, 5])


@pytest.mark.parametrize("bad", [b"", b"~", b"b'0'", b"5o", b"oooooooo0", b"\xff"])
def test_a_text_that_is_none_leaves_its_neighbours_as_they_are(bad: bytes) -> None:
    made = masks(9)
    texts = texts_of(made)
    texts[4:4] = [bad]
    height = np.array([mask.shape[0] for mask in made])
    found = measured_texts(b"".join(texts), np.array(list(map(len, texts))), np.insert(height, 4, 5))
    assert np.flatnonzero(found.verdict == NOT_TEXT).tolist() == [4]
    assert np.delete(found.area, 4).tolist() == [int(mask.sum()) for mask in made]


def test_a_negative_run_is_told_apart_from_text_that_is_none() -> None:
    found = measured_counts([[4, 2, 6], [-1, 7, 6], [], [1 << 40]], np.array([3, 3, 3, 3]))
    assert found.verdict.tolist() == [SOUND, NEGATIVE, NOT_TEXT, NOT_TEXT]


def test_painted_bounds_are_those_of_pycocotools() -> None:
    """Corners at fractions, in a row, twice; rings that cross themselves; tips that paint nothing."""
    rng = np.random.default_rng(2)
    rings, wanted = [], []
    for _ in range(1500):
        ring = rng.uniform(2, 90, (int(rng.integers(3, 15)), 2)).round(int(rng.integers(0, 4)))
        if rng.random() < 0.2:
            ring[1] = ring[0]
        if rng.random() < 0.2:
            ring *= 0.1
        painted = coco_mask.frPyObjects([ring.ravel().tolist()], 100, 120)
        x, y, width, height = coco_mask.toBbox(painted)[0].tolist()
        rings.append(ring)
        wanted.append([x, y, x + width, y + height] if coco_mask.area(painted)[0] else NOWHERE)
    found = painted_bounds(np.concatenate(rings), np.array(list(map(len, rings))))
    np.testing.assert_array_equal(found, wanted)


def test_an_outline_without_end_is_not_painted() -> None:
    square = [[1, 1], [5, 1], [5, 5], [1, 5]]
    endless = [[1, 1], [1e9, 1], [1e9, 1e300]]
    found = painted_bounds(np.array([*square, *endless, *square]), np.array([4, 3, 4]))
    np.testing.assert_array_equal(found, [[1, 1, 5, 5], NOWHERE, [1, 1, 5, 5]])
