"""Runs of the scripts in `tests/scripts`, each made once a test session, and what they left, read with numpy, Pillow
and json alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from framepress.headless import stand_in
from framepress.headless.host import Release

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE.parent / "scripts"
PYTHON = HERE.parents[1] / "python"
ALL: tuple[Release, ...] = ("4.5", "5.1", "6.0")
LEDGER = "ledger.jsonl"  # counts and reasons of a run, outside of what is equal byte for byte


@dataclass(frozen=True)
class Script:
    """Args: frames: that it captures. seeded: whether it says its own seed, so that the run's has no say."""

    frames: int
    seeded: bool = False
    releases: tuple[Release, ...] = ALL


TABLE: Mapping[str, Script] = {
    "hello_world": Script(3),
    "run_until_complete": Script(3, seeded=True),
    "several_products": Script(3, seeded=True),
    "custom_writer": Script(3),
    "augmented_annotators": Script(2),
    "augmented_writer": Script(2, seeded=True),
    "triggers": Script(6, seeded=True),
    "scatter": Script(3),
    "looks_and_lights": Script(3),
    "get_and_modify": Script(4),
    "annotators_by_hand": Script(2, seeded=True),
    "async_capture": Script(3),
    "opened_stage": Script(3, seeded=True),
    "framepress_writer": Script(4),
    "recorder": Script(3, seeded=True),
    "writers_of_others": Script(2),
    "scene_based": Script(4, seeded=True),
    "functional_interface": Script(3, seeded=True, releases=("5.1", "6.0")),
}


@dataclass(frozen=True)
class Run:
    folder: Path
    outcome: stand_in.Outcome

    @property
    def files(self) -> dict[str, bytes]:
        return files_of(self.folder)


def files_of(folder: Path) -> dict[str, bytes]:
    """Relative path -> content, without what is told of a run beside its dataset."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != LEDGER
    }


class Runs:
    """Runs by script, release and seed, in folders below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: dict[tuple[str, Release, int], Run] = {}

    def get(self, name: str, release: Release = "5.1", seed: int = 3) -> Run:
        key = (name, release, seed)
        if key not in self._made:
            folder = self._root / f"{name}-{release}-{seed}"
            folder.mkdir()
            before = os.getcwd()
            os.chdir(folder)  # where scripts put what they write to os.getcwd()
            try:
                outcome = stand_in.run(SCRIPTS / f"{name}.py", release=release, seed=seed, out=folder)
            finally:
                os.chdir(before)
            self._made[key] = Run(folder, outcome)
        return self._made[key]


_ONE_BY_ONE = """
import os, sys
from pathlib import Path
import warp
warp.config.quiet = True
from framepress.headless import stand_in
root, scripts, *names = sys.argv[1:]
for name in names:
    folder = Path(root, name)
    folder.mkdir()
    os.chdir(folder)
    outcome = stand_in.run(Path(scripts, f"{name}.py"), release="5.1", seed=3, out=folder)
    assert outcome.error is None, outcome.error_text
"""


def in_another_process(root: Path, names: Iterator[str]) -> subprocess.Popen[str]:
    """Scripts, one after the other, in an interpreter of their own: another hash seed, another working directory."""
    command = [sys.executable, "-c", _ONE_BY_ONE, str(root), str(SCRIPTS), *names]
    environment = {**os.environ, "PYTHONPATH": str(PYTHON), "PYTHONHASHSEED": "4711"}
    return subprocess.Popen(
        command, env=environment, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


# ---- what scripts leave ----------------------------------------------------------------------------------------------


def picture(path: Path) -> Any:
    """uint8 (H, W, ...) or what the file holds."""
    with Image.open(path) as image:
        return np.array(image)


def ids(path: Path) -> Any:
    """uint32 (H, W) of a map of ids that was written as RGBA."""
    pixels = picture(path)
    assert pixels.shape[2:] == (4,), pixels.shape
    return np.ascontiguousarray(pixels).view("<u4")[..., 0]


def document(path: Path) -> Any:
    return json.loads(path.read_text())


def bounds(mask: Any) -> list[int]:
    """Inclusive x_min, y_min, x_max, y_max of a mask."""
    rows, columns = np.nonzero(mask)
    return [int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())]


def corners_of(box: Any) -> list[int]:
    """The four sides of a row of 2D boxes."""
    return [int(box[side]) for side in ("x_min", "y_min", "x_max", "y_max")]


@dataclass(frozen=True)
class BasicFrame:
    """What BasicWriter left of one frame of one product: `folder/<annotator>/` or `folder/`, and the number."""

    folder: Path
    number: str

    def path(self, annotator: str, part: str, extension: str) -> Path:
        below = self.folder / annotator
        return (below if below.is_dir() else self.folder) / f"{annotator}{part}_{self.number}.{extension}"

    def rows(self, annotator: str) -> list[tuple[str, dict[str, str], Any]]:
        """(prim path, labels, row) of an annotator of boxes."""
        table = np.load(self.path(annotator, "", "npy"))
        paths = document(self.path(annotator, "_prim_paths", "json"))
        labels = document(self.path(annotator, "_labels", "json"))
        return [(path, labels[str(row["semanticId"])], row) for path, row in zip(paths, table, strict=True)]

    def masks(self) -> dict[str, Any]:
        """Prim path -> its pixels, of the instances that are seen."""
        seen = ids(self.path("instance_segmentation", "", "png"))
        mapping = document(self.path("instance_segmentation", "_mapping", "json"))
        return {path: seen == int(key) for key, path in mapping.items() if (seen == int(key)).any() and int(key) > 1}


def basic_frames(folder: Path, annotator: str) -> list[BasicFrame]:
    """Every frame below a folder that has a file of an annotator."""
    found = []
    for path in sorted(folder.rglob(f"{annotator}_*.*")):
        number = path.stem.removeprefix(f"{annotator}_")
        if number.isdigit() and path.suffix in (".npy", ".png", ".json"):
            product = path.parent.parent if path.parent.name == annotator else path.parent
            found.append(BasicFrame(product, number))
    return list(dict.fromkeys(found))
