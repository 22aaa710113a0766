"""Rules for data.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule
from framepress.quality.yolo.document import shown
from framepress.quality.yolo.view import YoloLook

__all__ = ["data_yaml_names_splits_and_classes", "the_set_can_be_moved"]


@rule(
    "YOLO-007",
    FILE,
    ERROR,
    stage="format",
    format="yolo",
    breaks="Ultralytics raises SyntaxError, KeyError or FileNotFoundError; unquoted yes and no become True and False",
    remedy='write train and val, both if equal, and names as a map from 0 on with quoted texts: `0: "car"`',
)
def data_yaml_names_splits_and_classes(yolo: YoloLook) -> Iterator[Issue]:
    """data.yaml names train and val, which lead to images, and the classes: quoted texts, counted from 0."""
    said = yolo.said
    yield from said.faults
    for key, other in (("train", "train"), ("val", "validation")):
        if said.lines and key not in said.splits and other not in said.splits:
            yield Issue(message=f"there is no {key!r}", file=said.name, line=said.lines.get(key), place=key)
    yield from yolo.layout.astray


@rule(
    "YOLO-009",
    FILE,
    WARNING,
    stage="structure",
    format="yolo",
    breaks="Ultralytics takes a relative path from the current folder, or from its own for datasets: FileNotFoundError",
    remedy="leave `path` out: then all is relative to data.yaml; begin paths in lists with `./`",
)
def the_set_can_be_moved(yolo: YoloLook) -> Iterator[Issue]:
    """Nothing in data.yaml or a list depends on the machine, or the folder that one works in.

    No `path`, no absolute path, and `./` before each path of a list, which is what starts from the list's own folder.
    """
    path = yolo.said.path
    if path is not None:
        if PurePosixPath(path.text).is_absolute() or path.text[1:2] == ":":
            words = "is the folder of one machine"
        elif path.text.startswith(("http:", "https:")):
            words = "is no folder"
        else:
            words = "is taken from the current folder, or from the trainer's folder for datasets"
        yield Issue(message=f"path {shown(path.text)} {words}", file=yolo.said.name, line=path.line, place="path")
    yield from yolo.layout.machine
