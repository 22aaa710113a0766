"""What the commands of `framepress version` share."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import click

from framepress.cli.shell import note

__all__ = ["AGAIN", "AUTHOR", "DATASET", "author_of", "now", "opened"]

DATASET = click.argument("dataset", metavar="DATASET", type=click.Path(exists=True, file_okay=False, path_type=Path))
AUTHOR = "FRAMEPRESS_AUTHOR"
AGAIN = "run the same command again: it goes on"


def opened(dataset: Path) -> Any:
    """The dataset's history: ours, or a bridge with the same verbs."""
    from framepress.versions.bridges import bridge

    return bridge(dataset, say=note)


def author_of(given: str | None) -> str:
    return os.environ.get(AUTHOR, "") if given is None else given


def now() -> str:
    """ISO 8601, UTC, to the second; SOURCE_DATE_EPOCH stands for the clock where builds must be repeatable."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(told) if told and told.isdigit() else None))
