"""`framepress split`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from framepress.cli.derive import SOURCE, opened, run, source_format, workers_option
from framepress.cli.settings import listed
from framepress.cli.shell import as_json, emit

if TYPE_CHECKING:
    from framepress.dataset.opening import Dataset
    from framepress.dataset.splitting.plan import Method, SplitPlan

__all__ = ["split"]


@click.command(short_help="Deal the frames out to train, val and test, without leaks.")
@click.argument("source", metavar="SRC", type=SOURCE)
@click.argument("rest", metavar="[DST] [NAME=SHARE,...]", nargs=-1)
@click.option("--counts", metavar="NAME=N,...", help="Exact numbers of frames: train=rest,val=500,test=500.")
@click.option(
    "--from-lists",
    "lists",
    metavar="[NAME=]FILE",
    multiple=True,
    help="A text file with the frames or images of one split; its name is that of the split. Once a split.",
)
@click.option(
    "--group",
    metavar="KEY,...",
    help="What stays together: sequence, scene, seed, asset, track, meta.KEY, several of them, or frame for nothing. "
    "Default: sequence.",
)
@click.option(
    "--stratify", metavar="KEY,...", help="What each split shall have its share of: label, scene, meta.KEY, ..."
)
@click.option("--keep", is_flag=True, help="Frames that have a split keep it; the others are dealt out.")
@click.option(
    "--keep-from",
    metavar="DATASET",
    type=SOURCE,
    help="Frames keep the split that they have in DATASET, by their ids: the split that was made before.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws another split.")
@click.option("--no-images", is_flag=True, help="Do not look for equal images (one pass over SRC's journal).")
@click.option("--to", metavar="FORMAT,...", help="The formats to write. Default: those of SRC.")
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True, help="An option of a writer or of SRC's reader.")
@click.option(
    "--existing",
    type=click.Choice(["error", "resume"]),
    default="error",
    show_default=True,
    help="Where DST holds a dataset: stop, or go on with an interrupted run.",
)
@source_format
@workers_option
@as_json
def split(
    source: Path,
    rest: tuple[str, ...],
    counts: str | None,
    lists: tuple[str, ...],
    group: str | None,
    stratify: str | None,
    keep: bool,
    keep_from: Path | None,
    seed: int,
    no_images: bool,
    to: str | None,
    settings: tuple[str, ...],
    existing: str,
    source_format: str | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Say which split each frame of SRC goes to, how even that is, and what leaks; with DST, press it there.

    Shares (train=.8,val=.1,test=.1) are drawn by the hash of what stays together, so that new frames move none; with
    --stratify they are balanced by class. SRC is never changed, and no image is opened to plan. Frames in no split are
    left out of DST.
    """
    from framepress.cli.split_text import plan_document, plan_text
    from framepress.dataset.splitting.press import split_dataset

    if lists and (group or seed):
        raise click.UsageError("lists name each frame: there is nothing for --group and --seed to decide")
    target, method = _asked(rest, counts, lists, seed)
    dataset, arguments = opened(source, source_format, to, settings, split=None, seed=seed)
    plan = _planned(dataset, method, group, stratify, keep=keep, keep_from=keep_from)
    by = listed(stratify, "--stratify") if stratify else ["label"]
    document = plan_document(plan, dataset, by, images=not no_images)
    if target is None:
        emit(document, plan_text(document), as_json=as_json)
        return
    if not as_json:
        click.echo(plan_text(document))
    run(
        target,
        as_json,
        lambda progress: split_dataset(
            dataset, target, plan, arguments["formats"], existing=existing, workers=workers, on_frame=progress
        ),
        plan.index.frames.rows,
        also=document,
    )


def _asked(rest: tuple[str, ...], counts: str | None, lists: tuple[str, ...], seed: int) -> tuple[Path | None, Method]:
    """Where to write, and how to deal out: told apart by the = that shares have."""
    from framepress.dataset.split import Split
    from framepress.dataset.splitting.draw import SplitCounts
    from framepress.dataset.splitting.lists import read_list

    shares = [text for text in rest if "=" in text]
    targets = [text for text in rest if "=" not in text]
    if len(targets) > 1 or len(shares) > 1:
        raise click.UsageError(f"one DST and one NAME=SHARE,... at most, not {' '.join(rest)}")
    if len(shares) + (counts is not None) + bool(lists) != 1:
        raise click.UsageError("say how: NAME=SHARE,..., or --counts, or --from-lists; one of them")
    target = Path(targets[0]) if targets else None
    if shares:
        return target, Split.parse(shares[0], seed)
    if counts is not None:
        return target, SplitCounts.parse(counts, seed)
    named = [(name or Path(file).stem, file) for name, _, file in (text.rpartition("=") for text in lists)]
    if len({name for name, _ in named}) < len(named):
        raise click.BadParameter("two lists are of one split; name them NAME=FILE", param_hint="--from-lists")
    return target, {name: read_list(file) for name, file in named}


def _planned(
    dataset: Dataset, method: Method, group: str | None, stratify: str | None, *, keep: bool, keep_from: Path | None
) -> SplitPlan:
    from framepress.dataset.opening import open_dataset
    from framepress.dataset.splitting.plan import plan_split

    if keep and keep_from is not None:
        raise click.UsageError("--keep or --keep-from, not both")
    before = dataset if keep else None if keep_from is None else open_dataset(keep_from)
    return plan_split(
        dataset,
        method,
        group=listed(group, "--group") if group else ("sequence",),
        stratify=listed(stratify, "--stratify") if stratify else (),
        kept=before,
    )
