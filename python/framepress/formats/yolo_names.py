"""File names for frames, one folder deep: supervision and Datumaro do not look into folders below a split's.

`/` is written `__`. An underscore that would make that ambiguous is written `-5f`, and a hyphen that would make that
ambiguous `-2d`, so that every name leads back to one frame.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from framepress.formats.frame_ids import Split, frame_ids

__all__ = ["file_stem", "frame_id", "ids_of", "label_path", "split_folder"]

_FOLDERS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
    "": ("train", "val", "test"),
}


def file_stem(name: str) -> str:
    """The file name without extension of a frame or view: `front/run/0000` is `front__run__0000`."""
    name = re.sub(r"-(?=5f|2d)", "-2d", name)
    name = re.sub(r"_(?=[_/])|(?<=[_/])_", "-5f", name)
    return name.replace("/", "__")


def frame_id(stem: str) -> str:
    """The inverse of `file_stem`; a name that it would not have made stays as it is."""
    name = re.sub(r"__|-5f|-2d", lambda found: {"__": "/", "-5f": "_", "-2d": "-"}[found[0]], stem)
    return name if all(name.split("/")) and file_stem(name) == stem else stem


def split_folder(split: str) -> str:
    """The folder of a split; readers find labels by the last folder `images`, so no split may be called that."""
    return f"{split}-" if re.fullmatch("images-*", split) else split


def label_path(image: str) -> str:
    """Where readers look for the labels of an image: the last `/images/` becomes `/labels/`."""
    head, sep, tail = f"/{image}".rpartition("/images/")
    relative = f"{head}/labels/{tail}" if sep else f"/{image}"
    return str(PurePosixPath(relative[1:]).with_suffix(".txt"))


def ids_of(splits: Mapping[str, Sequence[str]], where: str) -> list[list[str]]:
    """A frame id for each image of each split, from its path.

    Raises:
        InputError: two frames share an id in every form (see `frame_ids`).
    """
    found = [
        Split(split, [_own_path(image, split) for image in listed], [None] * len(listed))
        for split, listed in splits.items()
    ]
    if not any("/" in path for split in found for path in split.paths):
        found = [split._replace(paths=[_frame_path(path) for path in split.paths]) for split in found]
    return frame_ids(found, where)


def _own_path(image: str, split: str) -> str:
    """What of an image's path is its own: without the folders `images` and of the split."""
    parts = image.split("/")
    folders = _FOLDERS.get(split, (split, split_folder(split)))
    if "images" in parts[:-1]:
        last = len(parts) - 1 - parts[::-1].index("images")
        parts = [part for part in parts[:last] if part not in folders] + parts[last + 1 :]
    if len(parts) > 1 and parts[0] in folders:
        parts = parts[1:]
    return "/".join(parts)


def _frame_path(name: str) -> str:
    """A file name with the frame's id, as our writer named it, in the place of its stem."""
    path = PurePosixPath(name)
    return frame_id(path.stem) + path.suffix
