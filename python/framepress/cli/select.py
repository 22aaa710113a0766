"""`framepress select`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framepress.cli.derive import SOURCE, TARGET, map_option, mapping_of, opened, run, source_format, writing
from framepress.cli.shell import as_json, emit

if TYPE_CHECKING:
    from framepress.dataset.select.counts import Counts, Kept

__all__ = ["select"]

_MOST_SHOWN = 12


@click.command(short_help="Choose objects and frames by an expression; count them, then write them.")
@click.argument("source", metavar="SRC", type=SOURCE)
@click.argument("expression", metavar="EXPR")
@click.argument("target", metavar="[DST]", required=False, type=TARGET)
@click.option(
    "--negatives",
    type=click.Choice(["drop", "keep", "original"]),
    default="drop",
    show_default=True,
    help="Frames in which no object is chosen: drop them, keep them without objects, or keep those that never had one.",
)
@click.option("--frames-only", "whole_frames", is_flag=True, help="Keep a frame with any match as it is, whole.")
@click.option("--drop-tiny", "min_side", metavar="PX", type=float, default=0.0, help="Leave out objects whose visible "
              "box is narrower or lower.")  # fmt: skip
@click.option("--min-area", metavar="PX", type=float, default=0.0, help="Leave out objects with fewer visible pixels.")
@click.option("--keep-classes", is_flag=True, help="List classes without a chosen object as well: numbers stay.")
@click.option("--erase", is_flag=True, help="Set pixels of dropped objects to background in instance and class maps.")
@map_option
@source_format
@writing
@as_json
def select(
    source: Path,
    expression: str,
    target: Path | None,
    negatives: str,
    whole_frames: bool,
    min_side: float,
    min_area: float,
    keep_classes: bool,
    erase: bool,
    mapping: str | None,
    source_format: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Count what EXPR chooses of SRC and, where DST is given, write it into that folder.

    \b
    framepress select SRC "label in ('car', 'bus') and visibility > 0.3 and area > 400 and distance < 20"
    framepress select SRC "count(label == 'car') >= 3 and split == 'train'" DST
    framepress select SRC "not known(distance) or distance > 50"

    An expression that asks for objects chooses objects, one that asks for frames or views alone chooses those. What is
    not known is not chosen, whatever is asked of it, and is counted. An unknown name lists the names that there are.
    SRC is never changed. Pixels of dropped objects stay in all images and maps, unless --erase is given.
    """
    from framepress.dataset.select.selection import select as choose

    wanted = mapping_of(mapping)
    dataset, arguments = opened(source, source_format, **options)
    selection = choose(
        dataset, expression, negatives=negatives, whole_frames=whole_frames, min_side=min_side, min_area=min_area
    )
    counts = selection.counts
    document = {"source": str(source), "expression": expression, "selection": counts.to_dict()}
    text = f"{source}: {expression}\n{counts_lines(counts)}"
    if target is None:
        emit(document, text, as_json=as_json)
        return
    if not as_json:
        emit(None, text, as_json=False)
    run(
        target,
        as_json,
        lambda progress: selection.write(
            target, mapping=wanted, keep_classes=keep_classes, erase=erase, on_frame=progress, **arguments
        ),
        selection.rows,
        also=document,
    )


def counts_lines(counts: Counts) -> str:
    """The counts in aligned lines."""
    from framepress.cli.report_text import labelled
    from framepress.quality.report.places import printable

    unknown = f"{counts.unknown:,} {counts.asked}: a value that is asked for is not known of them; not chosen"
    return labelled(
        [
            ("frames", _of(counts.frames)),
            ("views", _of(counts.views)),
            ("objects", _of(counts.objects)),
            ("negatives", f"{_of(counts.negatives)} frames without objects"),
            ("not known", unknown if counts.unknown else ""),
            ("classes", _named({name: kept for name, kept in counts.classes.items() if kept.of})),
            ("splits", _named({name: kept for name, kept in counts.splits.items() if name})),
            ("sequences", printable(_named({name: kept for name, kept in counts.sequences.items() if name}))),
        ]
    )


def _of(kept: Kept) -> str:
    return f"{kept.kept:,} of {kept.of:,}"


def _named(counts: dict[str, Kept]) -> str:
    shown = [f"{name} {_of(kept)}" for name, kept in list(counts.items())[:_MOST_SHOWN]]
    rest = list(counts.values())[_MOST_SHOWN:]
    if rest:
        shown.append(f"{len(rest):,} more ({sum(kept.kept > 0 for kept in rest):,} with something chosen)")
    return ", ".join(shown)
