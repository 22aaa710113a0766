"""Where the reports of `framepress validate` go: files that appear whole or not at all, or stdout."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from framepress.errors import OutputError

__all__ = ["STDOUT", "check_targets", "write_report"]

STDOUT = Path("-")
_MARK = b"framepress.validation"
_HEAD = 1000


def check_targets(targets: Sequence[Path], dataset: Path) -> None:
    """Before anything is read: a report must not cost what it is about.

    In the dataset's own folder a report may lie at the top, under a name that is free or is a report's already.

    Raises:
        OutputError: one cannot be written there.
        click.UsageError: two are one file.
    """
    files = [target.resolve() for target in targets if target != STDOUT]
    if len(set(files)) < len(files):
        raise click.UsageError("two reports go to one file; give each a name of its own")
    root = dataset.resolve()
    for file in files:
        if file.is_dir():
            raise OutputError(f"{file}: is a folder; name a file in it")
        if file == root or (root in file.parents and (file.parent != root or not _is_free(file))):
            raise OutputError(f"{file}: belongs to the dataset; name a file outside of it, or a new one at its top")


def _is_free(file: Path) -> bool:
    if not file.exists():
        return True
    try:
        with open(file, "rb") as stream:
            return _MARK in stream.read(_HEAD)
    except OSError as error:
        raise OutputError(f"{file}: cannot be read: {error.strerror or error}") from error


def write_report(target: Path, content: bytes) -> None:
    """Put a whole file in its place, or the content on stdout.

    Raises:
        OutputError: it cannot be written; what was there is there still.
    """
    if target == STDOUT:
        click.echo(content, nl=False)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(content)
            os.chmod(temporary, 0o666 & ~_umask())  # mkstemp's own would be for nobody else
            os.replace(temporary, target)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error


def _umask() -> int:
    """The only way to ask for it is to set it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
