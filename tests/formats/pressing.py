"""A format's writer alone, without the dataset around it: frames in, a folder out."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from framepress.core import Frame, LabelMap, View
from framepress.core.record import from_record, to_record
from framepress.dataset.prepare import with_masks
from framepress.storage.output import Content


class Folder:
    """Where a format writes; `written` lists the paths in order."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written: list[str] = []

    def put(self, path: str, content: Content) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else b"".join(content))
        self.written.append(path)

    @contextmanager
    def file(self, path: str) -> Iterator[BinaryIO]:
        stream = io.BytesIO()
        yield stream
        self.put(path, stream.getvalue())


def prepared(frame: Frame, labels: LabelMap) -> Frame:
    """As a dataset hands a frame to its formats: masks filled in, labels counted in the dataset's classes."""

    def recoded(view: View) -> View:
        codes = np.array([labels.code(name) for name in view.objects.classes], np.int32)
        return view.replaced(objects=view.objects.relabelled(labels.names, codes))

    frame = with_masks(frame)
    return frame.replaced(views=tuple(recoded(view) for view in frame.views))


def press(writer: Any, frames: Iterable[Frame], labels: LabelMap, root: Path) -> dict[str, int]:
    """Write all frames, finish from their records as JSON keeps them, and return the summed counts."""
    folder = Folder(root)
    pairs = []
    counts: dict[str, int] = {}
    for given in frames:
        frame = prepared(given, labels)
        row = json.loads(json.dumps(writer.add(frame, folder)))
        pairs.append((json.dumps(to_record(frame)), row))
        for name, count in row["counts"].items():
            counts[name] = counts.get(name, 0) + count
    writer.finish(
        labels, lambda: ((prepared(from_record(json.loads(record)), labels), row) for record, row in pairs), folder
    )
    return counts


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
