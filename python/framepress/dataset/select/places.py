"""Frames by their place in a dataset: by number, by time, by sequence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import NO_TIME, Index
from framepress.dataset.opening import Dataset, open_dataset
from framepress.dataset.select.choose import Choice
from framepress.dataset.select.derive import as_read
from framepress.dataset.select.parse import near
from framepress.dataset.select.selection import Selection
from framepress.errors import OptionError

__all__ = ["parsed_frames", "parsed_time", "slice"]

_FRAMES = re.compile(r"(\d{0,15}):(\d{0,15})(?::(\d{1,15}))?")


def slice(
    source: Dataset | Path | str,
    *,
    frames: tuple[int | None, int | None, int | None] | None = None,
    time_s: tuple[float | None, float | None] | None = None,
    sequences: Sequence[str] | None = None,
) -> Selection:
    """Choose frames that are in every range that is given, whole.

    Args:
        frames: first, end (not included) and step, counted from 0 in the dataset's order, as Python's slices count.
        time_s: first and end (not included) [s, simulation clock]; frames without a time are in no such range.
        sequences: names.

    Raises:
        OptionError: no range, a step below 1, an end before its begin, or a sequence that is not there.
    """
    dataset = open_dataset(source) if isinstance(source, Path | str) else source
    index = Index.of(as_read(dataset))
    chosen = np.ones(index.frames.rows, bool)
    how: dict[str, object] = {"verb": "slice"}
    if frames is not None:
        chosen &= _in_places(index, *frames)
        how["frames"] = list(frames)
    if time_s is not None:
        chosen &= _in_time(index, *time_s)
        how["time_s"] = list(time_s)
    if sequences is not None:
        chosen &= _in_sequences(index, sequences)
        how["sequences"] = list(sequences)
    if len(how) == 1:
        raise OptionError("name the frames to take: by their numbers, a time range or sequences")
    choice = Choice(chosen, chosen[index.views["frame"]], chosen[index.objects["frame"]])
    return Selection(dataset, index, choice, how)


def _in_places(index: Index, first: int | None, end: int | None, step: int | None) -> Array:
    if (step is not None and step < 1) or min(first or 0, end or 0) < 0 or (end is not None and end < (first or 0)):
        raise OptionError(f"frames {first}:{end}:{step}: must be first:end:step, from 0 on, with a step above 0")
    chosen = np.zeros(index.frames.rows, bool)
    chosen[first:end:step] = True
    return chosen


def _in_time(index: Index, first: float | None, end: float | None) -> Array:
    if first is not None and end is not None and not end >= first:
        raise OptionError(f"time {first}:{end}: ends before it begins")
    time_ns = np.asarray(index.frames["time_ns"])
    chosen = time_ns != NO_TIME
    if not chosen.any():
        raise OptionError("no frame has a time")
    if first is not None:
        chosen &= time_ns >= first * 1e9
    if end is not None:
        chosen &= time_ns < end * 1e9
    return np.asarray(chosen)


def _in_sequences(index: Index, names: Sequence[str]) -> Array:
    known = list(index.sequences)
    for name in names:
        if name not in known:
            raise OptionError(f"there is no sequence {name!r}{near(name, [one for one in known if one], 'there are')}")
    found: Array = np.isin(index.frames["sequence"], [known.index(name) for name in names])
    return found


def parsed_frames(text: str) -> tuple[int | None, int | None, int | None]:
    """`0:1000`, `:1000`, `500:`, `0:1000:10`.

    Raises:
        OptionError: another form.
    """
    found = _FRAMES.fullmatch(text.strip())
    if found is None:
        raise OptionError(f"frames {text!r}: write first:end or first:end:step, such as 0:1000:10")
    first, end, step = (int(part) if part else None for part in found.groups())
    return first, end, step


def parsed_time(text: str) -> tuple[float | None, float | None]:
    """`2.5:10`, `:10`, `2.5:`, in seconds.

    Raises:
        OptionError: another form, or no finite numbers.
    """
    first, colon, end = text.partition(":")
    try:
        ends = tuple(float(part) if part.strip() else None for part in (first, end))
        if not colon or not all(part is None or np.isfinite(part) for part in ends):
            raise ValueError
    except ValueError:
        raise OptionError(f"time {text!r}: write first:end in seconds, such as 2.5:10") from None
    return ends[0], ends[1]
