"""Which frames must not be parted: those of one sequence, scene, seed or asset, or linked by several of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import Index
from framepress.dataset.splitting.components import components
from framepress.dataset.splitting.links import FRAME, Links, known_links_of, links_of

__all__ = ["Groups", "groups_of"]

_SEQUENCE = "sequence"
"""What frames are grouped by if nothing is said, whether they have any or not."""


@dataclass(frozen=True, eq=False)
class Groups:
    """A partition of the frames.

    Args:
        of: int64 (frames,), the group of each frame; groups count in the order of their first frames.
        names: one text a group, which splits are drawn by: the plain name of the sequence, scene or other value, the id
            of a frame that stands alone; where there are several keys, the first in alphabetical order of all
            `key=name` that hold the group together.
        alone: frames that no key says anything of: each is a group.
    """

    of: Array
    names: Sequence[str]
    by: tuple[str, ...]
    alone: int

    def __len__(self) -> int:
        return len(self.names)

    def sizes(self) -> Array:
        """int64 (groups,), frames."""
        return np.bincount(self.of, minlength=len(self))


def groups_of(index: Index, by: Sequence[str] = ("sequence",)) -> Groups:
    """Frames that share a value of any of these keys, directly or through other frames, in one group.

    A frame that has no value of any key stands alone, as all do by `frame`.

    Args:
        by: of `links.KEYS`, or `meta.KEY`.

    Raises:
        OptionError: a key is unknown, or no frame says anything of it (of sequences none need to).
    """
    keys = [links_of(index, key) if key == _SEQUENCE else known_links_of(index, key) for key in by if key != FRAME]
    count = index.frames.rows
    linked = np.zeros(count, bool)
    for links in keys:
        linked[links.frame] = True
    return Groups(*_joined(index, keys, count), tuple(by), count - int(linked.sum()))


def _joined(index: Index, keys: Sequence[Links], count: int) -> tuple[Array, list[str]]:
    """Groups are components of the graph of frames and values."""
    left, right, first = [np.empty(0, np.int64)], [np.empty(0, np.int64)], count
    for links in keys:
        left.append(links.frame)
        right.append(first + links.value)
        first += len(links.names)
    root = components(first, np.concatenate(left), np.concatenate(right))[
        :count
    ]  # its first frame, as frames are first
    firsts, of = np.unique(root, return_inverse=True)
    of = of.reshape(-1)
    names: list[str | None] = [None] * len(firsts)
    for links in keys:
        prefix = f"{links.key}=" if len(keys) > 1 else ""
        pairs = np.unique(of[links.frame] * max(len(links.names), 1) + links.value)
        for group, value in zip((pairs // len(links.names)).tolist(), (pairs % len(links.names)).tolist(), strict=True):
            name = prefix + links.names[value]
            held = names[group]
            names[group] = name if held is None else min(held, name)
    ids = index.frames.texts("id")
    return of, [ids[row] if name is None else name for name, row in zip(names, firsts.tolist(), strict=True)]
