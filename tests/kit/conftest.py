"""Folders that the tests of the extension start from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from interpreters import ROOT, provided


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return provided(tmp_path / "site")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a checkout holds of extension and library."""
    clone = tmp_path / "clone"
    for part in ("exts", "config", "python"):
        shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__", "headless"))
    shutil.copy(ROOT / "extension.toml", clone)
    return clone
