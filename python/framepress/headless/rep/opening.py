"""`rep.open_stage`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from framepress.headless import host as hosts

__all__ = ["open_stage"]


def open_stage(stage_path: str | Path) -> Any:
    """Open a stage from a file, and return it.

    Raises:
        InputError: the file is missing or USD cannot read it.
    """
    host = hosts.current()
    host.open_stage(str(stage_path))
    return host.stage
