"""`framepress stats`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from framepress.cli.progress import Progress
from framepress.cli.report_files import write_report
from framepress.cli.shell import as_json, emit

__all__ = ["stats"]

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(short_help="Count and measure what a dataset consists of.")
@click.argument("source", metavar="SRC", type=click.Path(exists=True, path_type=Path))
@click.option("--from", "source_format", metavar="FORMAT", help="Its format, where it cannot be told.")
@click.option("--csv", "csv_folder", metavar="FOLDER", type=_FOLDER, help="One tidy CSV file a table as well.")
@click.option("--plots", "plots_folder", metavar="FOLDER", type=_FOLDER, help="One SVG file a plot as well.")
@click.option("--pixels", is_flag=True, help="Decode images and depth too: mean, deviation, levels, viewpoints.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="With --pixels: of N frames only.")
@click.option("--workers", type=click.IntRange(1, 256), help="With --pixels: threads that decode. Default: one a core.")
@as_json
def stats(
    source: Path,
    source_format: str | None,
    csv_folder: Path | None,
    plots_folder: Path | None,
    pixels: bool,
    sample: int | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Classes, sizes, occlusion, truncation, distances, poses, splits, and what is seen together.

    Counts come from the index, which is kept outside of SRC; nothing in SRC is changed, and without --pixels no image
    is read. The folders of --csv and --plots are made, or must be empty.
    """
    from framepress.cli.stats_text import statistics_text
    from framepress.dataset.opening import open_dataset
    from framepress.quality.report.statistics_document import dataset_statistics

    for option, value in (("--sample", sample), ("--workers", workers)):
        if value is not None and not pixels:
            raise click.UsageError(f"{option} is for the frames that --pixels decodes; give both")
    folders = [folder for folder in (csv_folder, plots_folder) if folder is not None]
    _check_folders(folders, source)
    dataset = open_dataset(source, source_format)
    with Progress(noun="frames", last="adding up") as progress:
        document = dataset_statistics(dataset, pixels=pixels, sample=sample, workers=workers, on_frame=progress)
    document["dataset"] = str(source)
    if csv_folder is not None:
        _write_csv(csv_folder, document)
    if plots_folder is not None:
        _write_plots(plots_folder, document)
    emit(document, statistics_text(document), as_json=as_json)


def _check_folders(folders: list[Path], source: Path) -> None:
    """Before anything is read.

    Raises:
        OutputError: one is not empty, or in the dataset.
    """
    from framepress.errors import OutputError

    root = source.resolve()
    for folder in folders:
        if folder.resolve() == root or root in folder.resolve().parents:
            raise OutputError(f"{folder}: is in the dataset; name a folder outside of it")
        if folder.exists() and any(folder.iterdir()):
            raise OutputError(f"{folder}: is not empty; name a new or empty folder")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise click.UsageError("--csv and --plots go to one folder; give each its own")


def _write_csv(folder: Path, document: Mapping[str, Any]) -> None:
    from framepress.quality.report.statistics_csv import statistics_csv

    for name, content in statistics_csv(document).items():
        write_report(folder / name, content)


def _write_plots(folder: Path, document: Mapping[str, Any]) -> None:
    from framepress.quality.report.statistics_plots import statistics_plots
    from framepress.quality.report.svg_file import svg_file

    for name, drawing in statistics_plots(document).items():
        write_report(folder / f"{name}.svg", svg_file(drawing))
