"""A planned split becomes a dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framepress.core import Frame
from framepress.dataset.convert import Stage
from framepress.dataset.opening import Dataset
from framepress.dataset.report import Report
from framepress.dataset.select.derive import derived
from framepress.dataset.splitting.plan import SplitPlan
from framepress.errors import InputError, OptionError
from framepress.storage.output import Output

__all__ = ["split_dataset", "stage_of"]


def stage_of(plan: SplitPlan) -> Stage:
    """Gives each frame its split, and leaves out those that are in none: a trainer would take them for `train`."""
    splits = plan.by_id()

    def placed(frame: Frame) -> Frame | None:
        split = splits.get(frame.id)
        if split is None:
            raise InputError(f"frame {frame.id}: is not in the plan, which was made of another dataset; plan again")
        return frame.replaced(split=split) if split else None

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

    Images that are encoded keep their bytes; where the native edition is the only one, all files are hard-linked.
    Frames in no split are left out, and counted as "left out by a stage".

    Args:
        plan: `plan_split` of `source`, or of an index of the frames that it gives.
        formats: other formats than the source's own.
        others: as for `convert`.

    Raises:
        FramepressError: as `convert` does.
        InputError: the plan does not know a frame.
        OptionError: no frame is in a split; or the source's format cannot be written, and no other is given.
        OutputError: the target is inside the source.
    """
    if not (plan.codes >= 0).any():
        raise OptionError("no frame is in a split: there is nothing to write")
    return derived(
        source,
        target,
        formats,
        stages=(stage_of(plan),),
        labels=source.labels(),
        how={"verb": "split", **plan.how},
        same_frames=False,
        same_pixels=True,
        existing=existing,
        workers=workers,
        on_frame=on_frame,
    )
