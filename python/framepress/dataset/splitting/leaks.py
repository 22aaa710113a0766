"""What several splits have in common, told from columns and digests alone: no picture is opened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import NO_TIME, Index
from framepress.dataset.opening import Dataset
from framepress.dataset.splitting.links import FRAME, Links, links_of
from framepress.dataset.state import root_of
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal

__all__ = ["IMAGE", "NEIGHBOURS", "Leak", "crossing", "image_links", "leaks"]

NEIGHBOURS = "neighbours in time"
IMAGE = "equal images"
_SEQUENCE = "sequence"
_KEYS = (_SEQUENCE, "scene", "seed", "asset")
_SHOWN = 5
_FILE = re.compile(rb'\["((?:[^"\\]|\\.)*)",\d+,"([0-9a-f]{64})"\]')
_PICTURE = re.compile(r".*\.(png|jpe?g)", re.IGNORECASE)
_NO_PICTURE = re.compile(r"(native/)?(depth|range|semantic|instance|normal|flow|points)/.*")


@dataclass(frozen=True, slots=True)
class Leak:
    """What of one kind is in more than one split.

    Args:
        kind: `sequence`, `scene`, `seed`, `asset`, a field of `meta`, `neighbours in time` (pairs of frames that follow
            each other in a sequence), or `equal images` (files of equal content).
        shared: how many of them are in several splits.
        all: how many of them there are.
        frames: in a split and in one of those shared.
        examples: the first few of them, with their frames by split.
    """

    kind: str
    shared: int
    all: int
    frames: int
    examples: tuple[tuple[str, Mapping[str, int]], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        examples = [{"name": name, "frames": dict(held)} for name, held in self.examples]
        return {"shared": self.shared, "all": self.all, "frames": self.frames, "examples": examples}


def leaks(
    index: Index, codes: Array, names: Sequence[str], *, by: Sequence[str] = (), images: Links | None = None
) -> tuple[Leak, ...]:
    """What the splits have in common, a line a kind; kinds of which no frame says anything are left out.

    A scene, seed or asset is left out, too, where the dataset has only one: then nothing can be held apart by it.

    Args:
        codes: int (frames,), a position in `names`, or -1 for a frame in no split.
        by: keys of groups (`meta.KEY`) beside sequence, scene, seed and asset.
        images: as `image_links` finds them.
    """
    found = []
    for key in dict.fromkeys((*_KEYS, *(key for key in by if key != FRAME))):
        links = links_of(index, key)
        if len(np.unique(links.value)) > (key != _SEQUENCE):
            found.append(_leak(links, codes, names))
        if key == _SEQUENCE and len(links.frame):
            found.append(_neighbours(index, links, codes, names))
    if images is not None:
        found.append(_leak(images, codes, names))
    return tuple(found)


def crossing(value: Array, split: Array, splits: int) -> tuple[Array, Array]:
    """Values that are in several splits, rising, and their frames: int64 (N,), (N, splits).

    Args:
        value, split: int (rows,), each from 0 on; a row a frame and value.
    """
    keys, frames = np.unique(value.astype(np.int64) * splits + split, return_counts=True)
    several = np.flatnonzero(np.bincount(keys // splits, minlength=1) > 1)
    chosen = np.isin(keys // splits, several)
    table = np.zeros((len(several), splits), np.int64)
    table[np.searchsorted(several, keys[chosen] // splits), keys[chosen] % splits] = frames[chosen]
    return several, table


def _leak(links: Links, codes: Array, names: Sequence[str]) -> Leak:
    split = codes[links.frame]
    placed = split >= 0
    value, frame = links.value[placed], links.frame[placed]
    several, table = crossing(value, split[placed], len(names))
    frames = len(np.unique(frame[np.isin(value, several)]))
    examples = [
        (links.names[number], {names[split]: int(held) for split, held in enumerate(row) if held})
        for number, row in zip(several[:_SHOWN].tolist(), table[:_SHOWN], strict=True)
    ]
    return Leak(links.key, len(several), len(np.unique(value)), frames, tuple(examples))


def _neighbours(index: Index, sequences: Links, codes: Array, names: Sequence[str]) -> Leak:
    """Pairs that follow each other, by time where every frame of the dataset tells it, else by index."""
    rows, sequence = sequences.frame, sequences.value
    time = index.frames["time_ns"][rows]
    when = index.frames["index"][rows] if (time == NO_TIME).any() else time
    order = np.lexsort((rows, when, sequence))
    rows, sequence = rows[order], sequence[order]
    together = sequence[1:] == sequence[:-1]
    one, other = codes[rows[:-1]], codes[rows[1:]]
    pairs = together & (one >= 0) & (other >= 0)
    apart = np.flatnonzero(pairs & (one != other))
    ids = index.frames.texts("id")
    examples = [
        (f"{ids[rows[at]]}, {ids[rows[at + 1]]}", {names[one[at]]: 1, names[other[at]]: 1})
        for at in apart[:_SHOWN].tolist()
    ]
    frames = len(np.unique(np.concatenate((rows[apart], rows[apart + 1]))))
    return Leak(NEIGHBOURS, len(apart), int(pairs.sum()), frames, tuple(examples))


def image_links(index: Index, dataset: Dataset) -> Links | None:
    """Frames by the content of their colour images, as the journal recorded it; None where no journal tells.

    There is one for a dataset of ours alone, and it tells nothing where the index has images as frames of their own, as
    YOLO's are that show one instant from several cameras. One pass over the journal: no image is read. A content is
    called by the first frame that has it.

    Raises:
        JournalError: the journal is damaged.
    """
    root = root_of(dataset)
    if root is None:
        return None
    ids = index.frames.texts("id")
    row_of = {id: row for row, id in enumerate(ids)}
    numbers: dict[bytes, int] = {}
    held: list[tuple[int, ...]] = [()] * len(ids)  # the last record of a frame counts
    strangers: set[str] = set()
    for line in Journal.open(FolderOutput(root), repair=False).lines():
        row = row_of.get(line.id, -1)
        if line.op in ("add", "replace"):
            found = {
                bytes.fromhex(file[2].decode()) for file in _FILE.finditer(line.raw) if _is_picture(file[1].decode())
            }
            if row >= 0:
                held[row] = tuple(numbers.setdefault(digest, len(numbers)) for digest in sorted(found))
            else:
                strangers.add(line.id)
        elif line.op == "remove":
            strangers.discard(line.id)
    if strangers:
        return None
    frame = np.repeat(np.arange(len(held)), np.array([len(found) for found in held], np.int64))
    number = np.fromiter((number for found in held for number in found), np.int64, len(frame))
    _, firsts, value = np.unique(number, return_index=True, return_inverse=True)
    return Links(IMAGE, frame, value.reshape(-1), [ids[int(row)] for row in frame[firsts]])


def _is_picture(path: str) -> bool:
    """Whether a file of ours holds colours: id maps of frames without objects are equal and tell nothing."""
    return _PICTURE.fullmatch(path) is not None and _NO_PICTURE.fullmatch(path) is None
