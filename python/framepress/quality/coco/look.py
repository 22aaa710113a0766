"""A tolerant look at `annotations/instances_*.json`, `person_keypoints_*.json`, or whatever COCO file is named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from framepress.errors import InputError
from framepress.quality.coco.document import document
from framepress.quality.coco.folders import folder_of
from framepress.quality.coco.gathered import frames_of, gathered, principal
from framepress.quality.coco.table import CocoFile, CocoLook
from framepress.quality.coco.tables import Tables, licenses_of
from framepress.quality.issue import Issue
from framepress.quality.look import ImageFile
from framepress.storage.paths import safe_join

__all__ = ["look"]

_NAME = re.compile(r"(instances|person_keypoints)_(.+)\.json")
_ROBOFLOW = "_annotations.coco.json"


def look(path: Path) -> CocoLook:
    """Take in all files of a COCO folder, or one file.

    Raises:
        InputError: there is no such file.
    """
    path = Path(path)
    root, found = _sources(path)
    files, unread = [], []
    for name, task, split in found:
        try:
            files.append(_taken_in(root, name, task, split))
        except InputError as error:
            unread.append(Issue(message=str(error), file=name))
    files.sort(key=lambda file: (file.split, file.task, file.name))
    leading = principal(files)
    frames = frames_of(leading)
    return CocoLook(root, files, unread, list(_images(leading, frames)), gathered(leading, frames))


def _sources(path: Path) -> tuple[Path, list[tuple[str, str, str]]]:
    """The dataset's folder, and name, task and split of each file."""
    if not path.is_dir():
        named = _NAME.fullmatch(path.name)
        root = path.parent.parent if path.parent.name == "annotations" else path.parent
        task, split = (named[1], named[2]) if named else ("instances", "default")
        return root, [(path.relative_to(root).as_posix(), task, split)]
    found = []
    for file in sorted(path.glob("annotations/*.json")):
        if named := _NAME.fullmatch(file.name):
            found.append((f"annotations/{file.name}", named[1], named[2]))
    if not found:
        exported = sorted(path.glob(f"*/{_ROBOFLOW}")) or sorted(path.glob(_ROBOFLOW))
        found = [
            (file.relative_to(path).as_posix(), "instances", "default" if file.parent == path else file.parent.name)
            for file in exported
        ]
    if not found:
        raise InputError(
            f"{path}: has neither annotations/instances_*.json nor annotations/person_keypoints_*.json; "
            "name the JSON file itself"
        )
    return path, found


def _taken_in(root: Path, name: str, task: str, split: str) -> CocoFile:
    """Raises InputError where the file cannot be read at all, or leads out of the dataset."""
    safe_join(root, name)
    said = document(root / name, name)
    tables = Tables(said)
    images, categories = tables.images(), tables.categories()
    annotations = tables.annotations(images, categories)
    if name.endswith(_ROBOFLOW):
        places = [(name[: -len(_ROBOFLOW)], True)]
    else:
        places = [(f"images/{split}/", True), ("images/", True), (f"{split}/", True), ("", False)]
    infinite = [
        Issue(message="a number is too large for a float, and is read as infinite", file=name, place=place)
        for place in (f"{where}[{row}].{field}" for where, row, field in tables.odd.not_finite)
    ]
    return CocoFile(
        name=name,
        task=task,
        split="" if split == "default" else split,
        images=images,
        annotations=annotations,
        categories=categories,
        licenses=licenses_of(said),
        folder=folder_of(root, places, images.names),
        odd=tables.odd.found,
        wrong_points=tables.wrong_points,
        faults=said.faults,
        not_finite=[*said.not_finite, *infinite],
        tracks=list(tables.tracks),
    )


def _images(files: Sequence[CocoFile], frames: Sequence[Sequence[str]]) -> Iterator[ImageFile]:
    """Every image that is there, once."""
    seen: set[str] = set()
    order: Counter[tuple[str, str, str]] = Counter()
    for file, named in zip(files, frames, strict=True):
        images = file.images
        for row, (name, frame) in enumerate(zip(images.names, named, strict=True)):
            whole = file.image_name(row)
            if file.folder is None or not whole or whole in seen:
                continue
            seen.add(whole)
            key = (file.split, images.sequence[row], images.view[row])
            yield ImageFile(
                path=file.folder.path / name,
                name=whole,
                width=int(images.width[row]),
                height=int(images.height[row]),
                frame=frame,
                view=images.view[row],
                split=file.split,
                sequence=images.sequence[row],
                order=order[key],
            )
            order[key] += 1
