"""A version's files laid out in a new folder."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from framepress.errors import InputError, OptionError, OutputError
from framepress.storage.durable import sync_tree
from framepress.storage.output import refused
from framepress.versions.laying import Laying
from framepress.versions.manifest import Row, check_paths
from framepress.versions.objects import Objects
from framepress.versions.working import belongs

__all__ = ["check_cases", "check_out", "check_rows", "chosen"]


def check_out(
    rows: Sequence[Row],
    objects: Objects,
    target: Path,
    *,
    made: Path | None = None,
    then: Callable[[Path], None] | None = None,
) -> None:
    """All at once: the folder is there when it is whole.

    Args:
        made: a name beside the target for the folder while it is not whole; None takes one that is free.
        then: called with that folder before it gets its name.

    Raises:
        OutputError: the target exists, or the disk refused.
        InputError: the store lacks a content, or the manifest names files that must not be laid out.
    """
    check_rows(rows)
    if os.path.lexists(target):
        raise OutputError(f"{target}: exists already; choose a new folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if made is None:
            made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        else:
            made.mkdir()
    except OSError as error:
        raise refused(target, "made", error) from error
    try:
        check_cases(rows, made)
        Laying(objects, str(made)).new(rows)
        os.chmod(made, 0o777 & ~_umask())
        if then is not None:
            then(made)
        sync_tree(str(made))
        os.rename(made, target)
    except OSError as error:
        raise refused(target, "written", error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def check_rows(rows: Sequence[Row]) -> None:
    """A manifest from elsewhere must neither lead out of its folder nor to what belongs to this machine or to others.

    Raises:
        InputError: a path does, or one is a file and a folder, or is there twice.
    """
    check_paths(rows)
    paths = {row.path for row in rows}
    if len(paths) < len(rows):
        raise InputError("manifest: lists a path twice")
    folders: set[str] = set()
    for row in rows:
        if not belongs(row.path):
            raise InputError(f"manifest: lists {row.path!r}, which is no part of a dataset")
        folders.add(row.path.rpartition("/")[0])
    for folder in folders:
        while folder:
            if folder in paths:
                raise InputError(f"manifest: lists {folder!r} as a file and as a folder")
            folder = folder.rpartition("/")[0]


def check_cases(rows: Sequence[Row], folder: Path) -> None:
    """Raises:
    InputError: two paths are one file in this folder, as its file system does not tell cases or forms apart.
    """
    seen: dict[str, str] = {}
    for row in rows:
        other = seen.setdefault(row.path if row.path.isascii() and row.path.islower() else _folded(row.path), row.path)
        if other != row.path and _one_file(folder, other, row.path):
            raise InputError(f"manifest: lists {other!r} and {row.path!r}, which are one file in {folder.parent}")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _one_file(folder: Path, first: str, second: str) -> bool:
    names = next((a, b) for a, b in zip(first.split("/"), second.split("/"), strict=True) if a != b)
    probe = Path(tempfile.mkdtemp(dir=folder))
    try:
        (probe / names[0]).touch()
        return os.path.lexists(probe / names[1])
    finally:
        shutil.rmtree(probe)


def chosen(rows: Sequence[Row], patterns: Iterable[str]) -> list[Row]:
    """Those whose path one of the patterns fits, or that lie in a folder of such a name: `images/*.png`, `coco`.

    Raises:
        OptionError: a pattern fits nothing.
    """
    kept: set[str] = set()
    for pattern in patterns:
        plain = pattern.rstrip("/")
        fitting = {row.path for row in rows if fnmatchcase(row.path, plain) or fnmatchcase(row.path, f"{plain}/*")}
        if not fitting:
            raise OptionError(f"paths: {pattern!r} fits no file of the version")
        kept |= fitting
    return [row for row in rows if row.path in kept]


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found
