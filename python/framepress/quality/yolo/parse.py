"""Label files as `Rows`: the bytes of many at once, and one line at a time where a file has anything unusual in it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.quality.yolo.measure import measured
from framepress.quality.yolo.table import Rows

__all__ = ["parsed"]

_NUMBER, _BLANK, _END, _ODD = range(4)
_KIND = np.full(256, _ODD, np.uint8)
_KIND[list(b"0123456789.+-eE")] = _NUMBER
_KIND[list(b" \t\r")] = _BLANK
_KIND[ord("\n")] = _END

_LONGEST = 40  # characters of a word that is kept

Keypoints = tuple[int, int] | None


def parsed(
    contents: Sequence[bytes], numbers: Sequence[int], keypoints: Keypoints
) -> tuple[list[Rows], dict[int, str]]:
    """The rows of files, and those that are no text, with what is wrong.

    Args:
        numbers: of the files, rising.
    """
    parts: list[Rows] = []
    unread: dict[int, str] = {}
    plain, odd = _sorted_out(contents)
    parts += _plain([contents[one] for one in plain], [numbers[one] for one in plain], keypoints)
    for one in odd:
        try:
            parts += _by_line(contents[one], numbers[one], keypoints)
        except InputError as error:
            unread[numbers[one]] = str(error)
    return parts, unread


def _sorted_out(contents: Sequence[bytes]) -> tuple[list[int], list[int]]:
    """Which files hold only numbers, blanks and line ends, and which do not."""
    joined = np.frombuffer(b"\n".join(contents) + b"\n", np.uint8)
    unusual = _KIND[joined] == _ODD
    unusual[:-1] |= (joined[:-1] == ord("\r")) & (joined[1:] != ord("\n"))  # a line end of its own
    ends = np.cumsum([len(content) + 1 for content in contents])
    odd = np.unique(np.searchsorted(ends, np.flatnonzero(unusual), "right")).tolist()
    return sorted(set(range(len(contents))) - set(odd)), odd


def _plain(contents: Sequence[bytes], numbers: Sequence[int], keypoints: Keypoints) -> list[Rows]:
    """All at once; where a word such as `1.2.3` stops that, the halves by themselves, to a single file."""
    if not contents:
        return []
    found = _together(contents, np.array(numbers), keypoints)
    if found is not None:
        return found
    if len(contents) == 1:
        return _by_line(contents[0], numbers[0], keypoints)
    half = len(contents) // 2
    return [
        *_plain(contents[:half], numbers[:half], keypoints),
        *_plain(contents[half:], numbers[half:], keypoints),
    ]


def _together(contents: Sequence[bytes], numbers: Array, keypoints: Keypoints) -> list[Rows] | None:
    joined = b"\n".join(contents) + b"\n"
    kind = _KIND[np.frombuffer(joined, np.uint8)]
    number = kind == _NUMBER
    number[1:] &= kind[:-1] != _NUMBER  # where one begins
    starts = np.flatnonzero(number)
    if not starts.size:
        return []
    values = _numbers(joined)
    if values is None or values.size != starts.size:
        return None
    line_ends = np.flatnonzero(kind == _END)
    line = np.searchsorted(line_ends, starts)
    first = np.flatnonzero(np.diff(line, prepend=-1))
    tokens = np.diff(np.append(first, starts.size))
    ends = np.cumsum([len(content) + 1 for content in contents])
    file = np.searchsorted(ends, starts[first], "right")
    lines_before = np.searchsorted(line_ends, np.concatenate(([0], ends[:-1])))
    return [measured(values, tokens, numbers[file], line[first] - lines_before[file] + 1, keypoints, {})]


def _numbers(text: bytes) -> Array | None:
    """None where a word is no number."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)  # numpy 1 stops at such a word with no more than that
        try:
            return np.fromstring(text, sep=" ")
        except (ValueError, DeprecationWarning):
            return None


def _by_line(content: bytes, number: int, keypoints: Keypoints) -> list[Rows]:
    """Lines and words as Python's text has them, as Ultralytics and supervision do.

    Raises:
        InputError: it is no text.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"is no text: {error}") from error
    if "\0" in text:
        raise InputError("is no text: it has a NUL character")
    values: list[float] = []
    tokens: list[int] = []
    lines: list[int] = []
    words: dict[int, tuple[int, str]] = {}
    for line, row in enumerate(text.splitlines(), 1):
        found = row.split()
        if not found:
            continue
        for at, word in enumerate(found):
            value = _float(word)
            values.append(np.nan if value is None else value)
            if value is None:
                words.setdefault(len(tokens), (at, word[:_LONGEST]))
        tokens.append(len(found))
        lines.append(line)
    if not tokens:
        return []
    file = np.full(len(tokens), number)
    return [measured(np.array(values), np.array(tokens), file, np.array(lines), keypoints, words)]


def _float(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None
