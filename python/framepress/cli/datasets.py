"""`framepress info` and `finish`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import click

from framepress.cli.shell import as_json, emit

__all__ = ["finish", "info", "tell"]

_DATASET = click.Path(exists=True, path_type=Path)


@click.command(short_help="What a dataset holds, and in what state it is.")
@click.argument("path", metavar="PATH", type=_DATASET)
@click.option("--from", "source_format", metavar="FORMAT", help="Its format, where it cannot be told.")
@as_json
def info(path: Path, source_format: str | None, as_json: bool) -> None:
    """Count what a dataset of any readable format holds.

    The counts come from an index that is kept outside the dataset and made again when the dataset changes.
    """
    from framepress.cli.info_text import info_text
    from framepress.dataset.index import Index
    from framepress.dataset.opening import open_dataset
    from framepress.dataset.state import state_of
    from framepress.dataset.usage import usage_of

    dataset = open_dataset(path, source_format)
    summary = Index.of(dataset).summary()
    state = state_of(dataset)
    usage = usage_of(path)
    document: dict[str, Any] = {
        "path": str(path),
        "format": dataset.format.name,
        **summary,
        "origin": None if dataset.job is None else dataset.job.origin,
        "editions": None if dataset.job is None else {name: dict(kept) for name, kept in dataset.job.formats.items()},
        "disk": {"files": usage.files, "bytes": usage.bytes},
        "state": None if state is None else state.to_dict(),
    }
    emit(document, info_text(document), as_json=as_json)


@click.command(short_help="Make the dataset-wide files of an interrupted dataset (again).")
@click.argument("path", metavar="PATH", type=click.Path(exists=True, file_okay=False, path_type=Path))
@as_json
def finish(path: Path, as_json: bool) -> None:
    """Seal the journal of PATH and write every edition's dataset-wide files from it.

    Frames that a killed run had not recorded yet are not in it; `convert ... --existing resume` brings those.
    """
    from framepress.dataset.refinish import finish as finish_dataset

    started = time.monotonic()
    report = finish_dataset(path)
    tell(report, path, started, as_json)


def tell(
    report: Any, path: Path, started: float, as_json: bool, *, also: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """The report of a dataset at `path` that was begun at `started` (`time.monotonic`).

    Args:
        also: what the JSON document says beside it.
    """
    from framepress.cli.report_text import report_text
    from framepress.dataset.usage import usage_of

    seconds = time.monotonic() - started
    usage = usage_of(path)
    document = {
        **also,
        **report.to_dict(),
        "disk": {"files": usage.files, "bytes": usage.bytes},
        "seconds": round(seconds, 3),
    }
    emit(document, report_text(report, usage, frames=report.frames, seconds=seconds), as_json=as_json)
