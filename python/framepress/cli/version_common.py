"""What the commands of `framepress version` share."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import click

from framepress.cli.shell import note

__all__ = ["AGAIN", "AUTHOR", "DATASET", "LINE", "author_of", "now", "opened"]

DATASET = click.argument("dataset", metavar="DATASET", type=click.Path(exists=True, file_okay=False, path_type=Path))
LINE = click.option("--line", metavar="NAME", help="Another line of the store, such as one that `pull --as` made.")
AUTHOR = "FRAMEPRESS_AUTHOR"
AGAIN = "run the same command again: it goes on"


def opened(dataset: Path, line: str | None = None) -> Any:
    """The dataset's history: ours, or a bridge with the same verbs.

    Args:
        line: another line of its store.

    Raises:
        UsageError: a bridge has no lines, or the store has no such line.
    """
    from framepress.versions.bridges import bridge
    from framepress.versions.history import History

    found = bridge(dataset, say=note)
    if line is None:
        return found
    if not isinstance(found, History):
        raise click.UsageError("--line is for native versions; git has branches")
    lines = found.store.refs.lines()
    if line not in (found.place.line, *lines):
        raise click.UsageError(f"--line {line}: there is none; there are {', '.join(lines) or 'none yet'}")
    return found.along(line)


def author_of(given: str | None) -> str:
    return os.environ.get(AUTHOR, "") if given is None else given


def now() -> str:
    """ISO 8601, UTC, to the second; SOURCE_DATE_EPOCH stands for the clock where builds must be repeatable."""
    told = os.environ.get("SOURCE_DATE_EPOCH")
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(told) if told and told.isdigit() else None))
