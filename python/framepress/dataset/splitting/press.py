"""A planned split becomes a dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framepress.core import Frame
from framepress.dataset.convert import Stage, convert
from framepress.dataset.opening import Dataset
from framepress.dataset.report import Report
from framepress.dataset.splitting.plan import SplitPlan
from framepress.dataset.state import root_of
from framepress.errors import OptionError, OutputError
from framepress.storage.output import Output

__all__ = ["formats_of", "split_dataset", "stage_of"]


def stage_of(plan: SplitPlan) -> Stage:
    """Gives each frame its split, and leaves out those that are in none: a trainer would take them for `train`."""
    splits = plan.by_id()

    def placed(frame: Frame) -> Frame | None:
        split = splits.get(frame.id)
        return None if split is None else frame.replaced(split=split)

    return placed


def split_dataset(
    source: Dataset,
    target: Path | str | Output,
    plan: SplitPlan,
    formats: Mapping[str, Mapping[str, Any]] | Sequence[str] | None = None,
    *,
    existing: str = "error",
    workers: int | None = None,
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """Press a dataset in its own formats under the splits of a plan; the source stays as it is.

    Images that are encoded keep their bytes. Frames in no split are left out, and counted as "left out by a stage".

    Args:
        plan: made over the index of `source`.
        formats: other formats than the source's own.
        others: as for `convert`.

    Raises:
        FramepressError: as `convert` does.
        OptionError: the source's format cannot be written, and no other is given.
        OutputError: the target is inside the source.
    """
    job = source.job
    root = root_of(source) or source.path
    if isinstance(target, Path | str) and Path(target).resolve().is_relative_to(root.resolve()):
        raise OutputError(f"{target}: is inside the dataset {root}, which is to stay as it is; choose a folder outside")
    return convert(
        source,
        target,
        formats_of(source) if formats is None else formats,
        unlisted="error" if job is None else job.unlisted,
        existing=existing,
        workers=workers,
        stages=(stage_of(plan),),
        origin=None if job is None else job.origin,
        on_frame=on_frame,
    )


def formats_of(source: Dataset) -> dict[str, dict[str, Any]]:
    """The editions that a dataset has, with their options.

    Raises:
        OptionError: a foreign dataset's format cannot be written.
    """
    if source.job is not None:
        return {name: dict(options) for name, options in source.job.formats.items()}
    if source.format.writer is None:
        raise OptionError(f"{source.path}: format {source.format.name} can only be read; name others to write")
    return {source.format.name: {}}
