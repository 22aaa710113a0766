"""`framepress update`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from framepress.cli.convert import frames_since
from framepress.cli.datasets import tell
from framepress.cli.progress import Progress
from framepress.cli.shell import as_json, interruptible

__all__ = ["update"]

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(short_help="An earlier export, brought up to date.")
@click.argument("source", metavar="SRC", type=_FOLDER)
@click.argument("exported", metavar="EXPORT", type=_FOLDER)
@click.argument("target", metavar="DST", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--since", metavar="VERSION", required=True, help="The version of SRC from which EXPORT was made (a tag does well)."
)
@click.option("--workers", type=click.IntRange(1, 256), help="Threads. Default: one a core, at most four.")
@as_json
def update(source: Path, exported: Path, target: Path, since: str, workers: int | None, as_json: bool) -> None:
    """Write DST: what EXPORT would be, were it made of SRC as it is now.

    Frames that are new or changed since the version are pressed, all others are linked from EXPORT, and those that SRC
    no longer has are left out. EXPORT stays as it is.
    """
    from framepress.dataset.select.append import update as bring_up_to_date

    started = time.monotonic()
    changed = frames_since(source, since)
    with Progress() as progress, interruptible(f"{exported} is as it was; {target} holds a part only: remove it"):
        report = bring_up_to_date(source, exported, target, changed, workers=workers, on_frame=progress)
    tell(report, target, started, as_json)
