"""File names for frames, one folder deep: supervision and Datumaro do not look into folders below a split's.

`/` is written `__`. An underscore that would make that ambiguous is written `-5f`, and a hyphen that would make that
ambiguous `-2d`, so that every name leads back to one frame.
"""

from __future__ import annotations

import re

__all__ = ["file_stem", "frame_id", "split_folder"]


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
