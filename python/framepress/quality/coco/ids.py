"""Rules for ids, and what refers to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.coco.table import NO_ID, CocoFile, CocoLook
from framepress.quality.issue import ERROR, Issue
from framepress.quality.rule import FILE, rule

__all__ = [
    "annotation_ids_are_unique",
    "ids_are_integers_that_exist",
    "images_and_categories_are_there_once",
    "no_annotation_has_id_0",
]

_EXACT = 1 << 53


@rule(
    "COCO-001",
    FILE,
    ERROR,
    stage="annotation",
    format="coco",
    breaks="COCOeval and faster-coco-eval: AP 0.104 instead of 1",
    remedy="number the annotations of a file from 1, each once",
)
def annotation_ids_are_unique(coco: CocoLook) -> Iterator[Issue]:
    """Annotation ids are unique in their file.

    Readers keep annotations in a dictionary by id: of two with one id, the second takes the place of the first.
    """
    for file in coco.files:
        for row, first in _repeated(file.annotations.id):
            number = file.annotations.id[row]
            yield file.issue(row, f"id {number} is that of annotations[{first}] as well", "id")


@rule(
    "COCO-002",
    FILE,
    ERROR,
    stage="annotation",
    format="coco",
    breaks="COCOeval and faster-coco-eval: AP 0.6262 instead of 1",
    remedy="number the annotations from 1",
)
def no_annotation_has_id_0(coco: CocoLook) -> Iterator[Issue]:
    """No annotation has the id 0.

    COCOeval writes the id of the object that a detection was matched with into a table where 0 means "none": whatever
    finds this object counts as a false alarm.
    """
    for file in coco.files:
        for row in np.flatnonzero(file.annotations.id == 0).tolist():
            yield file.issue(row, "the annotation has id 0", "id")


@rule(
    "COCO-003",
    FILE,
    ERROR,
    stage="format",
    format="coco",
    breaks="pycocotools: an assertion for text ids; an annotation of an unknown image is never looked at, silently",
    remedy="write integer ids, and only annotations of images and categories that are listed",
)
def ids_are_integers_that_exist(coco: CocoLook) -> Iterator[Issue]:
    """Ids of images, annotations and categories are integers below 2^53; every image_id and category_id exists.

    Above 2^53, JavaScript and whatever reads numbers as doubles take neighbours for the same.
    """
    for file in coco.files:
        for row, words in file.told("images.id"):
            yield file.of_image(row, f"id {words}", "id")
        for row, words in file.told("categories.id"):
            yield file.of_category(row, f"id {words}", "id")
        for field in ("id", "image_id", "category_id"):
            for row, words in file.told(f"annotations.{field}"):
                yield file.issue(row, f"{field} {words}", field)
        yield from _unknown(file)
        for row in np.flatnonzero(file.images.id > _EXACT).tolist():
            yield file.of_image(row, f"id {file.images.id[row]} is above 2^53", "id")
        for row in np.flatnonzero(file.annotations.id > _EXACT).tolist():
            yield file.issue(row, f"id {file.annotations.id[row]} is above 2^53", "id")


def _unknown(file: CocoFile) -> Iterator[Issue]:
    for field, listed, rows, used in (
        ("image_id", "images", file.annotations.image, file.annotations.image_id),
        ("category_id", "categories", file.annotations.category, file.annotations.category_id),
    ):
        if any(fault.place == listed for fault in file.faults):
            continue  # where there is no such list, that alone is told
        told = {row for row, _ in file.odd.get(f"annotations.{field}", ())}
        for row in np.flatnonzero((rows < 0) & (used != NO_ID)).tolist():
            if row not in told:
                yield file.issue(row, f"{field} {used[row]} is not among the {listed}", field)


@rule(
    "COCO-022",
    FILE,
    ERROR,
    stage="format",
    format="coco",
    breaks="pycocotools: the second image or category takes the place of the first, annotations of both go to one",
    remedy="list each image and each category once",
)
def images_and_categories_are_there_once(coco: CocoLook) -> Iterator[Issue]:
    """Each image and each category is there once in a file: its id, and its name."""
    for file in coco.files:
        for row, first in _repeated(file.images.id):
            yield file.of_image(row, f"id {file.images.id[row]} is that of images[{first}] as well", "id")
        for row, first in _named_twice(file.images.names):
            yield file.of_image(row, f"{file.images.names[row]!r} is images[{first}] as well", "file_name")
        for row, first in _repeated(file.categories.id):
            yield file.of_category(row, f"id {file.categories.id[row]} is that of categories[{first}] as well", "id")
        for row, first in _named_twice(file.categories.name):
            yield file.of_category(row, f"{file.categories.name[row]!r} is categories[{first}] as well", "name")


def _repeated(ids: Array) -> Iterator[tuple[int, int]]:
    """Rows whose id an earlier row has, and the first such row."""
    if (ids[1:] > ids[:-1]).all():
        return
    order = np.argsort(ids, kind="stable")
    ascending = ids[order]
    again = np.flatnonzero((ascending[1:] == ascending[:-1]) & (ascending[1:] != NO_ID)) + 1
    first = np.searchsorted(ascending, ascending[again])
    yield from sorted(zip(order[again].tolist(), order[first].tolist(), strict=True))


def _named_twice(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    if len(set(names)) == len(names):
        return
    seen: dict[str, int] = {}
    for row, name in enumerate(names):
        if name and seen.setdefault(name, row) != row:
            yield row, seen[name]
