"""Rules for segmentations."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core.arrays import Array
from framepress.ops.rle import MAX_PIXELS
from framepress.quality.coco.runs import NEGATIVE, NOT_TEXT
from framepress.quality.coco.table import ABSENT, COUNTS, EMPTY, POLYGONS, TEXT, CocoFile, CocoLook
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule

__all__ = [
    "areas_are_those_of_the_masks",
    "counts_are_text_or_integers",
    "polygons_have_three_corners",
    "run_lengths_fit_the_image",
    "segmentations_are_polygons_or_run_lengths",
]


@rule(
    "COCO-007",
    FILE,
    ERROR,
    stage="format",
    format="coco",
    breaks="pycocotools: TypeError for a flat list, IndexError for an empty one, as soon as masks are evaluated",
    remedy="write [[x, y, x, y, ...], ...] or {size, counts}",
)
def segmentations_are_polygons_or_run_lengths(coco: CocoLook) -> Iterator[Issue]:
    """A segmentation is a list of polygons, each a flat list of numbers, or an object of run lengths.

    Where no annotation of a file has one, the file is of boxes alone, and missing or empty ones are as they should be.
    """
    for file in coco.files:
        for row, words in file.told("annotations.segmentation"):
            yield file.issue(row, f"segmentation {words}", "segmentation")
        told = {
            row for field in ("", ".size", ".counts") for row, _ in file.odd.get(f"annotations.segmentation{field}", ())
        }
        told |= {row for row, _ in file.odd.get("annotations", ())}
        kind = file.annotations.shapes.kind
        bare = np.isin(kind, (ABSENT, EMPTY))
        if bare.all():
            continue
        for row in np.flatnonzero(bare).tolist():
            if row not in told:
                state = "an empty list" if kind[row] == EMPTY else "missing"
                yield file.issue(row, f"segmentation is {state}, where other annotations have one", "segmentation")


@rule(
    "COCO-008",
    FILE,
    ERROR,
    stage="format",
    format="coco",
    breaks="pycocotools: TypeError; four numbers are taken for a box",
    remedy="leave out polygons of fewer than three corners",
)
def polygons_have_three_corners(coco: CocoLook) -> Iterator[Issue]:
    """A polygon has an even count of at least six numbers."""
    for file in coco.files:
        shapes = file.annotations.shapes
        for row in np.flatnonzero(shapes.bad_ring >= 0).tolist():
            words = f"the polygon has {shapes.bad_length[row]} numbers"
            yield file.issue(row, words, f"segmentation[{shapes.bad_ring[row]}]")


@rule(
    "COCO-009",
    FILE,
    ERROR,
    stage="annotation",
    format="coco",
    breaks="pycocotools: AP 0.6262 for swapped sides, and whatever memory held before for missing runs, silently",
    remedy="write size as [height, width], and runs down the columns until they add up to the image",
)
def run_lengths_fit_the_image(coco: CocoLook) -> Iterator[Issue]:
    """Run lengths have the size [height, width] of the image, and add up to its pixels."""
    for file in coco.files:
        for row, words in file.told("annotations.segmentation.size"):
            yield file.issue(row, f"size {words}, not [height, width]", "segmentation.size")
        shapes = file.annotations.shapes
        runs, sizes = np.isin(shapes.kind, (TEXT, COUNTS)), _image_hw(file)
        height, width = shapes.size_hw.T
        absurd = (height < 1) | (width < 1) | (height > MAX_PIXELS) | (width > MAX_PIXELS)
        absurd |= ~absurd & (np.where(absurd, 0, height) * np.where(absurd, 0, width) > MAX_PIXELS)
        other = (sizes > 0).all(1) & (shapes.size_hw != sizes).any(1)
        negative = shapes.verdict == NEGATIVE
        short = (shapes.verdict != NOT_TEXT) & ~absurd & (shapes.total != np.where(absurd, 0, height * width))
        for row in np.flatnonzero(runs & (absurd | other | negative | short)).tolist():
            said, image = shapes.size_hw[row].tolist(), sizes[row].tolist()
            if absurd[row]:
                yield file.issue(row, f"size {said} is not that of an image", "segmentation.size")
            elif other[row]:
                swapped = ": height and width are swapped" if said == image[::-1] else ""
                words = f"size is {said}, [height, width] of the image is {image}{swapped}"
                yield file.issue(row, words, "segmentation.size")
            elif negative[row]:
                yield file.issue(row, "a run has a negative length", "segmentation.counts")
            else:
                words = f"the runs add up to {shapes.total[row]} px, the mask has {said[0] * said[1]}"
                yield file.issue(row, words, "segmentation.counts")


@rule(
    "COCO-010",
    FILE,
    ERROR,
    stage="format",
    format="coco",
    breaks="pycocotools: decodes to garbage, silently",
    remedy="write counts.decode('ascii'), not str(counts); or a list of integers",
)
def counts_are_text_or_integers(coco: CocoLook) -> Iterator[Issue]:
    """The counts of run lengths are COCO's text, or a list of integers."""
    for file in coco.files:
        for row, words in file.told("annotations.segmentation.counts"):
            yield file.issue(row, f"counts {words}", "segmentation.counts")
        shapes = file.annotations.shapes
        for row in np.flatnonzero(shapes.verdict == NOT_TEXT).tolist():
            words = "counts is the print of a Python bytes object, or no run-length text at all"
            if shapes.kind[row] == COUNTS:
                words = "counts is empty, or holds a number beyond any image"
            yield file.issue(row, words, "segmentation.counts")


@rule(
    "COCO-015",
    FILE,
    WARNING,
    stage="annotation",
    format="coco",
    breaks="COCOeval: sorts objects into small (< 32^2), medium (< 96^2) and large by it",
    remedy="write the number of pixels of the mask",
)
def areas_are_those_of_the_masks(coco: CocoLook, *, tolerance: float = 0.01) -> Iterator[Issue]:
    """The area is that of the mask.

    Run lengths are counted. For polygons both customs pass, the area that the corners enclose and the pixels of a
    raster, which differ by less than half the length of the outline; so do rings that overlap or are holes.

    Args:
        tolerance: share of the area by which it may differ beyond that, and at least a pixel.
    """
    for file in coco.files:
        shapes, area = file.annotations.shapes, file.annotations.area
        sizes = _image_hw(file)
        fits = (shapes.kind == POLYGONS) | (shapes.size_hw == sizes).all(1) | (sizes == 0).all(1)
        slack = shapes.border / 2 + np.maximum(1, tolerance * shapes.area)
        off = (area >= 0) & ((area > shapes.area + slack) | (area < shapes.area_least - slack))
        for row in np.flatnonzero(off & fits & (shapes.area > 0)).tolist():
            width, height = file.annotations.bbox[row, 2:].tolist()
            whose = ", that of the box" if abs(width * height - area[row]) < 1 else ""
            yield file.issue(row, f"area is {area[row]:.10g}{whose}; the mask's is {shapes.area[row]:.10g}", "area")


def _image_hw(file: CocoFile) -> Array:
    """int64 (N, 2): height and width of each annotation's image, 0 where they are not known."""
    if not file.images.id.size:
        return np.zeros((file.annotations.id.size, 2), np.int64)
    size: Array = np.stack((file.images.height, file.images.width), 1)[file.annotations.image]
    size[file.annotations.image < 0] = 0
    return size
