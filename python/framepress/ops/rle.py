"""Run-length masks: check what comes from outside, decode, encode, measure, paint.

Nothing here trusts the text: runs that do not add up to the image raise, where pycocotools would hand out whatever
memory held before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.core.rle import Rle
from framepress.errors import InputError
from framepress.ops.runs import counts_of_text, text_of_counts

__all__ = ["MAX_PIXELS", "area", "bounds", "checked", "decode", "encode", "paint", "runs"]

MAX_PIXELS = 1 << 28
"""The largest image a mask may claim, 16384 x 16384: a few bytes of text must not ask for a terabyte."""


def checked(mask: object, where: str, size: tuple[int, int] | None = None) -> Rle:
    """A mask from outside, made sure of: an `Rle`, or COCO's {"size": [h, w], "counts": text, bytes or list}.

    Text is kept as it is, unless it holds empty runs, which are closed up.

    Args:
        where: file and place, for messages.
        size: (height, width) of the image that it must fit, if known.

    Raises:
        InputError: not such a value, a size that is absurd or not the image's, text that is none, a negative run, runs
            that do not add up to height x width.
    """
    try:
        rle = _parsed(mask)
        if size is not None and (rle.height, rle.width) != tuple(size):
            swapped = "; height and width are swapped" if (rle.width, rle.height) == tuple(size) else ""
            raise InputError(
                f"mask size [{rle.height}, {rle.width}] is not [height, width] of the image, {list(size)}{swapped}"
            )
        counts = _counts(rle)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if (counts[1:] == 0).any():
        return Rle(rle.height, rle.width, text_of_counts(_closed_up(counts)))
    return rle


def encode(mask: Array) -> Rle:
    """The run lengths of a mask (H, W), whose True (or nonzero) pixels belong to the object.

    Raises:
        InputError: not two axes, no pixels, or more than `MAX_PIXELS`.
    """
    if mask.ndim != 2:
        raise InputError(f"a mask has two axes (H, W), got shape {mask.shape}")
    height, width = _size(mask.shape)
    down = mask.T.astype(np.bool_).reshape(-1)
    changes = np.flatnonzero(down[1:] != down[:-1]) + 1
    zeros_first = [0, 0] if down[0] else [0]
    return Rle(height, width, text_of_counts(np.diff(np.concatenate((zeros_first, changes, [down.size])))))


def decode(rle: Rle) -> Array:
    """The mask, bool (H, W), in column-major memory. Raises InputError as `checked` does."""
    counts = _counts(rle)
    ones = (np.arange(counts.size) & 1).astype(np.bool_)
    mask: Array = np.repeat(ones, counts).reshape(rle.width, rle.height).T
    return mask


def runs(rle: Rle) -> tuple[Array, Array]:
    """Where its runs of ones begin and end (half-open), as int64 positions down the columns: x * height + y."""
    counts = _counts(rle)
    edges = np.cumsum(_closed_up(counts) if (counts[1:] == 0).any() else counts)
    end = edges[1::2]
    return edges[: 2 * end.size : 2], end


def area(rle: Rle) -> int:
    """Pixels of the mask."""
    return int(_counts(rle)[1::2].sum())


def bounds(rle: Rle) -> tuple[int, int, int, int]:
    """The half-open box x0 y0 x1 y1 of the mask; all 0 for an empty one."""
    start, end = runs(rle)
    if not start.size:
        return 0, 0, 0, 0
    left, right = start // rle.height, (end - 1) // rle.height
    if (left != right).any():  # a run that goes on in the next column touches both rims
        top, bottom = 0, rle.height
    else:
        top, bottom = int((start - left * rle.height).min()), int((end - left * rle.height).max())
    return int(left[0]), top, int(right[-1]) + 1, bottom


def paint(rles: Sequence[Rle], ids: Iterable[int], height: int, width: int) -> Array:
    """An id map, uint32 (H, W), 0 where no mask is; where masks overlap, the later one shows.

    Raises:
        InputError: a mask of another size.
    """
    down = np.zeros(height * width, np.uint32)
    for row, (rle, value) in enumerate(zip(rles, ids, strict=True)):
        if (rle.height, rle.width) != (height, width):
            raise InputError(f"mask {row} is {rle.height} x {rle.width}, the image {height} x {width}")
        counts = _counts(rle)
        ones = (np.arange(1, counts.size) & 1).astype(np.bool_)
        inside = np.repeat(ones, counts[1:])
        down[height * width - inside.size :][inside] = value
    return np.ascontiguousarray(down.reshape(width, height).T)


def _parsed(mask: object) -> Rle:
    """`mask` as an Rle of an acceptable size; its runs are not looked at yet."""
    if isinstance(mask, Rle):
        _size((mask.height, mask.width))
        return mask
    if not isinstance(mask, Mapping) or not {"size", "counts"} <= mask.keys():
        raise InputError(f"a mask is an object with size and counts, got {_shown(mask)}")
    height, width = _size(mask["size"])
    counts = mask["counts"]
    if isinstance(counts, (bytes, bytearray)):
        counts = bytes(counts).decode("latin-1")
    if isinstance(counts, str):
        if counts[:2] in ("b'", 'b"'):
            raise InputError(
                f"counts is the print of a Python bytes object, not text ({_shown(counts)}): "
                "write counts.decode('ascii') instead of str(counts)"
            )
        return Rle(height, width, counts)
    return Rle(height, width, text_of_counts(_listed(counts)))


def _size(size: Any) -> tuple[int, int]:
    if not isinstance(size, Sequence) or len(size) != 2 or not all(_is_integer(side) and side > 0 for side in size):
        raise InputError(f"mask size {_shown(size)} is not [height, width] in pixels")
    height, width = map(int, size)
    if height * width > MAX_PIXELS:
        raise InputError(f"mask size [{height}, {width}] is above the limit of {MAX_PIXELS} pixels")
    return height, width


def _listed(counts: Any) -> Array:
    """Uncompressed counts as int64."""
    if isinstance(counts, np.ndarray):
        counts = counts.tolist()
    if not isinstance(counts, (list, tuple)):
        raise InputError(f"counts is text or a list of integers, got {_shown(counts)}")
    for at, count in enumerate(counts):
        if not _is_integer(count) or not 0 <= count <= MAX_PIXELS:
            raise InputError(f"counts[{at}] is {_shown(count)}, not a number of pixels")
    return np.array(counts, np.int64)


def _counts(rle: Rle) -> Array:
    """The counts of a mask, none negative, that add up to its pixels."""
    try:
        text = rle.counts.encode("ascii")
    except UnicodeEncodeError as error:
        raise InputError(f"character {rle.counts[error.start]!r} at {error.start} is not run-length text") from None
    counts = counts_of_text(text)
    negative = np.flatnonzero(counts < 0)
    if negative.size:
        raise InputError(f"run {negative[0]} has the length {counts[negative[0]]}")
    if (total := int(counts.sum())) != rle.height * rle.width:
        raise InputError(
            f"the runs add up to {total} pixels, not to {rle.height} x {rle.width} = {rle.height * rle.width}"
        )
    return counts


def _closed_up(counts: Array) -> Array:
    """The same mask without empty runs behind the first count."""
    full = counts > 0
    ones, lengths = (np.arange(counts.size) & 1)[full], counts[full]
    first = np.concatenate(([0], np.flatnonzero(ones[1:] != ones[:-1]) + 1))
    lengths = np.add.reduceat(lengths, first)
    return np.concatenate(([0], lengths)) if ones[0] else lengths


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"
