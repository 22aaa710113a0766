"""Validations with made-up findings, for the tests of reports: plain ones, and ones in which every text is hostile."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from framepress.core import LabelMap
from framepress.quality.columns import MemoryColumns
from framepress.quality.issue import Issue
from framepress.quality.profile import Chosen, profile
from framepress.quality.registry import by_code
from framepress.quality.validate import Edition, Validation

MARKUP = "<script>alert(1)</script>\"'&]]>"
HOSTILE = MARKUP + "\x00\x1b[31m\u202e\ud800\ufffe,:%\r\n::error::x"
"""What a name in a dataset may hold: markup, quotes, escapes of a terminal, a turned text, half a pair, line ends."""


def columns(names: tuple[str, ...] = ("car", "person"), frames: int = 30) -> MemoryColumns:
    """Two objects in each frame of 640 x 480: a car that is 100 x 50 px and a person of 20 x 40."""
    rows = 2 * frames
    box = np.tile(np.array([[10.0, 20, 110, 70], [300, 200, 320, 240]]), (frames, 1))
    objects = {
        "frame": np.repeat(np.arange(frames), 2),
        "view": np.repeat(np.arange(frames), 2),
        "id": np.arange(rows),
        "label": np.tile([0, 1], frames),
        "box": box,
        "area": np.tile([5000.0, 800.0], frames),
        "distance": np.linspace(2, 20, rows),
        "visibility": np.linspace(0, 1, rows),
        "yaw": np.linspace(-3, 3, rows),
    }
    views = {"frame": np.arange(frames), "width": np.full(frames, 640), "height": np.full(frames, 480)}
    split = np.arange(frames) % 2
    ids = [f"{number:04d}" for number in range(frames)]
    return MemoryColumns(LabelMap.of(names), ids, {"split": split}, views, objects, splits=("train", "val"))


def validation(path: Path = Path("set"), *, name: str = "default") -> Validation:
    """Five errors and twelve warnings of three rules; a fourth rule found nothing, a fifth did not run."""
    found = Validation(path, profile(name), (Edition("coco", path, None),), columns=columns())
    found.checked.update(frames=30, objects=60)
    boxes = [
        Issue(
            message=f"bbox [{number}, 0, 9, 9] leaves the image",
            file="annotations/instances_train.json",
            place=f"annotations[{number}].bbox",
            frame="0001",
            object=number,
        )
        for number in range(12)
    ]
    lines = [Issue(message=f"5 fields, 'a,b:c' at {line}%", file="labels/a b#.txt", line=line) for line in range(1, 5)]
    for code, severity, issues in (
        ("COCO-005", "warning", boxes),
        ("FILE-001", "error", lines),
        ("FILE-002", "error", [Issue(message="rgb is torn", frame="0007", view="left")]),
        ("COCO-001", "error", []),
    ):
        found.take(Chosen(by_code(code), severity, {}), issues)
    return found


def hostile(path: Path = Path("set")) -> Validation:
    """Every text of it is `HOSTILE`."""
    found = Validation(path, profile("default"), (Edition("coco", path, None),))
    found.columns = columns((MARKUP, "b"))
    found.columns.splits = (HOSTILE, "val")
    found.left_out.append(HOSTILE)
    issue = Issue(
        message=HOSTILE,
        file=HOSTILE,
        line=3,
        place=HOSTILE,
        frame=HOSTILE,
        view=HOSTILE,
        image=HOSTILE,
        object=HOSTILE,
        prim=HOSTILE,
    )
    for code in ("FILE-001", "COCO-005"):
        found.take(Chosen(by_code(code), "error", {}), [issue, issue])
    return found
