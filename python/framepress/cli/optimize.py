"""`framepress optimize`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framepress.cli.fixing import beside, put_in_place
from framepress.cli.progress import ToldProgress
from framepress.cli.shell import as_json, emit, interruptible
from framepress.cli.tables import aligned, bytes_text, counts_text

if TYPE_CHECKING:
    from framepress.delivery.optimize_tally import Optimized

__all__ = ["optimize"]


def _share(text: str) -> float:
    """`5%`, `0.05`."""
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(%?)", text.strip())
    if found is None:
        raise click.BadParameter(f"{text!r} is no share such as 5% or 0.05")
    return float(found[1]) / (100 if found[2] else 1)


@click.command(short_help="A copy whose images take less space.")
@click.argument("source", metavar="SRC", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", metavar="[DST]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--images",
    type=click.Choice(["keep", "png", "jpeg", "webp"]),
    default="keep",
    show_default=True,
    help="The format of colour pictures.",
)
@click.option("--quality", type=click.IntRange(1, 100), help="Of jpeg (default 95) and webp (default: without loss).")
@click.option("--level", type=click.IntRange(1, 9), default=7, show_default=True, help="How hard to look, for PNG.")
@click.option(
    "--depth",
    type=click.Choice(["keep", "npy", "tiff", "png16"]),
    default="keep",
    show_default=True,
    help="How datasets of ours store depth and range; png16 would lose something and is refused.",
)
@click.option("--lossless", is_flag=True, help="Refuse whatever would lose something.")
@click.option(
    "--min-saving", type=_share, default="5%", metavar="SHARE", show_default=True, help="Of a file, else it stays."
)
@click.option("--in-place", is_flag=True, help="SRC becomes the copy; as it was it is kept beside.")
@click.option("--workers", type=click.IntRange(1, 256), help="Threads. Default: one a core.")
@as_json
def optimize(
    source: Path,
    target: Path | None,
    images: str,
    quality: int | None,
    level: int,
    depth: str,
    lossless: bool,
    min_saving: float,
    in_place: bool,
    workers: int | None,
    as_json: bool,
) -> None:
    """Write SRC to the new folder DST with images that take less space.

    Without options nothing is lost: PNGs are written anew, with every chunk but the pixels as it was, and compared
    pixel by pixel. With --images, annotations, lists and digests are kept in step, and what is lost is measured and
    told. Of labels, instances and depth nothing is ever lost; files that would not get smaller stay as they are. DST
    appears when it is whole; SRC is never changed.
    """
    from framepress.delivery.optimize import optimize as press

    if (target is None) != in_place:
        raise click.UsageError("name the folder DST, or give --in-place, and not both")
    former = beside(source, "before-optimize")
    if in_place and former.exists():
        raise click.UsageError(f"{former} exists already: move it away, or name a folder DST")
    if in_place and (source.resolve().parent / ".framepress" / "dataset.json").exists():
        raise click.UsageError(f"{source} is an edition of {source.resolve().parent}: name that folder")
    ours = (source / ".framepress" / "dataset.json").exists()
    goal = beside(source, "optimized") if target is None else target
    with (
        ToldProgress("frames" if ours else "images", "writing the last files") as shown,
        interruptible(f"nothing of {goal} is left, and {source} is as it was: start again"),
    ):
        found = press(
            source, goal, images=images, quality=quality, level=level, depth=depth, lossless=lossless,
            min_saving=min_saving, workers=workers, on_progress=shown,
        )  # fmt: skip
    if in_place:
        put_in_place(source.resolve(), found.target, former)
    where = None if found.target is None else source if in_place else found.target
    emit(_document(found, where), _text(found, where), as_json=as_json)


def _document(found: Optimized, target: Path | None) -> dict[str, Any]:
    loss = found.loss
    return {
        "target": None if target is None else str(target),
        "bytes_before": found.before,
        "bytes_after": found.after,
        "kinds": {
            kind: {
                "files": saving.files,
                "changed": saving.changed,
                "before": saving.before,
                "after": saving.after,
                "ratio": round(saving.ratio, 4),
            }
            for kind, saving in found.kinds.items()
        },
        "stays": dict(found.stays),
        "left_behind": dict(found.left_behind),
        "renamed": found.renamed,
        "loss": None
        if loss is None
        else {
            "pictures": loss.pictures,
            "psnr_db_least": round(loss.psnr_db_least, 2),
            "psnr_db_mean": round(loss.psnr_db_mean, 2),
            "max_error": loss.max_error,
            "worst": loss.worst,
        },
    }


def _text(found: Optimized, target: Path | None) -> str:
    rows: list[tuple[Any, ...]] = [("", "files", "new", "before", "after", "ratio")]
    for kind, saving in found.kinds.items():
        sizes = bytes_text(saving.before), bytes_text(saving.after)
        rows.append((kind, saving.files, saving.changed, *sizes, f"{saving.ratio:.1%}"))
    lines = [aligned(rows, right=frozenset((1, 2, 3, 4, 5)))]
    if found.stays:
        lines.append(f"stay as they are: {counts_text(found.stays)}")
    if found.left_behind:
        lines.append(f"left behind: {counts_text(found.left_behind)}")
    if found.renamed:
        lines.append(f"with another extension: {found.renamed:,}")
    if found.loss is None:
        lines.append("nothing was lost")
    else:
        lines.append(
            f"lost in {found.loss.pictures:,} pictures: PSNR {found.loss.psnr_db_mean:.1f} dB, at least "
            f"{found.loss.psnr_db_least:.1f} dB ({found.loss.worst}); no value by more than {found.loss.max_error}"
        )
    lines.append("nothing could be saved: no copy was written" if target is None else str(target))
    return "\n".join(lines)
