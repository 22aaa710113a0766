"""The smallest format: a text file a view, and one list for the dataset. Registered for tests of the writer alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from framepress.core import Frame, LabelMap
from framepress.formats import Files, Format, Row, Rows, register
from framepress.formats.base import image_file


class Writer:
    """Options make it slow or fail on purpose; `gate` holds every frame until a test lets it go."""

    gate: threading.Event | None = None
    seconds: dict[str, float] = {}  # noqa: RUF012  # a test sets it for the whole process

    def __init__(self, *, images: str = "none", fail_on: str = "", needs: str = "") -> None:
        self.images, self.fail_on = images, fail_on
        self.needs = frozenset(needs.split(",")) - {""}
        self.carries = frozenset({"label", "box"})

    def add(self, frame: Frame, files: Files) -> Row:
        if Writer.gate is not None:
            Writer.gate.wait(10)
        time.sleep(Writer.seconds.get(frame.id, 0))
        if frame.id == self.fail_on:
            raise ValueError("asked to fail")
        count = 0
        for view in frame.views:
            rows = zip(view.objects.labels, view.objects.label.tolist(), view.objects.box.tolist(), strict=True)
            text = "".join(f"{label} {code} {box}\n" for label, code, box in rows)
            files.put(f"{frame.split or 'all'}/{frame.stem(view)}.txt", text.encode())
            if self.images != "none":
                extension, content = image_file(view, self.images, where=frame.id)
                files.put(f"images/{frame.stem(view)}{extension}", content)
            count += len(view.objects)
        return {"counts": {"objects": count}}

    def finish(self, labels: LabelMap, rows: Rows, files: Files) -> None:
        with files.file("list.txt") as out:
            out.write((" ".join(labels.names) + "\n").encode())
            for frame, row in rows():
                out.write(f"{frame.id} {row['counts']['objects']} {frame.split}\n".encode())


def looks_like(path: Path) -> bool:
    return False


PLAIN = Format("plain", "for tests", frozenset({"label", "box"}), writer=Writer, looks_like=looks_like)
TWIN = Format("twin", "for tests", frozenset({"label", "box"}), writer=Writer, looks_like=looks_like)
register(PLAIN)
register(TWIN)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a dataset that belongs to its equal bytes."""
    outside = (".framepress/tmp", ".framepress/ledger.jsonl", ".framepress/lock", ".framepress/orphans")
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (name := path.relative_to(folder).as_posix()).startswith(outside)
    }
