"""What the journal's rows of each format say of image files, and how they say it once those are others.

A row of native names every file with its encoder, bytes and sha256; a row of COCO names its images; rows of YOLO and
KITTI count, and name none. Formats that are not known here keep their files as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from framepress.formats import Row
from framepress.storage.images import ENCODERS

__all__ = ["roles", "row_of"]

Changed = Mapping[str, tuple[str, int, str]]
"""Path in the edition -> path, bytes and sha256 of what takes its place."""

_ROLES = {"rgb": "picture", "depth": "depth", "range": "range", "semantic": "labels", "instance": "labels"}


def roles(format: str, row: Row) -> dict[str, str]:
    """Path in the edition -> `picture`, `labels`, `depth`, `range` or `other`, for what the row names itself."""
    if format != "native":
        return {}
    return {
        entry["path"]: _ROLES.get(channel, "other") for view in row["files"].values() for channel, entry in view.items()
    }


def row_of(format: str, row: Row, changed: Changed) -> Row:
    """The row, with the names and digests that files have now."""
    rewrite = _ROWS.get(format)
    return row if rewrite is None or not changed else rewrite(row, changed)


def _native(row: Row, changed: Changed) -> Row:
    def entry(channel: str, old: Mapping[str, Any]) -> dict[str, Any]:
        if old["path"] not in changed:
            return dict(old)
        path, size, sha256 = changed[old["path"]]
        return {
            **old,
            "path": path,
            "bytes": size,
            "sha256": sha256,
            "encoder": _encoder(path, channel, old["encoder"]),
        }

    files = {
        view: {channel: entry(channel, old) for channel, old in entries.items()}
        for view, entries in row["files"].items()
    }
    return {**row, "files": files}


def _encoder(path: str, channel: str, before: str) -> str:
    extension = PurePosixPath(path).suffix
    able = [name for name, row in ENCODERS.items() if channel in row.channels and row.extension == extension]
    return before if before in able or not able else able[0]


def _coco(row: Row, changed: Changed) -> Row:
    """Names below `images/<split>/`."""
    names = {path.split("/", 2)[2]: new.split("/", 2)[2] for path, (new, _, _) in changed.items()}
    return {**row, "images": [names.get(name, name) for name in row["images"]]}


_ROWS: Mapping[str, Callable[[Row, Changed], Row]] = {"native": _native, "coco": _coco}
