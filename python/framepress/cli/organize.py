"""`framepress organize`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framepress.cli.progress import Progress, counted_aside
from framepress.cli.settings import listed, settings_for
from framepress.cli.shell import as_json, emit, interruptible

if TYPE_CHECKING:
    from framepress.delivery.organize import OrganizeReport

__all__ = ["organize"]


@click.command(short_help="Lay out a dataset as the files that a task's tools expect.")
@click.argument("source", metavar="SRC", type=click.Path(exists=True, path_type=Path))
@click.argument("target", metavar="DST", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--tree", type=click.Choice(["detection", "segmentation", "depth"]), required=True, help="What the files are for."
)
@click.option(
    "--by",
    metavar="KEY",
    help="A folder for each scene, class, condition, split, sequence, or meta.KEY; each is a tree of its own.",
)
@click.option("--to", "to", metavar="FORMAT,...", help="Of a tree for detection: yolo (the default), coco, kitti.")
@click.option("--from", "source_format", metavar="FORMAT", help="The source's format, where it cannot be told.")
@click.option(
    "--link/--copy",
    default=True,
    help="Images that stay as they are: hard links of the source's files (the default), or copies.",
)
@click.option(
    "--labels",
    "labels_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The classes and their order: .txt, .json or .yaml. Default: the source's own.",
)
@click.option(
    "--unlisted",
    type=click.Choice(["error", "drop"]),
    default="error",
    show_default=True,
    help="Objects of a class that is not in the list: stop, or leave them out and count them.",
)
@click.option(
    "--existing",
    type=click.Choice(["error", "resume"]),
    default="error",
    show_default=True,
    help="Where DST was organised before: stop, or add the frames that it lacks.",
)
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="An option of a format (yolo.task=segment), or of the tree: depth.encoding=millimetres, kitti or npy.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Threads. Default: one a core, at most four.")
@as_json
def organize(
    source: Path,
    target: Path,
    tree: str,
    by: str | None,
    to: str | None,
    source_format: str | None,
    link: bool,
    labels_file: Path | None,
    unlisted: str,
    existing: str,
    settings: tuple[str, ...],
    workers: int | None,
    as_json: bool,
) -> None:
    """Lay out every frame of SRC below DST, whole or in groups.

    detection presses editions, as `framepress convert` does; segmentation makes masks and instances as PNG with their
    images; depth makes pairs of colour and depth with their lists. DST/map.jsonl says which file is of which frame.

    Files of SRC are linked or copied, never moved or changed; what is in DST is never overwritten. A linked file is one
    file with two names: do not edit it in place.
    """
    from framepress import formats
    from framepress.dataset.label_files import read_label_file
    from framepress.dataset.opening import open_dataset
    from framepress.delivery.organize import organize as lay_out
    from framepress.delivery.organize import tree_options

    if to is not None and tree != "detection":
        raise click.UsageError(f"--to is for --tree detection; a {tree} tree is no edition")
    names = listed(to or "yolo", "--to") if tree == "detection" else []
    homes = {name: formats.by_name(name).options() for name in names} or {tree: tree_options(tree)}
    options, _ = settings_for(settings, homes, {})
    labels = None if labels_file is None else read_label_file(labels_file)
    dataset = open_dataset(source, source_format)
    total = counted_aside(dataset.frames) if sys.stderr.isatty() and by is None else (lambda: None)
    with Progress(total) as progress, interruptible("what is there stays; go on with --existing resume"):
        report = lay_out(
            dataset,
            target,
            tree,
            by=by,
            formats={name: options[name] for name in names},
            options=options.get(tree, {}),
            link=link,
            labels=labels,
            unlisted=unlisted,
            existing=existing,
            workers=workers,
            on_frame=progress,
        )
    document: dict[str, Any] = {"source": {"path": str(source), "format": dataset.format.name}, **report.to_dict()}
    emit(document, _text(report), as_json=as_json)


def _text(report: OrganizeReport) -> str:
    from framepress.cli.report_text import labelled
    from framepress.cli.tables import counts_text

    groups = {name: count for name, count in report.groups.items() if name}
    facts = [
        ("tree", report.tree),
        ("frames", f"{report.frames:,}; {report.added:,} new{' (counted in each group)' if groups else ''}"),
        ("groups", ", ".join(f"{name} {count:,}" for name, count in sorted(groups.items()))),
        ("counted", counts_text({name: count for name, count in sorted(report.counts.items()) if count})),
    ]
    return f"{report.target}\n{labelled(facts)}"
