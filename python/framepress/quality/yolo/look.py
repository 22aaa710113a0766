"""A tolerant look at a YOLO folder: data.yaml, lists, every label file; of images no more than that they are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from framepress.core.arrays import Array
from framepress.core.files import read_file
from framepress.errors import InputError
from framepress.quality.issue import Issue
from framepress.quality.yolo.document import Document, document
from framepress.quality.yolo.layout import Layout, laid_out
from framepress.quality.yolo.measure import measured
from framepress.quality.yolo.parse import Keypoints, parsed
from framepress.quality.yolo.table import Rows
from framepress.quality.yolo.tasks import tasked
from framepress.quality.yolo.view import YoloLook

__all__ = ["look"]

_NAMES = ("data.yaml", "data.yml", "dataset.yaml")
_LARGEST = 8 << 20  # bytes of a label file: half a million coordinates
_MOST_ROWS = 100_000
_AT_ONCE = 2 << 20  # bytes of files that are read together; memory is some thirty times that


def look(path: Path) -> YoloLook:
    """Take in a YOLO set: a folder, or its data.yaml.

    Raises:
        InputError: there is neither a data.yaml nor a folder `labels`.
    """
    path = Path(path)
    root = path.parent if path.is_file() else path
    said, unread = _said(path, root)
    layout = laid_out(root, said)
    rows, times, failed = _rows(layout, said.keypoints)
    return YoloLook(
        root=root,
        unread=[*unread, *layout.unread, *failed],
        said=said,
        layout=layout,
        rows=rows,
        times=times,
        tasks=tasked(rows, said),
    )


def _said(path: Path, root: Path) -> tuple[Document, list[Issue]]:
    name = path.name if path.is_file() else next((name for name in _NAMES if os.path.lexists(path / name)), "")
    if not name:
        if not (root / "labels").is_dir():
            raise InputError(f"{path}: has no data.yaml and no folder labels; pass the dataset's YAML file itself")
        missing = Issue(message="there is no data.yaml", file="data.yaml")
        return Document("data.yaml", faults=[missing]), []
    try:
        if not os.path.realpath(root / name).startswith(os.path.realpath(root) + os.sep):
            raise InputError(f"{name}: is a link that leads out of the dataset; put the file itself there")
        return document(read_file(root / name), name), []
    except InputError as error:
        return Document(name), [Issue(message=str(error).partition(": ")[2], file=name)]


def _rows(layout: Layout, keypoints: Keypoints) -> tuple[Rows, Array, list[Issue]]:
    """All rows of all label files, when each file was written [ns], and what could not be read."""
    times = np.zeros(len(layout.labels), np.int64)
    parts = [_none(keypoints)]
    unread: list[Issue] = []
    contents: list[bytes] = []
    numbers: list[int] = []
    size = 0

    def flush() -> None:
        found, failed = parsed(contents, numbers, keypoints)
        parts.extend(found)
        unread.extend(Issue(message=words, file=layout.labels[number]) for number, words in sorted(failed.items()))
        contents.clear()
        numbers.clear()

    for number, content in _contents(layout, times, unread):
        contents.append(content)
        numbers.append(number)
        size += len(content)
        if size >= _AT_ONCE:
            flush()
            size = 0
    if contents:
        flush()
    return Rows.joined(parts), times, unread


def _contents(layout: Layout, times: Array, unread: list[Issue]) -> Iterator[tuple[int, bytes]]:
    root = str(layout.tree.root)
    for number, name in enumerate(layout.labels):
        try:
            content, times[number] = _read(f"{root}/{name}")
        except (OSError, InputError) as error:
            words = getattr(error, "strerror", None) or str(error)
            unread.append(Issue(message=f"cannot be read: {words}", file=name))
            continue
        if (lines := content.count(b"\n")) > _MOST_ROWS:
            unread.append(Issue(message=f"has {lines} lines; is it a label file?", file=name))
        elif content:
            yield number, content


def _read(path: str) -> tuple[bytes, int]:
    """Content and time of change [ns]; with as few calls as there can be, for there are many files."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        found = os.fstat(handle)
        if found.st_size > _LARGEST:
            raise InputError(f"it has {found.st_size} bytes; is it a label file?")
        content = os.read(handle, found.st_size + 1)
        while len(content) < found.st_size and (more := os.read(handle, found.st_size - len(content))):
            content += more
        return content, found.st_mtime_ns
    finally:
        os.close(handle)


def _none(keypoints: Keypoints) -> Rows:
    """No rows, with the columns' types."""
    none = np.zeros(0, np.int64)
    return measured(np.zeros(0), none, none, none, keypoints, {})
