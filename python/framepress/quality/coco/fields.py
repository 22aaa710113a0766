"""Rules for fields that readers ask for, and for what no field may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from framepress.ops.rle import MAX_PIXELS
from framepress.quality.coco.table import NO_ID, CocoLook
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule

__all__ = [
    "annotations_have_area_and_iscrowd",
    "crowds_are_marked",
    "images_have_a_size",
    "licenses_exist",
    "numbers_are_finite",
    "the_document_holds_its_lists",
]

_CROWD = re.compile(
    r"crowd|dont ?care|don't care|ignored?( regions?)?|(person|rider|car|truck|bus|motorcycle|bicycle)group"
)


@rule(
    "COCO-004",
    FILE,
    ERROR,
    stage="format",
    format="coco",
    breaks="COCOeval: KeyError",
    remedy="write area (pixels of the mask) and iscrowd (0 or 1) for every annotation",
)
def annotations_have_area_and_iscrowd(coco: CocoLook) -> Iterator[Issue]:
    """Every annotation has an area, a number of at least 0, and iscrowd."""
    for file in coco.files:
        for row, words in file.told("annotations.area"):
            yield file.issue(row, f"area {words}", "area")
        for row in np.flatnonzero(file.annotations.area < 0).tolist():
            yield file.issue(row, f"area is {file.annotations.area[row]:.10g}", "area")
        for row, words in file.told("annotations.iscrowd"):
            if words == "is missing":
                yield file.issue(row, f"iscrowd {words}", "iscrowd")


@rule(
    "COCO-011",
    FILE,
    ERROR,
    stage="annotation",
    format="coco",
    breaks="COCOeval: detections inside of a crowd count as false alarms, AP 0.83 instead of 1",
    remedy="write iscrowd 1 for a region of objects that are not told apart, 0 for each other object",
)
def crowds_are_marked(coco: CocoLook) -> Iterator[Issue]:
    """Iscrowd is 0 or 1, and 1 where the annotation says elsewhere that it is a crowd.

    That is the attribute `is_crowd`, which Datumaro and CVAT keep, or a class that means a region to be passed over,
    such as Cityscapes' `persongroup` or KITTI's `DontCare`.
    """
    for file in coco.files:
        for row, words in file.told("annotations.iscrowd"):
            if words != "is missing":
                yield file.issue(row, f"iscrowd {words}, neither 0 nor 1", "iscrowd")
        said = file.annotations
        for row in np.flatnonzero(said.crowd > 1).tolist():
            yield file.issue(row, "iscrowd is above 1", "iscrowd")
        for row, words in file.told("annotations.attributes.is_crowd"):
            yield file.issue(row, f"iscrowd is 0, the attribute is_crowd {words}", "iscrowd")
        crowds = [row for row, name in enumerate(file.categories.name) if _CROWD.fullmatch(name.strip().casefold())]
        for row in np.flatnonzero((said.crowd == 0) & np.isin(said.category, crowds)).tolist():
            name = file.categories.name[said.category[row]]
            yield file.issue(row, f"iscrowd is 0 for an annotation of the class {name!r}", "iscrowd")


@rule(
    "COCO-012",
    FILE,
    ERROR,
    stage="format",
    format="coco",
    breaks="pycocotools: KeyError for polygons",
    remedy="write width and height of each image in pixels",
)
def images_have_a_size(coco: CocoLook) -> Iterator[Issue]:
    """Every image has a width and a height, integers of at least 1, of no more than 2^28 pixels."""
    for file in coco.files:
        for field in ("width", "height"):
            for row, words in file.told(f"images.{field}"):
                yield file.of_image(row, f"{field} {words}", field)
        width, height = file.images.width.astype(np.float64), file.images.height.astype(np.float64)
        for row in np.flatnonzero(width * height > MAX_PIXELS).tolist():
            yield file.of_image(row, f"the image is said to have {width[row]:.10g} x {height[row]:.10g} px")


@rule(
    "COCO-013",
    FILE,
    ERROR,
    stage="format",
    format="coco",
    breaks="pycocotools: a NaN box counted as a perfect match, AP 1; readers in other languages refuse the file",
    remedy="leave the object out, or write the number; json.dumps(..., allow_nan=False) finds it",
)
def numbers_are_finite(coco: CocoLook) -> Iterator[Issue]:
    """No number is NaN or infinite, which JSON does not have."""
    for file in coco.files:
        yield from file.not_finite


@rule(
    "COCO-019",
    FILE,
    WARNING,
    stage="format",
    format="coco",
    breaks="strict importers",
    remedy="list the license, or leave the field out",
)
def licenses_exist(coco: CocoLook) -> Iterator[Issue]:
    """The license of an image is one of the licenses."""
    for file in coco.files:
        for row, words in file.told("images.license"):
            yield file.of_image(row, f"license {words}", "license")
        told = {row for row, _ in file.odd.get("images.license", ())}
        known = np.array([NO_ID, *sorted(file.licenses)], np.int64)
        for row in np.flatnonzero(~np.isin(file.images.license, known)).tolist():
            if row in told:
                continue
            listed = ", ".join(map(str, sorted(file.licenses)[:5])) or "none"
            yield file.of_image(row, f"license {file.images.license[row]} is not listed ({listed})", "license")


@rule(
    "COCO-021",
    FILE,
    ERROR,
    stage="structure",
    format="coco",
    breaks="pycocotools: KeyError, or AttributeError deep inside; the first of two values is lost",
    remedy="write one object with the lists images, annotations and categories, each of objects",
)
def the_document_holds_its_lists(coco: CocoLook) -> Iterator[Issue]:
    """The document is one object with the lists images, annotations and categories, whose entries are objects."""
    for file in coco.files:
        yield from file.faults
        for name in ("images", "annotations", "categories"):
            for row, words in file.odd.get(name, ()):
                yield Issue(message=f"the entry {words}", file=file.name, place=f"{name}[{row}]")
