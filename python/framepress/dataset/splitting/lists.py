"""Splits that are given as text files, one a split, a frame or image a line: KITTI's ImageSets, YOLO's lists of images.

An entry is the id of a frame; or the path of one of its images, as a whole or its last parts, with or without the
extension (`./images/train/a/0001.jpg`, `a/0001.png`, `000012`). Empty lines and lines that begin with `#` are passed
over. A frame may be named several times in one list, as it is where it has several images.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from framepress.core.arrays import Array
from framepress.core.files import open_file
from framepress.dataset.index import Index
from framepress.errors import InputError

__all__ = ["by_lists", "read_list"]

_LIMIT_BYTES = 1 << 30


def read_list(path: Path | str) -> list[str]:
    """The lines of a list, stripped; "" where a line says nothing.

    Raises:
        InputError: the file cannot be read, or is no text.
    """
    with open_file(Path(path)) as stream:
        content = stream.read(_LIMIT_BYTES)
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}: line {line}: is not UTF-8: {error.reason}; save it as UTF-8") from error
    return ["" if line.lstrip().startswith("#") else line.strip() for line in lines]


def by_lists(index: Index, lists: Mapping[str, Sequence[str]]) -> Array:
    """int32 (frames,), a position in `lists`; -1 for a frame that no list names.

    Args:
        lists: split -> the lines of its list, as `read_list` gives them.

    Raises:
        InputError: an entry is found nowhere or could be several frames, or a frame is in two lists; with the line.
    """
    names = _Names(index)
    codes = np.full(index.frames.rows, -1, np.int32)
    places: dict[int, str] = {}
    for code, (split, lines) in enumerate(lists.items()):
        for number, entry in enumerate(lines, start=1):
            if not entry:
                continue
            where = f"list of {split!r}, line {number}"
            row = names.row_of(entry, where)
            if codes[row] >= 0 and codes[row] != code:
                raise InputError(f"{where}: {entry!r} is in the {places[row]} too; a frame belongs to one split")
            codes[row], places[row] = code, where
    return codes


class _Names:
    """What frames can be called: their ids, and the paths of their files."""

    def __init__(self, index: Index) -> None:
        self._ids = index.frames.texts("id")
        self._by_id = {id: row for row, id in enumerate(self._ids)}
        self._paths = index.files.texts("path")
        self._frame_of = index.files["frame"]
        self._by_stem: dict[str, list[tuple[int, tuple[str, ...]]]] | None = None

    def row_of(self, entry: str, where: str) -> int:
        exact = self._by_id.get(entry)
        if exact is not None:
            return exact
        if self._by_stem is None:
            self._by_stem = self._stems()
        parts = _parts(entry)
        found = sorted({row for row, known in self._by_stem.get(parts[-1], ()) if _agree(parts, known)})
        if not found:
            raise InputError(f"{where}: {entry!r} is no frame of the dataset, by its id or the name of an image")
        if len(found) > 1:
            ids = ", ".join(self._ids[row] for row in found[:3])
            raise InputError(
                f"{where}: {entry!r} could be {len(found)} frames ({ids}); write more of its path, or its id"
            )
        return found[0]

    def _stems(self) -> dict[str, list[tuple[int, tuple[str, ...]]]]:
        """The last part of each name -> frames and all parts of the name."""
        stems: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        for row, name in self._all():
            parts = _parts(name)
            stems.setdefault(parts[-1], []).append((row, parts))
        return stems

    def _all(self) -> Iterator[tuple[int, str]]:
        yield from enumerate(self._ids)
        yield from zip(self._frame_of.tolist(), self._paths, strict=True)


def _parts(name: str) -> tuple[str, ...]:
    """Folders and stem: `./a/0001.png` as `a`, `0001`."""
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part not in ("/", ".")] or [name]
    return (*parts[:-1], path.stem or parts[-1])


def _agree(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one is the end of the other."""
    shared = min(len(one), len(other))
    return one[-shared:] == other[-shared:]
