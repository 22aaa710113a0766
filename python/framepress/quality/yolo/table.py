"""What the label files of a YOLO set say, as columns: one row a line that is not blank. Needs numpy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from framepress.core.arrays import Array

__all__ = ["Rows"]


@dataclass(frozen=True, eq=False)
class Rows:
    """In the order of files and lines. Shares are those of the image's width and height.

    Args:
        file: int32: in `YoloLook.labels`.
        line: int32, from 1.
        tokens: int32: how many words the line has.
        label: float64: the first word, NaN where it is no number.
        posed: bool: whether it is read as class, box and key points.
        shape: float64 (N, 4): centre x y, width, height [shares] of a row of 5 words, or with key points;
            x0 y0 x1 y1 of what all points of others span; NaN where there is none.
        worst: float64: of the coordinates outside of 0..1 the one that is farthest out, NaN first; 0 where none is.
        worst_at: int32: its place in the line, the class being 0; -1 where none is.
        mark, mark_at: likewise the first visibility of a key point that is not 0, 1 or 2.
        area: float64: of a polygon [shares], NaN for others.
        points: int32: how many different points a polygon has, as far as it may be fewer than 3; else all it has.
        twin: int32: the line of the same file that says the same in float32, 0 where none does.
        words: row -> place in the line and text of the first word that is no number.
    """

    file: Array
    line: Array
    tokens: Array
    label: Array
    posed: Array
    shape: Array
    worst: Array
    worst_at: Array
    mark: Array
    mark_at: Array
    area: Array
    points: Array
    twin: Array
    words: Mapping[int, tuple[int, str]]

    def __len__(self) -> int:
        return int(self.file.size)

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """All of them, by file."""
        order = np.argsort(np.concatenate([part.file for part in parts]), kind="stable")
        columns = {
            column.name: np.concatenate([getattr(part, column.name) for part in parts])[order]
            for column in fields(cls)
            if column.name != "words"
        }
        begin = np.cumsum([0, *(len(part) for part in parts)])
        place = np.empty(order.size, np.int64)
        place[order] = np.arange(order.size)
        words = {
            int(place[begin[number] + row]): said
            for number, part in enumerate(parts)
            for row, said in part.words.items()
        }
        return cls(**columns, words=words)
