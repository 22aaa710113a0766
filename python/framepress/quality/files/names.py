"""Rules for names, classes, and which frames and objects are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from framepress.quality.columns import Columns
from framepress.quality.files.listing import home_of
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.look import Look, WithClasses
from framepress.quality.rule import FILE, rule

__all__ = [
    "classes_are_a_fixed_list",
    "frames_without_objects_are_present",
    "names_are_plain_and_unique",
    "objects_are_larger_than_a_pixel",
]

_PLAIN = re.compile(r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+\.[A-Za-z0-9]+")


@rule(
    "GEN-001",
    FILE,
    ERROR,
    stage="annotation",
    breaks="trainers number classes by their place in the list; Replicator delivers labels in lower case, so that two "
    "which differ in case alone become one",
    remedy="write one list of classes with the data, in an order that never changes, each name once",
)
def classes_are_a_fixed_list(look: Look) -> Iterator[Issue]:
    """The classes are one list, stored with the data, each name once, whatever its case.

    In a dataset of ours that was given a list of classes, the edition has that list, in that order.
    """
    if not isinstance(look, WithClasses):
        return
    file, names = look.classes()
    seen: dict[str, str] = {}
    for place, name in enumerate(names):
        key = name.strip().casefold()
        if not key:
            yield Issue(message=f"class {place} has no name", file=file, place=f"classes[{place}]")
        elif key in seen:
            alike = "is there twice" if seen[key] == name else f"differs from {seen[key]!r} in case or blanks alone"
            yield Issue(message=f"class {name!r} {alike}", file=file, place=f"classes[{place}]")
        else:
            seen[key] = name
    home = home_of(look.root)
    if home is not None and home.job.labels is not None and home.job.labels.names != tuple(names):
        message = f"the classes are {_shown(names)}, the dataset was made with {_shown(home.job.labels.names)}"
        yield Issue(message=message, file=file, place="classes")


def _shown(names: Sequence[str]) -> str:
    return (", ".join(names[:5]) or "none") + (f", … ({len(names)})" if len(names) > 5 else "")


@rule(
    "GEN-003",
    FILE,
    WARNING,
    stage="structure",
    breaks="torchvision's Kitti splits names at the first dot, WebDataset and VOC make keys of them; a.png and A.png "
    "are one file on Windows and macOS",
    remedy="name images with A-Z a-z 0-9 _ - and one dot, each stem once in its folder",
)
def names_are_plain_and_unique(look: Look) -> Iterator[Issue]:
    """Names of images are made of A-Z a-z 0-9 _ - with one dot, and differ by more than extension or case."""
    seen: dict[str, str] = {}
    for image in look.images():
        name = image.name
        if not _PLAIN.fullmatch(name):
            yield Issue(message=f"{name!r} {_oddity(name)}", file=name, image=name, frame=image.frame)
        folder, _, base = name.rpartition("/")
        stem = f"{folder}/{base.rpartition('.')[0] or base}".casefold()
        other = seen.setdefault(stem, name)
        if other != name:
            message = f"{name!r} and {other!r} differ by extension or case alone"
            yield Issue(message=message, file=name, image=name, frame=image.frame)


def _oddity(name: str) -> str:
    if odd := re.search(r"[^A-Za-z0-9_./-]", name):
        return f"has the character {odd[0]!r}"
    if name.rpartition("/")[2].count(".") != 1:
        return f"has {name.rpartition('/')[2].count('.')} dots"
    return "has an empty part, or a folder with a dot"


@rule(
    "GEN-005",
    FILE,
    WARNING,
    stage="dataset",
    without=("coco", "basic"),
    breaks="a detector never learns what is not there; readers that count frames come out of step",
    remedy="keep frames without objects: an entry, an empty file, empty lists",
)
def frames_without_objects_are_present(look: Look, *, least_frames: int = 20) -> Iterator[Issue]:
    """Frames without objects are not left out.

    Told where numbers of frames are missing within a sequence while every frame that is there holds an object; a
    dataset of fewer than `least_frames` says nothing.
    """
    columns = look.columns()
    if columns is None or columns.frames.rows < least_frames:
        return
    held = np.zeros(columns.frames.rows, bool)
    held[np.asarray(columns.objects["frame"])] = True
    if not held.all():
        return
    index, sequence = np.asarray(columns.frames["index"]), np.asarray(columns.frames["sequence"])
    missing, first = 0, ""
    for code in np.unique(sequence).tolist():
        numbers = np.unique(index[(sequence == code) & (index >= 0)])
        gaps = np.flatnonzero(np.diff(numbers) > 1)
        missing += int((np.diff(numbers) - 1).sum())
        if gaps.size and not first:
            first = f"{numbers[gaps[0]]} is followed by {numbers[gaps[0] + 1]}"
    if missing:
        yield Issue(message=f"all {len(held)} frames hold objects, and {missing} numbers are missing: {first}")


@rule(
    "GEN-006",
    FILE,
    WARNING,
    stage="annotation",
    breaks="Darknet drops boxes below a pixel of the network's input without a word; size buckets count them",
    remedy="drop objects under one stated size in all editions, and count them",
)
def objects_are_larger_than_a_pixel(look: Look, *, least_px: float = 0.99) -> Iterator[Issue]:
    """Every box has sides of at least a pixel.

    Args:
        least_px: a little less, because text formats round what was a whole pixel.
    """
    columns = look.columns()
    if columns is None:
        return
    box = np.asarray(columns.objects["box"])
    sides = box[:, 2:] - box[:, :2]
    least = sides.min(1, initial=np.inf)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero((least < least_px) & (least > 0))
    for row in rows.tolist():
        width, height = sides[row].tolist()
        yield _of_object(columns, row, f"the box is {width:g} x {height:g} px")


def _of_object(columns: Columns, row: int, message: str, place: str = "box") -> Issue:
    objects = columns.objects
    frame, view, track = int(objects["frame"][row]), int(objects["view"][row]), int(objects["track"][row])
    box = [float(number) for number in objects["box"][row]]
    return Issue(
        message=message,
        place=place,
        frame=columns.frames.texts("id")[frame],
        view=columns.view_names[int(columns.views["name"][view])],
        object=int(objects["id"][row]),
        prim=columns.tracks[track] if track >= 0 else "",
        box=(box[0], box[1], box[2], box[3]),
    )
