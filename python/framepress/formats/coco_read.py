"""Reading COCO: the layouts found in the wild, checked entry by entry, in memory that grows by 8 bytes an annotation.

A file is scanned once for where its entries are (`coco_scan`) and once for their ids (`coco_tables`); an image's entry
and its annotations are decoded when their turn comes.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from framepress.core import EncodedImage, Frame, Label, LabelMap, View, safe_name
from framepress.core.channels import Channels, Source
from framepress.errors import FramepressError, InputError, OptionError
from framepress.formats.coco_entries import camera_of, is_ours, objects_of
from framepress.formats.coco_tables import Table, categories, decoded, open_table, typed
from framepress.formats.frame_ids import Split, frame_ids
from framepress.storage.images import decode_rgb
from framepress.storage.paths import checked, safe_join

__all__ = ["frames", "labels"]

Json = dict[str, Any]

_NAME = re.compile(r"(instances|person_keypoints)_(.+)\.json")
_STRUCTURE = ("id", "file_name", "width", "height")
_ROBOFLOW = "_annotations.coco.json"
_MEDIA = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".tif": "image/tiff", ".tiff": "image/tiff"}


@dataclass(frozen=True, slots=True)
class _Source:
    """The files of one split; `files` is task -> file, `root` the dataset's folder."""

    split: str
    root: Path
    files: dict[str, Path]


def _sources(path: Path) -> list[_Source]:
    """The splits of a folder or file, by name.

    Raises:
        InputError: there is nothing to read.
    """
    if path.is_file():
        named = _NAME.fullmatch(path.name)
        task, split = (named[1], named[2]) if named else ("instances", "default")
        root = path.parent.parent if path.parent.name == "annotations" else path.parent
        return [_Source(split, root, {task: path})]
    found: dict[str, dict[str, Path]] = {}
    for file in sorted(path.glob("annotations/*.json")):
        if named := _NAME.fullmatch(file.name):
            found.setdefault(named[2], {})[named[1]] = file
    if found:
        return [_Source(split, path, files) for split, files in sorted(found.items())]
    exported = sorted(path.glob(f"*/{_ROBOFLOW}")) or sorted(path.glob(_ROBOFLOW))
    if not exported:
        raise InputError(
            f"{path}: has neither annotations/instances_*.json nor annotations/person_keypoints_*.json; "
            "pass the JSON file itself"
        )
    return [
        _Source("default" if file.parent == path else file.parent.name, file.parent, {"instances": file})
        for file in exported
    ]


def labels(path: Path) -> LabelMap:
    """See `coco.read_labels`."""
    return _merged([(file, categories(file)) for source in _sources(path) for file in source.files.values()])


def _merged(files: list[tuple[Path, list[Label]]]) -> LabelMap:
    """The classes of several files, first seen first; a key-point file adds points to the classes of another."""
    merged: dict[str, Label] = {}
    for path, found in files:
        for label in found:
            known = merged.get(label.name)
            if known is not None and known.id != label.id:
                raise InputError(f"{path}: category {label.name!r} has id {label.id}, elsewhere it has {known.id}")
            if known is None or (label.keypoints and not known.keypoints):
                merged[label.name] = label
    try:
        return LabelMap(tuple(merged.values()))
    except FramepressError as error:
        raise InputError(f"{files[-1][0]}: categories: {error}") from error


def frames(path: Path, images: str, boxes: str) -> Iterator[Frame]:
    """See `coco.read`."""
    if boxes not in ("strict", "clip"):
        raise OptionError(f"boxes={boxes!r}: must be strict or clip")
    splits = [_Split.of(source, images) for source in _sources(path)]
    classes = _merged(
        [(table.path, table.labels) for split in splits for table in (split.table, split.points) if table]
    )
    position = 0
    codes = {label.id: code for code, label in enumerate(classes.labels) if label.id is not None}
    reading = _Reading(classes, codes, boxes == "clip")
    ids_of = frame_ids([Split(split.name, split.names, split.frames) for split in splits], str(path))
    for split, ids in zip(splits, ids_of, strict=True):
        for identifier, rows in groupby(range(len(ids)), key=ids.__getitem__):
            yield split.frame(identifier, position, list(rows), reading)
            position += 1


@dataclass(frozen=True, slots=True)
class _Reading:
    """What holds for all splits: `codes` is category id -> position in `classes`."""

    classes: LabelMap
    codes: dict[int, int]
    clip: bool


class _ImageName(msgspec.Struct):
    file_name: str
    frame: Any = None
    index: Any = None
    camera: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """One split, opened: `points` is a key-point file beside `table`; `frames` are our own frame ids, one an image."""

    name: str
    table: Table
    points: Table | None
    folder: Path | None
    names: list[str]
    frames: list[str | None]

    @classmethod
    def of(cls, source: _Source, images: str) -> _Split:
        tables = {task: open_table(file) for task, file in source.files.items()}
        table = tables.get("instances") or tables["person_keypoints"]
        names: list[str] = []
        own: list[str | None] = []
        for image in typed(table.images, _ImageName):
            try:
                names.append(checked(image.file_name))
            except InputError as error:
                raise InputError(f"{table.path}: images[{len(names)}]: file_name: {error}") from error
            own.append(image.frame if is_ours(image.frame, image.index, image.camera) else None)
        if len(set(names)) != len(names):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise InputError(f"{table.path}: images: file_name {twice!r} is there more than once")
        return cls(
            name="" if source.split == "default" else safe_name(source.split),
            table=table,
            points=tables.get("person_keypoints") if "instances" in tables else None,
            folder=_image_folder(source, images, names),
            names=names,
            frames=own,
        )

    def frame(self, identifier: str, position: int, rows: list[int], reading: _Reading) -> Frame:
        """The images at these positions as one frame."""
        texts = self.table.images.take(np.array(rows))
        images = [decoded(self.table.images, row, text) for row, text in zip(rows, texts, strict=True)]
        where = f"{self.table.path}: images[{rows[0]}]"
        views = tuple(self._view(row, image, reading) for row, image in zip(rows, images, strict=True))
        said = images[0] if self.frames[rows[0]] is not None else {}
        try:
            return Frame(
                id=identifier,
                index=said.get("index", position),
                views=views,
                split=self.name,
                sequence=said.get("sequence", ""),
                task=said.get("task", ""),
                text=said.get("text", ""),
                time_ns=said.get("time_ns"),
                meta=said.get("meta", {}) if said else _unknown_fields(images[0]),
            )
        except FramepressError as error:
            raise InputError(f"{where}: {error}") from error

    def _view(self, row: int, image: Json, reading: _Reading) -> View:
        where = f"{self.table.path}: image {image['id']}"
        ours = self.frames[row] is not None
        camera = camera_of(image, where)
        annotations = self.table.annotations_of(row)
        if self.points is not None:
            self._add_keypoints(annotations, image["id"], self.points)
        objects = objects_of(
            annotations, reading.codes, reading.classes, camera.size_wh, ours=ours, clip=reading.clip, where=where
        )
        sources: dict[str, Source] = {}
        if self.folder is not None:
            path = safe_join(self.folder, self.names[row])
            sources["rgb"] = EncodedImage(_MEDIA.get(path.suffix.lower(), "application/octet-stream"), path, decode_rgb)
        lens = image["camera"] if ours else {}
        try:
            channels = Channels(sources, camera.size_wh, where)
            return View(camera, lens.get("name", ""), channels, objects, time_ns=lens.get("time_ns"))
        except FramepressError as error:
            raise InputError(f"{where}: {error}") from error

    def _add_keypoints(self, annotations: list[Json], image: int, points: Table) -> None:
        """Key points by annotation id, as COCO's own pairs of files share it."""
        row = points.image_row(image)
        known = {annotation["id"]: annotation for annotation in annotations}
        for marked in () if row is None else points.annotations_of(row):
            annotation = known.get(marked["id"])
            if annotation is None or annotation["category_id"] != marked["category_id"]:
                raise InputError(
                    f"{points.path}: annotation {marked['id']} of image {image} is not in {self.table.path}, or is of "
                    "another category there; read one of the two files by its path"
                )
            annotation["keypoints"] = marked.get("keypoints")


def _unknown_fields(image: Json) -> Json:
    """What another tool said of an image, such as its license and source."""
    return {name: value for name, value in image.items() if name not in _STRUCTURE and value not in (None, "")}


def _image_folder(source: _Source, images: str, names: list[str]) -> Path | None:
    """The folder that file names are relative to; None where there are no images."""
    if images:
        return Path(images)
    folders = [source.root / "images" / source.split, source.root / "images", source.root / source.split]
    for folder in (*folders, source.root):
        if names and os.path.isfile(folder / names[0]):  # a name too long for the disk is no file either
            return folder
    return next((folder for folder in folders if folder.is_dir()), None)
