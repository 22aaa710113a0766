"""Rules for categories."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.quality.coco.gathered import principal
from framepress.quality.coco.table import NO_ID, CocoFile, CocoLook
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule

__all__ = ["category_ids_count_from_1", "files_agree_on_categories"]


@rule(
    "COCO-014",
    FILE,
    WARNING,
    stage="format",
    format="coco",
    breaks="supervision and Datumaro sort by id and number anew; 0 is the background of Datumaro and many trainers",
    remedy="number the categories from 1 without a gap, and list unused classes too",
)
def category_ids_count_from_1(coco: CocoLook) -> Iterator[Issue]:
    """Category ids count from 1 without a gap, and every category has a name.

    A key-point file lists the classes with key points alone, with the ids that they have elsewhere: it may have gaps.
    """
    for file in coco.files:
        for row, words in file.told("categories.name"):
            yield file.of_category(row, f"name {words}", "name")
        for row, name in enumerate(file.categories.name):
            if name and not name.strip():
                yield file.of_category(row, "name is blank", "name")
        if words := _numbering(file):
            yield Issue(message=words, file=file.name, place="categories")


def _numbering(file: CocoFile) -> str:
    ids = np.unique(file.categories.id[file.categories.id != NO_ID]).tolist()
    if ids and ids[0] < 1:
        return f"category ids begin at {ids[0]}"
    if file.task != "instances" or not ids or ids[-1] == len(ids):
        return ""
    missing = next(number for number in range(1, len(ids) + 1) if number not in ids)
    return f"category ids are {ids[0]} to {ids[-1]}, without {missing}"


@rule(
    "COCO-023",
    FILE,
    ERROR,
    stage="dataset",
    format="coco",
    breaks="a model trained on one split and evaluated on another: its classes are other ones there",
    remedy="write the same categories with the same ids into every file",
)
def files_agree_on_categories(coco: CocoLook) -> Iterator[Issue]:
    """All files of a dataset give a class the same category id, and list the same classes.

    A key-point file may leave out classes.
    """
    numbers: dict[str, tuple[int, str]] = {}
    names: dict[int, tuple[str, str]] = {}
    for file in coco.files:
        for row, (number, name) in enumerate(zip(file.categories.id.tolist(), file.categories.name, strict=True)):
            if number == NO_ID or not name:
                continue
            other, where = numbers.setdefault(name, (number, file.name))
            if other != number and where != file.name:
                yield file.of_category(row, f"{name!r} has id {number} here, {other} in {where}", "id")
            called, where = names.setdefault(number, (name, file.name))
            if called != name and where != file.name and other == number:
                yield file.of_category(row, f"id {number} is {name!r} here, {called!r} in {where}", "name")
    listed = [file for file in principal(coco.files) if file.task == "instances" and file.categories.id.size]
    for file in listed[1:]:
        missing = [name for name in listed[0].categories.name if name and name not in set(file.categories.name)]
        further = [name for name in file.categories.name if name and name not in set(listed[0].categories.name)]
        for name in (*missing, *further):
            state = "is missing here, and listed" if name in missing else "is listed here, and missing"
            yield Issue(message=f"the class {name!r} {state} in {listed[0].name}", file=file.name, place="categories")
