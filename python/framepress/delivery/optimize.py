"""A copy of a dataset whose images take less space: without loss unless asked, names and digests in step."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from framepress.core.in_order import threads
from framepress.dataset.job import JOB_PATH
from framepress.delivery.optimize_images import Wish
from framepress.delivery.optimize_own import optimize_own
from framepress.delivery.optimize_tally import Optimized, Tally
from framepress.delivery.optimize_tree import optimize_tree
from framepress.delivery.pack_folder import new_folder
from framepress.errors import OptionError

__all__ = ["DEPTHS", "optimize"]

DEPTHS = ("keep", "npy", "tiff", "png16")


def optimize(
    source: Path | str,
    target: Path | str,
    *,
    images: str = "keep",
    quality: int | None = None,
    level: int = 7,
    depth: str = "keep",
    lossless: bool = False,
    min_saving: float = 0.05,
    workers: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Optimized:
    """Write a copy in which images take less space; the dataset itself stays as it is.

    Every file that is new was decoded again and compared before the copy gets its name. Files that would not get
    smaller by `min_saving` stay as they are, and are linked. Of labels, instances and depth nothing is ever lost.

    Args:
        target: does not exist yet.
        images: of colour pictures: `keep` their format, or `png`, `jpeg`, `webp`.
        quality: of jpeg and webp, 1 to 100; with it JPEGs are encoded once more.
        level: of deflate, 1 to 9; 9 finds some hundredths more than 7 in four times the time.
        depth: encoder of depth and range in a dataset of ours, `npy` or `tiff`, both without loss.
        lossless: refuse whatever would lose something.
        min_saving: share of a file.
        on_progress: told how many images (of a dataset of ours: frames) of how many are done.

    Raises:
        OptionError: what cannot be had without loss, or not of this dataset; nothing was written.
        InputError: the dataset is damaged or unfinished, or would not be read as before; nothing was written.
        OutputError: the target exists, or cannot be written.
    """
    source, target = Path(source), Path(target)
    wish = Wish(images, quality, level, min_saving)
    _check(source, target, wish, depth, lossless)
    tally = Tally()
    with new_folder(target) as folder:
        told = on_progress or (lambda done, total: None)
        if (source / JOB_PATH).exists():
            optimize_own(source, folder, wish, depth, tally, workers=threads(workers), on_progress=told)
        else:
            optimize_tree(source, folder, wish, tally, workers=threads(workers), on_progress=told)
        if not tally.changed:
            shutil.rmtree(folder)
    return tally.result(target if tally.changed else None)


def _check(source: Path, target: Path, wish: Wish, depth: str, lossless: bool) -> None:
    if not source.is_dir():
        raise OptionError(f"{source}: is no folder; name the dataset's folder, of which a copy is made")
    if target.resolve().is_relative_to(source.resolve()):
        raise OptionError(f"{target}: lies in the dataset itself; name a folder outside of {source} for the copy")
    if lossless and wish.loses:
        raise OptionError(f"images={wish.images} loses something; leave out `lossless`, or ask for png or webp alone")
    if depth not in DEPTHS:
        raise OptionError(f"depth={depth!r}: must be one of {', '.join(DEPTHS)}")
    if depth == "png16":
        raise OptionError("depth=png16: 16 bits do not hold float32 distances without loss, and depth is never lossy")
    if depth != "keep" and not (source / JOB_PATH).exists():
        raise OptionError(f"{source}: depth can be stored otherwise in datasets of ours only")
