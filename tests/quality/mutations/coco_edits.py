"""A good COCO dataset, and the small changes that break it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from formats.pressing import press
from framepress.formats.coco import Writer
from framepress.quality.coco import rules
from framepress.quality.coco.look import look
from framepress.quality.issue import Issue
from framepress.quality.rule import rules_in
from frames import LABELS, mono

Json = dict[str, Any]
TRAIN, VAL = "annotations/instances_train.json", "annotations/instances_val.json"
POINTS = "annotations/person_keypoints_train.json"
EMPTY_IMAGE = 1  # row of the image of `TRAIN` that has no annotations


@dataclass(frozen=True)
class Mutation:
    """Args: change: breaks the dataset in place and gives the place; findings: how many of `code` there must be."""

    name: str
    code: str
    change: Callable[[Path], str]
    file: str = TRAIN
    findings: int = 1
    also: tuple[str, ...] = ()


def good(root: Path) -> None:
    """`mono` in two splits, with polygons, run lengths, a crowd, key points and images without objects."""
    frames = [frame.replaced(split="train" if frame.sequence == "a" else "val") for frame in mono()]
    press(Writer(segmentation="polygon"), frames, LABELS, root)


def found(path: Path) -> list[tuple[str, str, str, str]]:
    """Code, file, place and message of what the rules for COCO find, and of what could not be read at all."""
    looked = look(path)
    issues: list[tuple[str, Issue]] = [("FILE-001", issue) for issue in looked.unread]
    for rule in rules_in(rules):
        subjects = (looked, None) if rule.decodes else (looked,)
        issues += [(rule.code, issue) for issue in rule(*subjects)]
    return [(code, issue.file, issue.place, issue.message) for code, issue in issues]


def edited(change: Callable[[Json], str], file: str = TRAIN) -> Callable[[Path], str]:
    """`change` is given the document, and gives the place."""

    def apply(root: Path) -> str:
        document = json.loads((root / file).read_text())
        place = change(document)
        (root / file).write_text(json.dumps(document))
        return place

    return apply


def rewritten(change: Callable[[bytes], bytes], file: str = TRAIN) -> Callable[[Path], str]:
    def apply(root: Path) -> str:
        (root / file).write_bytes(change((root / file).read_bytes()))
        return ""

    return apply


def is_polygon(annotation: Json) -> bool:
    return isinstance(annotation["segmentation"], list)


def is_runs(annotation: Json) -> bool:
    return isinstance(annotation["segmentation"], dict) and isinstance(annotation["segmentation"]["counts"], str)


def is_crowd(annotation: Json) -> bool:
    return annotation["iscrowd"] == 1


def put(field: str, value: Any, of: Callable[[Json], bool] = is_polygon, place: str | None = None) -> Any:
    """A field of the first such annotation set; a function is given what was there."""

    def change(document: Json) -> str:
        row, annotation = next((row, entry) for row, entry in enumerate(document["annotations"]) if of(entry))
        annotation[field] = value(annotation[field]) if callable(value) else value
        return f"annotations[{row}].{field if place is None else place}".rstrip(".")

    return edited(change)


def drop(field: str, of: Callable[[Json], bool] = is_polygon) -> Any:
    def change(document: Json) -> str:
        row, annotation = next((row, entry) for row, entry in enumerate(document["annotations"]) if of(entry))
        del annotation[field]
        return f"annotations[{row}].{field}"

    return edited(change)


def at(names: str, row: int, field: str, value: Any, file: str = TRAIN, place: str | None = None) -> Any:
    """A field of an entry of one of the lists; None takes it away."""

    def change(document: Json) -> str:
        entry = document[names][row]
        if value is None:
            del entry[field]
        else:
            entry[field] = value(entry[field]) if callable(value) else value
        return f"{names}[{row}].{field if place is None else place}".rstrip(".")

    return edited(change, file)


def runs(part: str, value: Any, of: Callable[[Json], bool] = is_runs) -> Any:
    """A part of the first such annotation's run lengths set, or taken away by None."""

    def changed(segmentation: Json) -> Json:
        rest = {name: said for name, said in segmentation.items() if name != part}
        return rest if value is None else rest | {part: value(segmentation[part]) if callable(value) else value}

    return put("segmentation", changed, of, f"segmentation.{part}")


def everywhere(change: Callable[[Json], None], place: str) -> Callable[[Path], str]:
    """In all files, so that they still agree."""

    def apply(root: Path) -> str:
        for path in sorted(root.glob("annotations/*.json")):
            document = json.loads(path.read_text())
            change(document)
            path.write_text(json.dumps(document))
        return place

    return apply


def without_list(name: str) -> Callable[[Json], str]:
    def change(document: Json) -> str:
        del document[name]
        return name

    return change


def instead(name: str, value: Any) -> Callable[[Json], str]:
    def change(document: Json) -> str:
        document[name] = value
        return name

    return change


def added(name: str, entry: Any, place: str = "") -> Callable[[Json], str]:
    """An entry more; a function makes it of the list."""

    def change(document: Json) -> str:
        document[name].append(entry(document[name]) if callable(entry) else entry)
        return f"{name}[{len(document[name]) - 1}]{place}"

    return change


def points(change: Callable[[Json], None], field: str = "keypoints") -> Any:
    """The first annotation of the key-point file that has a labelled and an unlabelled point."""

    def apply(document: Json) -> str:
        entries = document["annotations"]
        row = next(row for row, entry in enumerate(entries) if 0 < entry["num_keypoints"] < 3)
        change(entries[row])
        return f"annotations[{row}].{field}"

    return edited(apply, POINTS)


def replaced(make: Callable[[Path], None]) -> Callable[[Path], str]:
    """Something else in the place of the file."""

    def apply(root: Path) -> str:
        (root / TRAIN).unlink()
        make(root / TRAIN)
        return ""

    return apply
