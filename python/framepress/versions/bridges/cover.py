"""Which folders and files DVC is given: few, stable, and never what git has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from framepress.errors import OptionError

__all__ = ["cover"]

_FEW = 8  # files in a folder that are tracked one by one
_MANY = 200  # folders within a folder, from which on that is tracked as a whole
_MOST = 1000  # each is a .dvc file, and seconds of every command


@dataclass
class _Folder:
    folders: dict[str, _Folder] = field(default_factory=dict)
    big: list[str] = field(default_factory=list)
    bigs_below: int = 0
    lights_below: bool = False
    taken_below: bool = False


def cover(files: Mapping[str, bool], taken: Collection[str]) -> list[str]:
    """Paths that together hold all big files, sorted.

    A folder with big files only is one of them; so is one with more than a few directly in it, whatever else it
    holds. No path holds anything of `taken`.

    Args:
        files: path -> whether it is big, of those that neither git nor DVC has.
        taken: paths (of files or folders) that either has.

    Raises:
        OptionError: they would be too many.
    """
    root = _Folder()
    for path, big in files.items():
        above = _way(root, path)
        for folder in above:
            folder.bigs_below += big
            folder.lights_below |= not big
        if big:
            above[-1].big.append(path)
    for path in taken:
        for folder in _way(root, path):
            folder.taken_below = True
    found = sorted(_chosen(root, ""))
    if len(found) > _MOST:
        raise OptionError(
            f"{len(found)} files and folders would be given to DVC one by one, {found[0]!r} first; put media files "
            "into folders of their own, or keep versions with --to git-lfs"
        )
    return found


def _way(root: _Folder, path: str) -> list[_Folder]:
    """The folders that hold a path, from the root on; made where they are new."""
    found = [root]
    for name in PurePosixPath(path).parts[:-1]:
        found.append(found[-1].folders.setdefault(name, _Folder()))
    return found


def _chosen(folder: _Folder, path: str) -> Iterable[str]:
    if not folder.bigs_below:
        return []
    whole = bool(path) and not folder.taken_below
    if whole and (not folder.lights_below or len(folder.big) > _FEW):
        return [path]
    inside = [*folder.big]
    for name, below in folder.folders.items():
        inside += _chosen(below, f"{path}/{name}" if path else name)
    return [path] if whole and len(inside) > _MANY else inside
