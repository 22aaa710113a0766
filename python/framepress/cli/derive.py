"""`framepress relabel`, `slice` and `append`; and what commands share that write a dataset from another one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framepress.cli.datasets import tell
from framepress.cli.progress import Progress
from framepress.cli.settings import listed, reader_arguments, reader_options, settings_for
from framepress.cli.shell import as_json, interruptible

if TYPE_CHECKING:
    from framepress.dataset.opening import Dataset
    from framepress.dataset.select.relabel import ClassMapping

__all__ = ["SOURCE", "append", "mapping_of", "opened", "relabel", "slice", "writing"]

SOURCE = click.Path(exists=True, path_type=Path)
TARGET = click.Path(file_okay=False, path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])

source_format = click.option("--from", "source_format", metavar="FORMAT", help="SRC's format, where it cannot be told.")
workers_option = click.option("--workers", type=click.IntRange(1, 256), help="Threads. Default: one a core, at most 4.")
map_option = click.option(
    "--map",
    "mapping",
    metavar="FILE|OLD=NEW,...",
    help="Give classes other names: several may become one, OLD= leaves a class out. A file is .json, or has a line "
    "OLD=NEW a class.",
)


def writing(command: _Command) -> _Command:
    """The options of commands that write a dataset from another one."""
    options = (
        click.option("--to", metavar="FORMAT,...", help="The formats to write. Default: those of SRC."),
        click.option("--split", metavar="NAME=SHARE,...", help="Such as train=.8,val=.2. Default: splits stay."),
        click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws another split."),
        workers_option,
        click.option(
            "--existing",
            type=click.Choice(["error", "append", "resume"]),
            default="error",
            show_default=True,
            help="Where DST holds what this very command made: stop, add what SRC has since got, or go on with an "
            "interrupted run. `framepress append` adds to any dataset.",
        ),
        click.option(
            "--set",
            "settings",
            metavar="KEY=VALUE",
            multiple=True,
            help="An option of a writer or of SRC's reader, as for `convert`.",
        ),
    )
    for option in reversed(options):  # shown in the order in which they stand here
        command = option(command)
    return command


def opened(
    source: Path, source_format: str | None, to: str | None, settings: tuple[str, ...], **others: Any
) -> tuple[Dataset, dict[str, Any]]:
    """The source, and those options as arguments of `derived`; its formats keep their options where none is set."""
    from framepress import formats as registry
    from framepress.dataset.opening import open_dataset
    from framepress.dataset.select.derive import formats_of

    dataset = open_dataset(source, source_format)
    written = dataset.format.writer is not None
    own = dataset.format.name if dataset.job is None else ",".join(dataset.job.formats)
    names = listed(to, "--to") if to is not None else listed(own, "--to") if written else []
    writers = {name: registry.by_name(name).options() for name in names}
    changed, reading = settings_for(settings, writers, reader_options(dataset.format.read))
    if reading:
        dataset = replace(dataset, options=reader_arguments(dataset.format.read, reading, None))
    kept = formats_of(dataset) if to is None and written else {name: {} for name in names}
    formats = {name: {**options, **changed[name]} for name, options in kept.items()}
    return dataset, {"formats": formats or None, **_split_argument(**others)}


def _split_argument(split: str | None, seed: int, **others: Any) -> dict[str, Any]:
    from framepress.dataset.split import Split

    return {"split": None if split is None else Split.parse(split, seed), **others}


def mapping_of(text: str | None) -> ClassMapping | None:
    """`--map`: a file where one has that name, else the mapping itself."""
    from framepress.dataset.select.relabel import ClassMapping

    if text is None:
        return None
    return ClassMapping.read(text) if Path(text).is_file() else ClassMapping.parsed(text)


@click.command(short_help="The same frames under other classes.")
@click.argument("source", metavar="SRC", type=SOURCE)
@click.argument("target", metavar="DST", type=TARGET)
@map_option
@source_format
@writing
@as_json
def relabel(
    source: Path, target: Path, mapping: str | None, source_format: str | None, as_json: bool, **options: Any
) -> None:
    """Write SRC into the folder DST with the classes of --map; classes that it does not name stay.

    A new class takes the place, number and colour of the first that becomes it, or of the one that has the name
    already. The names of semantic maps change with the classes; pixels do not. SRC stays as it is.
    """
    from framepress.dataset.select.relabel import relabel as relabel_dataset

    wanted = mapping_of(mapping)
    if wanted is None:
        raise click.MissingParameter(param_hint="--map", param_type="option")
    dataset, arguments = opened(source, source_format, **options)
    run(target, as_json, lambda progress: relabel_dataset(dataset, target, wanted, on_frame=progress, **arguments))


@click.command(short_help="Some of the frames: by number, time or sequence.")
@click.argument("source", metavar="SRC", type=SOURCE)
@click.argument("target", metavar="DST", type=TARGET)
@click.option("--frames", metavar="FIRST:END[:STEP]", help="Counted from 0 in SRC's order; END is not included.")
@click.option("--time", "time_range", metavar="FIRST:END", help="Simulation clock [s]; END is not included.")
@click.option("--sequences", metavar="NAME,...", help="All frames of these.")
@source_format
@writing
@as_json
def slice(
    source: Path,
    target: Path,
    frames: str | None,
    time_range: str | None,
    sequences: str | None,
    source_format: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Write the frames of SRC that are in every given range into the folder DST, as they are.

    Files are hard-linked where DST has the formats of SRC, one of them native; else frames are pressed again.
    """
    from framepress.dataset.select.places import parsed_frames, parsed_time
    from framepress.dataset.select.places import slice as slice_dataset

    dataset, arguments = opened(source, source_format, **options)
    selection = slice_dataset(
        dataset,
        frames=None if frames is None else parsed_frames(frames),
        time_s=None if time_range is None else parsed_time(time_range),
        sequences=None if sequences is None else listed(sequences, "--sequences"),
    )
    run(target, as_json, lambda progress: selection.write(target, on_frame=progress, **arguments), selection.rows)


@click.command(short_help="Add frames to a dataset that is there.")
@click.argument("sources", metavar="SRC...", nargs=-1, required=True, type=SOURCE)
@click.argument("target", metavar="DST", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--prefix",
    default="",
    metavar="TEXT",
    help="Put before frame ids and sequences, as TEXT/id; {source} in it is the name of SRC's folder. Frames are then "
    "numbered on. Default: ids stay, and one that DST has already is refused.",
)
@map_option
@workers_option
@click.option("--resume", is_flag=True, help="Go on with an interrupted run: pass over frames that are there.")
@as_json
def append(
    sources: tuple[Path, ...],
    target: Path,
    prefix: str,
    mapping: str | None,
    workers: int | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Press the frames of all SRC into DST, with the formats, options, classes and splits that DST has.

    Ids and classes are checked before anything is written. DST must be a dataset of framepress; no SRC is changed.
    """
    from framepress.dataset.select.append import append as append_frames

    run(
        target,
        as_json,
        lambda progress: append_frames(
            sources,
            target,
            prefix=prefix,
            mapping=mapping_of(mapping),
            workers=workers,
            existing="resume" if resume else "append",
            on_frame=progress,
        ),
        way_on="run it again with --resume",
    )


def run(
    target: Path,
    as_json: bool,
    work: Callable[[Callable[[int], None]], Any],
    total: int | None = None,
    *,
    way_on: str = "run it again with --existing resume",
    also: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Do the work with a progress line, and tell its report; `also`: what the JSON document says beside it."""
    started = time.monotonic()
    with Progress(lambda: total) as progress, interruptible(f"what was written is safe; {way_on}"):
        report = work(progress)
    tell(report, target, started, as_json, also=also)
