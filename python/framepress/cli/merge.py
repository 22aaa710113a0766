"""`framepress merge`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framepress.cli.derive import SOURCE, TARGET, mapping_of, run, workers_option
from framepress.cli.settings import listed, settings_for
from framepress.cli.shell import as_json

if TYPE_CHECKING:
    from framepress.dataset.select.relabel import ClassMapping

__all__ = ["merge"]

_OF_SOURCE = re.compile(r"([A-Za-z0-9_-]+):(.*=.*|.*\.(?:json|txt))", re.DOTALL)


@click.command(short_help="One dataset from several, of any readable formats.")
@click.argument("sources", metavar="SRC...", nargs=-1, required=True, type=SOURCE)
@click.argument("target", metavar="DST", type=TARGET)
@click.option("--to", metavar="FORMAT,...", help="The formats to write. Default: those of all SRC, if they are equal.")
@click.option(
    "--collisions",
    type=click.Choice(["error", "rename", "skip-equal"]),
    default="error",
    show_default=True,
    help="Frames of one id in several SRC: stop; put the source's name before all ids and sequences; or take frames "
    "once that are equal in all they hold, and stop at others.",
)
@click.option(
    "--names", metavar="NAME,...", help="What the SRC are called, in their order. Default: the names of their folders."
)
@click.option(
    "--index",
    type=click.Choice(["keep", "sequential"]),
    default="keep",
    show_default=True,
    help="Numbers of frames: as they are, or from 0 on, source after source.",
)
@click.option(
    "--map",
    "mappings",
    metavar="[NAME:]OLD=NEW,...",
    multiple=True,
    help="Give classes other names, in the source NAME or in every one that has them; OLD= leaves a class out. A file "
    "may stand for the list, as for `relabel`.",
)
@click.option(
    "--labels",
    "labels_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The classes and their order. Default: those of all SRC, by name.",
)
@click.option(
    "--unlisted",
    type=click.Choice(["error", "drop"]),
    default="error",
    show_default=True,
    help="Objects of a class that is not in --labels: stop, or leave them out and count them.",
)
@click.option(
    "--split", metavar="NAME=SHARE,...", help="Draw splits anew, such as train=.8,val=.2. Default: they stay."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws another split.")
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="An option of a writer of --to.")
@click.option(
    "--existing",
    type=click.Choice(["error", "append", "resume"]),
    default="error",
    show_default=True,
    help="Where DST holds a dataset of the same kind: stop, add to it, or go on with an interrupted merge.",
)
@workers_option
@as_json
def merge(
    sources: tuple[Path, ...],
    target: Path,
    to: str | None,
    collisions: str,
    names: str | None,
    index: str,
    mappings: tuple[str, ...],
    labels_file: Path | None,
    unlisted: str,
    split: str | None,
    seed: int,
    settings: tuple[str, ...],
    existing: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Put the frames of all SRC into DST; the same whatever the order in which they are named.

    Classes are one by name, whatever their case; what two sources say differently of one is refused with the reason.
    Files are hard-linked where formats, options and classes are equal and nothing is changed, else every frame is
    pressed again. Ids, numbers and classes are checked before anything is written, and no SRC is changed.
    """
    from framepress.dataset.label_files import read_label_file
    from framepress.dataset.merge import Merging
    from framepress.dataset.merge import merge as merge_datasets
    from framepress.dataset.split import Split

    how = Merging(
        collisions=collisions,
        names=None if names is None else listed(names, "--names"),
        index=index,
        mappings=_mappings(mappings),
        labels=None if labels_file is None else read_label_file(labels_file),
        unlisted=unlisted,
        split=None if split is None else Split.parse(split, seed),
    )
    formats = _formats(to, settings)
    run(
        target,
        as_json,
        lambda progress: merge_datasets(
            sources, target, formats, how, existing=existing, workers=workers, on_frame=progress
        ),
    )


def _formats(to: str | None, settings: tuple[str, ...]) -> dict[str, dict[str, Any]] | None:
    from framepress import formats

    if to is None:
        if settings:
            raise click.UsageError("--set needs --to: it is for formats that are named")
        return None
    names = listed(to, "--to")
    return settings_for(settings, {name: formats.by_name(name).options() for name in names}, {})[0]


def _mappings(texts: tuple[str, ...]) -> dict[str, ClassMapping]:
    """Source ("" for all) -> its classes' other names."""
    found: dict[str, ClassMapping] = {}
    for text in texts:
        of_source = _OF_SOURCE.fullmatch(text)
        name, rest = (of_source[1], of_source[2]) if of_source else ("", text)
        mapping = mapping_of(rest)
        if name in found:
            raise click.BadParameter(f"two lists are for {name or 'all sources'}; make them one", param_hint="--map")
        if mapping is not None:
            found[name] = mapping
    return found
