"""The statistics of a whole dataset as one document: from its index, and where asked from its pixels.

{**`scores.statistics` without "pictures", "dataset": its path, "format", "box_sizes": `report.box_sizes`,
 "measured": `scores.measured` | None}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framepress.dataset.index import Index
from framepress.dataset.opening import Dataset
from framepress.quality.report.box_sizes import box_sizes
from framepress.quality.sample import sampled
from framepress.quality.scores.measured import measured
from framepress.quality.scores.statistics import SCHEMA, statistics

__all__ = ["dataset_statistics"]


def dataset_statistics(
    dataset: Dataset,
    *,
    pixels: bool = False,
    sample: int | None = None,
    workers: int | None = None,
    on_frame: Callable[[int], None] = lambda frames: None,
) -> dict[str, Any]:
    """What a dataset of any readable format consists of; JSON-able.

    Args:
        pixels: decode images and depth as well, and measure viewpoints; else the index alone is asked.
        sample: of how many frames; None for all. The same ones each time.
        workers: threads; None for one a core.
        on_frame: called with the number of frames measured so far.

    Raises:
        InputError: the dataset is damaged.
        OutputError: its index cannot be kept.
    """
    index = Index.of(dataset)
    seen = None
    if pixels:
        chosen = None if sample is None else sampled(index.frames.texts("id"), sample)
        frames = (frame for frame in dataset.frames() if chosen is None or frame.id in chosen)
        total = None if chosen is None else index.frames.rows
        seen = measured(frames, sampled=total, workers=workers, on_frame=on_frame)
    counted = statistics(index, None)
    del counted["pictures"]  # of the strict look of `validate`
    return {
        **SCHEMA,
        "dataset": str(dataset.path),
        "format": dataset.format.name,
        **counted,
        "box_sizes": box_sizes(index),
        "measured": seen,
    }
