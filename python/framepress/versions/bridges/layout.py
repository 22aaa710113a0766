"""A version's files laid out in a new folder, which is there once it is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from framepress.errors import InputError, OutputError
from framepress.storage.output import refused
from framepress.storage.paths import checked
from framepress.versions.add import is_shared

__all__ = ["Part", "lay_out", "removed"]


@dataclass(frozen=True)
class Part:
    """One file, or a folder that a tool has laid out.

    Args:
        path: below the folder.
        mode: as git writes it; "040000" for a folder.
        content: what it holds, or where a symbolic link leads.
        source: the file that holds it, or the folder, which is moved.
    """

    path: str
    mode: str
    content: bytes = b""
    source: Path | None = None


def lay_out(parts: Callable[[Path], Iterable[Part]], target: Path) -> None:
    """Media files are hard links where that is possible, and read-only then; all others are copies.

    Args:
        parts: is given an empty folder beside the target, for what a tool lays out itself.

    Raises:
        OutputError: the target exists, or the disk refused.
        InputError: a path leads out of the folder.
    """
    if os.path.lexists(target):
        raise OutputError(f"{target}: exists already; choose a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as made:
        try:
            root, scratch = f"{made}/files", f"{made}/parts"
            os.mkdir(root)
            os.mkdir(scratch)
            links = []
            for part in parts(Path(scratch)):
                if part.mode == "120000":
                    links.append(part)
                else:
                    _lay(part, _made(root, part.path))
            for link in links:  # last, so that nothing is written through one
                os.symlink(os.fsencode(link.content), os.fsencode(_made(root, link.path)))
            os.rename(root, target)
        except OSError as error:
            raise refused(target, "written", error) from error


def _made(root: str, path: str) -> str:
    name = f"{root}/{checked(path, error=InputError)}"
    os.makedirs(os.path.dirname(name), exist_ok=True)
    return name


def _lay(part: Part, name: str) -> None:
    if part.source is None:
        with open(name, "xb") as stream:
            stream.write(part.content)
        _as_executable(part, name)
    elif part.mode == "040000":
        os.rename(part.source, name)
    elif not (is_shared(part.path) and part.mode != "100755" and _linked(part.source, name)):
        shutil.copyfile(part.source, name)
        _as_executable(part, name)


def _linked(source: Path, name: str) -> bool:
    try:
        os.chmod(source, 0o444)
        os.link(source, name)
    except OSError:
        return False  # no hard links here, or too many
    return True


def _as_executable(part: Part, name: str) -> None:
    if part.mode == "100755":
        os.chmod(name, os.stat(name).st_mode | 0o111)


def removed(paths: Iterable[Path]) -> None:
    """Files and folders that a tool has elsewhere are taken away.

    Raises:
        OutputError: the disk refused.
    """
    for path in paths:
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise refused(path, "removed", error) from error
