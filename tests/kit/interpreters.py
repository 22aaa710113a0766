"""Interpreters that can import what Isaac Sim's can: the standard library, numpy and Pillow."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
EXTENSION = ROOT / "exts" / "framepress.replicator"
PROVIDED = ("numpy", "numpy.libs", "PIL", "pillow.libs")
PINS = {release: ROOT / ".venvs" / f"isaac-{release}" for release in ("4.5", "5.0", "5.1", "6.0.1")}


START = """
from pathlib import Path
from fake_kit import DEFAULTS, Kit
kit = Kit(forgets={forgets})
before = set(sys.modules), list(sys.path)
folder = Path({folder!r})
"""


def site_of(environment: Path) -> Path | None:
    """The site-packages of an environment that `make pins` has made."""
    return next(environment.glob("lib/python3.*/site-packages"), None)


def provided(folder: Path, site: Path | None = None) -> Path:
    """A folder that holds numpy and Pillow of an environment, ours by default, and nothing else."""
    if site is None:
        found = importlib.util.find_spec("numpy")
        assert found is not None
        assert found.origin is not None
        site = Path(found.origin).parents[1]
    folder.mkdir()
    for name in PROVIDED:
        if (site / name).exists():
            (folder / name).symlink_to(site / name)
    return folder


def run(code: str, *paths: Path, python: Path | str = sys.executable) -> Any:
    """Run code that assigns `answer`, with the standard library and these folders on the path; its answer.

    Warnings are errors, and no bytecode is written: Pythons of several versions share the sources.
    """
    places = [str(path) for path in (TESTS / "kit", TESTS / "capture", *paths)]
    lines = f"import sys\nsys.path[:0] = {places!r}\n{code}\nimport json\nprint(json.dumps(answer))\n"
    command = [str(python), "-I", "-S", "-B", "-W", "error", "-c", lines]
    ended = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def start(folder: Path, *, forgets: bool = True) -> str:
    """Code that makes a Kit, of which `folder` is an extension."""
    return START.format(folder=str(folder), forgets=forgets)


def wheel(path: Path, files: dict[str, str]) -> Path:
    """A zip file of that name; path -> text of each of its files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path
