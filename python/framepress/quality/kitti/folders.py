"""Which files a KITTI dataset has, listed without following a link that leads out of it."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.quality.issue import Issue
from framepress.quality.kitti.sidecar import LARGEST
from framepress.quality.kitti.table import Listed, SplitList, Tree
from framepress.storage.paths import checked

__all__ = ["trees_of"]

_IMAGES = (".png", ".jpg", ".jpeg")
_MOST_LINES = 1_000_000  # of a list of frames: KITTI has six digits


def trees_of(root: Path) -> tuple[list[Tree], list[Issue]]:
    """A tree for each camera, and what could not be taken in."""
    unread: list[Issue] = []
    trees = []
    for name in ["", *_beside(root, unread)]:
        base = f"{name}/" if name else ""
        if (root / base / "training" / "label_2").is_dir() and not _led_astray(root, f"{base}training/label_2", unread):
            trees.append(_tree(root, name, base, unread))
    return trees, unread


def _beside(root: Path, unread: list[Issue]) -> list[str]:
    """Folders at the root that may be of a camera; what else is there is no part of the dataset, and not told."""
    other: list[Issue] = []
    names = [name for name, is_folder in _entries(root, "", other) if is_folder and not name.startswith(".")]
    unread += [issue for issue in other if not issue.file or (root / issue.file / "training").is_dir()]
    return names


def _tree(root: Path, view: str, base: str, unread: list[Issue]) -> Tree:
    prefix = f"{base}training/"
    return Tree(
        view=view,
        prefix=prefix,
        labels=_listed(root, f"{prefix}label_2", (".txt",), unread),
        images=_listed(root, f"{prefix}image_2", _IMAGES, unread),
        calib=_listed(root, f"{prefix}calib", (".txt",), unread),
        velodyne=_listed(root, f"{prefix}velodyne", (".bin",), unread),
        lists=_lists(root, f"{base}ImageSets", unread),
        elsewhere=(root / base / "testing").is_dir(),
    )


def _listed(root: Path, folder: str, suffixes: Collection[str], unread: list[Issue]) -> Listed:
    if not (root / folder).is_dir():
        if os.path.lexists(root / folder):
            unread.append(Issue(message="is no folder; put the folder itself there", file=folder))
        return Listed(False)
    if _led_astray(root, folder, unread):
        return Listed(False)
    names: dict[str, str] = {}
    doubled, strays = [], []
    for name, is_folder in _entries(root, folder, unread):
        stem, dot, suffix = name.rpartition(".")
        if f"{dot}{suffix}".lower() not in suffixes:
            strays.append(name)
        elif is_folder:
            unread.append(Issue(message="is a folder, not a file", file=f"{folder}/{name}"))
        elif stem in names:
            doubled.append(name)
        else:
            names[stem] = name
    return Listed(True, names, doubled, strays)


def _lists(root: Path, folder: str, unread: list[Issue]) -> list[SplitList]:
    listed = _listed(root, folder, (".txt",), unread)
    found = []
    for stem, name in listed.names.items():
        file = f"{folder}/{name}"
        try:
            with open_file(root / file) as stream:
                content = stream.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise InputError(f"is larger than {LARGEST} bytes, which no list is; restore it")
            lines = content.decode().splitlines()
        except (InputError, OSError, UnicodeDecodeError) as error:
            unread.append(Issue(message=str(error).removeprefix(f"{root / file}: "), file=file))
            continue
        if len(lines) > _MOST_LINES:
            message = f"has {len(lines)} lines, more than six digits can number; the rest was not looked at"
            unread.append(Issue(message=message, file=file))
        found.append(SplitList(stem, file, lines[:_MOST_LINES]))
    return found


def _entries(root: Path, folder: str, unread: list[Issue]) -> list[tuple[str, bool]]:
    """Name, and whether it is a folder, by name; links that lead out, and names that are no text, are told."""
    try:
        with os.scandir(root / folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        unread.append(Issue(message=f"cannot be listed: {error.strerror or error}", file=folder))
        return []
    kept = []
    for entry in entries:
        name = f"{folder}/{entry.name}" if folder else entry.name
        try:
            checked(name)
        except InputError as error:
            unread.append(Issue(message=str(error).partition(";")[0], file=ascii(name)[1:-1]))
            continue
        if entry.is_symlink() and _led_astray(root, name, unread):
            continue
        kept.append((entry.name, entry.is_dir()))
    return kept


def _led_astray(root: Path, name: str, unread: list[Issue]) -> bool:
    """Whether a path leads out of the dataset by links, or nowhere; told."""
    real, base = os.path.realpath(root / name), os.path.realpath(root)
    if real.startswith(base + os.sep) and os.path.exists(real):
        return False
    unread.append(
        Issue(message="is a link that leads out of the dataset, or nowhere; copy what it leads to", file=name)
    )
    return True
