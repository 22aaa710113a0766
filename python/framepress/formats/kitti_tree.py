"""Which files make up a KITTI dataset: the folders `training`, one a camera, their stems, splits, and what we noted."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framepress.core import LabelMap, safe_name
from framepress.core.files import read_file
from framepress.errors import InputError
from framepress.formats.kitti_text import type_to_name

__all__ = [
    "SCHEMA",
    "SIDECAR",
    "VERSION",
    "About",
    "Tree",
    "about_of",
    "numbered",
    "text_of",
    "tree_folders",
    "tree_of",
]

SIDECAR = "framepress.json"
SCHEMA = "framepress.kitti"
VERSION = 1

_IMAGES = {".png", ".jpg", ".jpeg"}


@dataclass(frozen=True)
class Tree:
    """One camera's `training` folder. `images`, `labels`: stem -> file name; `splits`: stem -> split."""

    view: str
    folder: Path
    images: Mapping[str, str]
    labels: Mapping[str, str]
    splits: Mapping[str, str]


@dataclass(frozen=True)
class About:
    """What `framepress.json` says, or what KITTI means where it is not there."""

    ours: bool = False
    edge: bool = False
    full: bool = False
    split: bool = True
    classes: LabelMap = field(default_factory=LabelMap)
    with_dont_care: bool = False
    sizes: Mapping[str, Any] = field(default_factory=dict)

    def name(self, kind: str) -> str:
        return type_to_name(kind) if self.ours else kind


def tree_folders(path: Path) -> list[str]:
    """View name -> tree, as names: "" is the root."""
    folders = sorted(child.name for child in path.iterdir() if child.is_dir() and not child.name.startswith("."))
    return [name for name in ("", *folders) if (path / name / "training" / "label_2").is_dir()]


def about_of(path: Path) -> About:
    file = path / SIDECAR
    if not os.path.lexists(file):  # a dead link is no absence: it decides what the numbers mean
        return About()
    try:
        document = json.loads(text_of(file))
        if document["schema"] != SCHEMA:
            raise InputError(
                f"{file}: schema {document['schema']!r} is not {SCHEMA!r}; move the file away to ignore it"
            )
        if document["version"] != VERSION:
            raise InputError(
                f"{file}: version {document['version']!r} of {SCHEMA}, this program reads {VERSION}; update it"
            )
        return About(
            ours=True,
            edge=document["options"]["convention"] == "edge",
            full=document["options"]["box"] == "full",
            split=bool(document["splits"]),
            classes=LabelMap.from_dict(document["classes"]),
            with_dont_care=document["counts"].get("dontcare", 0) > 0,
            sizes=document["sizes"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{file}: cannot be understood: {type(error).__name__}: {error}; restore it") from error


def tree_of(path: Path, view: str, about: About) -> Tree:
    """One camera's files, paired by stem.

    Raises:
        InputError: an image without a label file or the reverse (KITTI-005), or `ImageSets` that contradict.
    """
    folder = path / view / "training"
    labels = _by_stem(folder / "label_2", {".txt"})
    images = _by_stem(folder / "image_2", _IMAGES) if (folder / "image_2").is_dir() else {}
    for stem in sorted(labels.keys() ^ images.keys()) if images else ():
        lacks = "image_2" if stem in labels else "label_2"
        raise InputError(
            f"{folder}: KITTI-005: {stem} has no file in {lacks}; add it (an empty .txt where there is no object)"
        )
    return Tree(safe_name(view), folder, images, labels, _splits(path / view, labels) if about.split else {})


def _by_stem(folder: Path, suffixes: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(child.name for child in folder.iterdir() if child.suffix.lower() in suffixes):
        stem = name.rpartition(".")[0]
        if stem in found:
            raise InputError(f"{folder}: {found[stem]} and {name} have one stem; remove one")
        found[stem] = name
    return found


def _splits(folder: Path, stems: Mapping[str, str]) -> dict[str, str]:
    """Stem -> split from `ImageSets`; `trainval` counts only where nothing else names the frame."""
    found: dict[str, str] = {}
    sets = folder / "ImageSets"
    names = sorted(file.stem for file in sets.glob("*.txt")) if sets.is_dir() else []
    if (folder / "testing").is_dir() and "test" in names:
        names.remove("test")  # it numbers the images of that folder
    for name in sorted(names, key=lambda name: (name == "trainval", name)):
        for number, line in enumerate(text_of(sets / f"{name}.txt").splitlines(), 1):
            stem, where = line.strip(), f"{sets / name}.txt:{number}"
            if not stem:
                continue
            if stem not in stems:
                raise InputError(f"{where}: KITTI-017: {stem!r} is not in training/label_2; remove the line")
            if name == "trainval":
                found.setdefault(stem, name)
            elif found.setdefault(stem, safe_name(name)) != safe_name(name):
                raise InputError(f"{where}: GEN-008: {stem} is in {found[stem]} too; a frame belongs to one split")
    return found


def numbered(stems: set[str]) -> list[tuple[int, str]]:
    """Frame index and stem: the stem's own number where all have one, else the position by name."""
    if all(stem.isascii() and stem.isdigit() for stem in stems) and len({int(stem) for stem in stems}) == len(stems):
        return sorted((int(stem), stem) for stem in stems)
    return list(enumerate(sorted(stems)))


def text_of(file: Path) -> str:
    try:
        return read_file(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 text ({error}); is it compressed or another file?") from error
