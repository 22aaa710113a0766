"""`framepress convert`."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framepress.cli.progress import Progress, counted_aside
from framepress.cli.settings import listed, reader_arguments, reader_options, settings_for
from framepress.cli.shell import as_json, command_line, emit, interruptible

if TYPE_CHECKING:
    from framepress.quality.profile import Profile

__all__ = ["convert", "frames_since"]


@click.command(short_help="Press a recording or dataset into other formats.")
@click.argument("source", metavar="SRC", type=click.Path(exists=True, path_type=Path))
@click.argument("target", metavar="DST", type=click.Path(file_okay=False, path_type=Path))
@click.option("--to", "to", required=True, metavar="FORMAT,...", help="The formats to write; see `framepress formats`.")
@click.option("--from", "source_format", metavar="FORMAT", help="The source's format, where it cannot be told.")
@click.option(
    "--labels",
    "labels_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The classes and their order: .txt (a name a line), .json or .yaml. Default: the source's own.",
)
@click.option(
    "--unlisted",
    type=click.Choice(["error", "drop"]),
    default="error",
    show_default=True,
    help="Objects of a class that is not in the list: stop, or leave them out and count them.",
)
@click.option("--split", metavar="NAME=SHARE,...", help="Such as train=.8,val=.1,test=.1; sequences stay together.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws another split.")
@click.option("--workers", type=click.IntRange(1, 256), help="Threads. Default: one a core, at most four.")
@click.option(
    "--existing",
    type=click.Choice(["error", "append", "resume"]),
    default="error",
    show_default=True,
    help="Where DST holds a dataset: stop, add to it, or go on with an interrupted run.",
)
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="An option of a writer (coco.segmentation=polygon, or images=png for all that have it) or of the reader "
    "(from.nested=outermost); see `framepress formats --options NAME`.",
)
@click.option(
    "--since",
    metavar="VERSION",
    help="Only frames that are new or changed since this version of SRC, of which versions are kept.",
)
@click.option(
    "--require",
    metavar="NAME|FILE",
    help="A profile (strict, default, fast, or a TOML file) that DST must hold; exit code 1 where it does not.",
)
@as_json
@click.pass_context
def convert(
    context: click.Context,
    source: Path,
    target: Path,
    to: str,
    source_format: str | None,
    labels_file: Path | None,
    unlisted: str,
    split: str | None,
    seed: int,
    workers: int | None,
    existing: str,
    settings: tuple[str, ...],
    since: str | None,
    require: str | None,
    as_json: bool,
) -> None:
    """Press every frame of SRC into the formats of --to, in the folder DST.

    One format fills DST itself, several get a folder each. What a format cannot hold is counted, and told at the end.
    With --since, an export of what has come or changed; `framepress update` brings an earlier export up to date.
    With --require, DST is then checked like `framepress validate` does, and its editions are read back and compared
    with what was written; it is left as it is either way.
    """
    from framepress import formats
    from framepress.cli.report_text import report_text
    from framepress.dataset.convert import convert as press
    from framepress.dataset.label_files import read_label_file
    from framepress.dataset.opening import open_dataset
    from framepress.dataset.select.stages import changed_since
    from framepress.dataset.split import Split
    from framepress.dataset.usage import usage_of

    writers = {name: formats.by_name(name) for name in listed(to, "--to")}
    parts = None if split is None else Split.parse(split, seed)
    labels = None if labels_file is None else read_label_file(labels_file)
    required = None if require is None else _profile(require)  # one that cannot be is told before anything is written
    dataset = open_dataset(source, source_format)
    options, reading = settings_for(
        settings, {name: found.options() for name, found in writers.items()}, reader_options(dataset.format.read)
    )
    dataset = replace(dataset, options=reader_arguments(dataset.format.read, reading, labels))

    changed = None if since is None else frames_since(source, since)
    total = counted_aside(dataset.frames) if sys.stderr.isatty() else (lambda: None)
    with Progress(total) as progress:
        done = _Done(progress)
        with interruptible(f"what was written is safe; go on with: {_resuming()}"):
            report = press(
                dataset,
                target,
                options,
                labels=labels,
                unlisted=unlisted,
                split=parts,
                workers=workers,
                existing=existing,
                stages=() if changed is None else [changed_since(changed)],
                on_frame=done,
            )
        seconds = progress.seconds
    usage = usage_of(target)
    document: dict[str, Any] = {
        "source": {"path": str(source), "format": dataset.format.name} | ({} if since is None else {"since": since}),
        **report.to_dict(),
        "disk": {"files": usage.files, "bytes": usage.bytes},
        "seconds": round(seconds, 3),
    }
    told = report_text(report, usage, frames=done.frames, seconds=seconds)
    if required is None:
        emit(document, told, as_json=as_json)
        return
    held, document["validation"], words = _checked(target, required, workers)
    emit(document, f"{told}\n{words}", as_json=as_json)
    context.exit(0 if held else 1)


def frames_since(source: Path, version: str) -> frozenset[str]:
    """Ids of the frames that are new or changed since a version of a dataset, of which versions are kept."""
    from framepress.versions.bridges import bridge

    return frozenset(bridge(source).diff(version, None).frames)


def _profile(name_or_file: str) -> Profile:
    from framepress.quality.profile import profile

    return profile(name_or_file)


def _checked(target: Path, required: Profile, workers: int | None) -> tuple[bool, dict[str, Any], str]:
    """Whether the dataset holds the profile; what was found, as a document and as text."""
    from framepress.quality.report.document import document
    from framepress.quality.report.text import text
    from framepress.quality.validate import validate

    found = validate(target, required, workers=workers)
    told = document(found)
    return found.passed, told, text(told, str(target))


class _Done:
    """Frames handed over, passed on to the progress line."""

    def __init__(self, progress: Progress) -> None:
        self.frames = 0
        self._progress = progress

    def __call__(self, frames: int) -> None:
        self.frames = frames
        self._progress(frames)


def _resuming() -> str:
    """This very command line, to be given again."""
    kept = [text for text in command_line() if not text.startswith("--existing=")]
    if "--existing" in kept:
        place = kept.index("--existing")
        del kept[place : place + 2]
    return shlex.join(["framepress", *kept, "--existing", "resume"])
